#include "certs/sealed.h"

#include <openssl/cms.h>

#include <array>

#include "certs/openssl.h"

namespace ntsbox::certs {
namespace {

constexpr std::size_t tag_size = 16;
constexpr std::size_t largest = std::size_t{64} << 20;

// PBKDF2-HMAC-SHA1, which is what OpenSSL 3.0 writes and every CMS reader knows: 0.8 s on a PC's
// core. A guess costs as much.
constexpr int iterations = 1'000'000;
constexpr std::int64_t most_iterations = 5'000'000;  // a hostile file may ask for 2^31

using Message = Owned<CMS_ContentInfo, CMS_ContentInfo_free>;

const unsigned char* data(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

int size(std::string_view text) {
  return static_cast<int>(text.size());
}

/// Adds the passphrase as the one recipient. The key that wraps is for CBC, as RFC 3211 needs it.
bool add_passphrase(CMS_ContentInfo& message, std::string_view passphrase) {
  auto* owned = static_cast<unsigned char*>(OPENSSL_memdup(passphrase.data(), passphrase.size()));
  return owned && CMS_add0_recipient_password(&message, iterations, NID_id_alg_PWRI_KEK, -1, owned,
                                              size(passphrase), EVP_aes_256_cbc()) != nullptr;
}

/// What the next element of DER holds, which is then gone from `rest`; empty unless it has that
/// tag.
std::string_view next(std::string_view& rest, unsigned char tag) {
  const auto* at = data(rest);
  long length = 0;
  int number = 0;
  int kind = 0;
  const bool broken = rest.empty() || static_cast<unsigned char>(rest.front()) != tag ||
                      ASN1_get_object(&at, &length, &number, &kind,
                                      static_cast<long>(rest.size())) != (tag & V_ASN1_CONSTRUCTED);
  if (broken) return rest = {};
  const auto head = static_cast<std::size_t>(at - data(rest));
  const auto held = rest.substr(head, static_cast<std::size_t>(length));
  rest.remove_prefix(head + held.size());
  return held;
}

constexpr unsigned char sequence = 0x30;
constexpr unsigned char set = 0x31;
constexpr unsigned char integer = 0x02;
constexpr unsigned char octets = 0x04;
constexpr unsigned char object = 0x06;
constexpr unsigned char explicit_content = 0xa0;  // [0]
constexpr unsigned char password = 0xa3;          // [3], RFC 5652 §6.2.4

/// Whether one passphrase, and no more than most_iterations, opens the message.
bool is_affordable(std::string_view recipients) {
  auto recipient = next(recipients, password);
  next(recipient, integer);
  auto derivation = next(recipient, explicit_content);
  next(derivation, object);
  auto parameters = next(derivation, sequence);
  next(parameters, octets);
  std::int64_t count = 0;
  const auto digits = next(parameters, integer);
  for (const char digit : digits.substr(0, 4))
    count = count << 8 | static_cast<unsigned char>(digit);
  return recipients.empty() && !digits.empty() && digits.size() <= 4 && count <= most_iterations;
}

/// Whether the bytes are a message like those of seal() (RFC 5083 §2.1). OpenSSL takes more:
/// content that is not authenticated, or by one byte of a tag alone, and 2^31 iterations.
bool has_shape(std::string_view file) {
  constexpr std::string_view authenticated = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x17";
  constexpr std::string_view aes_256_gcm = "\x60\x86\x48\x01\x65\x03\x04\x01\x2e";
  auto outer = next(file, sequence);
  const auto type = next(outer, object);
  auto content = next(outer, explicit_content);
  auto message = next(content, sequence);
  next(message, integer);
  const auto recipients = next(message, set);
  auto encrypted = next(message, sequence);
  next(encrypted, object);
  auto algorithm = next(encrypted, sequence);
  const auto tag = next(message, octets);
  return file.empty() && message.empty() && type == authenticated && tag.size() == tag_size &&
         next(algorithm, object) == aes_256_gcm && is_affordable(recipients);
}

Result<std::string> open_message(std::string_view sealed, std::string_view passphrase) {
  if (!has_shape(sealed)) return fail("is nothing that was sealed here, or is cut");
  const auto bio = reader(sealed);
  const Message message{bio ? d2i_CMS_bio(bio.get(), nullptr) : nullptr};
  const Bio plain{BIO_new(BIO_s_secmem())};
  auto* words = reinterpret_cast<unsigned char*>(const_cast<char*>(passphrase.data()));
  const bool good =
      message && plain && CMS_decrypt_set1_password(message.get(), words, size(passphrase)) == 1 &&
      CMS_decrypt(message.get(), nullptr, nullptr, nullptr, plain.get(), CMS_BINARY) == 1;
  ERR_clear_error();
  if (!good) return fail("the passphrase is wrong, or the file is damaged");
  return std::string{written(plain)};
}

// What was written before CMS: scrypt (RFC 7914) and AES-256-GCM. The whole head is authenticated.
constexpr std::string_view former_magic = "ntsbox-sealed-1\n";
constexpr std::size_t salt_size = 16;
constexpr std::size_t nonce_size = 12;
constexpr std::size_t head_size = former_magic.size() + salt_size + nonce_size;
constexpr std::uint64_t cost = 1 << 16;  // 64 MiB
constexpr std::uint64_t block = 8;
constexpr std::uint64_t parallel = 1;
constexpr std::uint64_t most_memory = std::uint64_t{96} << 20;

using Context = Owned<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;

/// The cipher, keyed, with the head authenticated; empty on failure.
Context former_cipher(std::string_view head, std::string_view passphrase) {
  std::array<unsigned char, 32> key{};
  Context context{EVP_CIPHER_CTX_new()};
  int length = 0;
  const auto salt = head.substr(former_magic.size(), salt_size);
  const auto nonce = head.substr(former_magic.size() + salt_size);
  const bool good =
      context &&
      EVP_PBE_scrypt(passphrase.data(), passphrase.size(), data(salt), salt.size(), cost, block,
                     parallel, most_memory, key.data(), key.size()) == 1 &&
      EVP_DecryptInit_ex2(context.get(), EVP_aes_256_gcm(), key.data(), data(nonce), nullptr) ==
          1 &&
      EVP_DecryptUpdate(context.get(), nullptr, &length, data(head), size(head)) == 1;
  OPENSSL_cleanse(key.data(), key.size());
  return good ? std::move(context) : nullptr;
}

Result<std::string> open_former(std::string_view sealed, std::string_view passphrase) {
  if (sealed.size() < head_size + tag_size) return fail("is cut");
  const auto cipher = sealed.substr(head_size, sealed.size() - head_size - tag_size);
  std::string tag{sealed.substr(sealed.size() - tag_size)};
  std::string plain(cipher.size(), '\0');
  auto* out = reinterpret_cast<unsigned char*>(plain.data());
  const auto context = former_cipher(sealed.substr(0, head_size), passphrase);
  int length = 0;
  int last = 0;
  const bool good =
      context && EVP_DecryptUpdate(context.get(), out, &length, data(cipher), size(cipher)) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, tag_size, tag.data()) == 1 &&
      EVP_DecryptFinal_ex(context.get(), out + length, &last) == 1;
  ERR_clear_error();
  if (!good) return fail("the passphrase is wrong, or the file is damaged");
  return plain;
}

}  // namespace

Result<std::string> seal(std::string_view plain, std::string_view passphrase) {
  begin();
  if (passphrase.empty()) return fail("the passphrase is empty");
  if (plain.size() > largest) return fail("more than 64 MiB cannot be sealed");
  const auto in = reader(plain);
  const Bio out{BIO_new(BIO_s_mem())};
  const Message message{CMS_encrypt(nullptr, nullptr, EVP_aes_256_gcm(), CMS_BINARY | CMS_PARTIAL)};
  if (!in || !out || !message || !add_passphrase(*message, passphrase) ||
      CMS_final(message.get(), in.get(), nullptr, CMS_BINARY) != 1 ||
      i2d_CMS_bio(out.get(), message.get()) != 1)
    return openssl_failure("sealing");
  return std::string{written(out)};
}

Result<std::string> unseal(std::string_view sealed, std::string_view passphrase) {
  begin();
  if (sealed.size() > 2 * largest) return fail("is too large");
  return sealed.starts_with(former_magic) ? open_former(sealed, passphrase)
                                          : open_message(sealed, passphrase);
}

}  // namespace ntsbox::certs
