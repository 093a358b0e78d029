#include "certs/secret.h"

#include <openssl/kdf.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>

#include "certs/openssl.h"

namespace ntsbox::certs {
namespace {

// The whole head is authenticated, so that no other version's can be put in its place.
constexpr std::string_view magic = "ntsbox-sealed-1\n";
constexpr std::size_t salt_size = 16;
constexpr std::size_t nonce_size = 12;
constexpr std::size_t tag_size = 16;
constexpr std::size_t head_size = magic.size() + salt_size + nonce_size;
constexpr std::size_t largest = std::size_t{64} << 20;

// scrypt: 64 MiB, about a quarter of a second on a small machine (RFC 7914 §2).
constexpr std::uint64_t cost = 1 << 16;
constexpr std::uint64_t block = 8;
constexpr std::uint64_t parallel = 1;
constexpr std::uint64_t most_memory = std::uint64_t{96} << 20;

using Bytes = std::array<unsigned char, 32>;
using Context = Owned<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;

const unsigned char* data(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

unsigned char* data(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

int size(std::string_view text) {
  return static_cast<int>(text.size());
}

bool derive(std::string_view passphrase, std::string_view head, Bytes& key) {
  return EVP_PBE_scrypt(passphrase.data(), passphrase.size(),
                        data(head.substr(magic.size(), salt_size)), salt_size, cost, block,
                        parallel, most_memory, key.data(), key.size()) == 1;
}

/// The cipher, keyed, with the head authenticated; empty on failure.
Context keyed(std::string_view passphrase, std::string_view head, bool encrypt) {
  Bytes key{};
  Context context{EVP_CIPHER_CTX_new()};
  int length = 0;
  const auto nonce = head.substr(magic.size() + salt_size, nonce_size);
  const bool good = context && derive(passphrase, head, key) &&
                    EVP_CipherInit_ex2(context.get(), EVP_aes_256_gcm(), key.data(), data(nonce),
                                       encrypt ? 1 : 0, nullptr) == 1 &&
                    EVP_CipherUpdate(context.get(), nullptr, &length, data(head), size(head)) == 1;
  OPENSSL_cleanse(key.data(), key.size());
  return good ? std::move(context) : nullptr;
}

}  // namespace

Secret::Secret(std::string_view bytes) : bytes_(new char[bytes.size()]), size_(bytes.size()) {
  std::copy(bytes.begin(), bytes.end(), bytes_.get());
}

Secret::~Secret() {
  OPENSSL_cleanse(bytes_.get(), size_);
}

Result<std::string> seal(std::string_view plain, std::string_view passphrase) {
  begin();
  if (passphrase.empty()) return fail("the passphrase is empty");
  if (plain.size() > largest) return fail("more than 64 MiB cannot be sealed");
  std::string out{magic};
  out.resize(head_size);
  if (RAND_bytes(data(out) + magic.size(), salt_size + nonce_size) != 1)
    return openssl_failure("sealing");
  const auto context = keyed(passphrase, out, true);
  out.resize(head_size + plain.size() + tag_size);
  int length = 0;
  int last = 0;
  if (!context ||
      EVP_CipherUpdate(context.get(), data(out) + head_size, &length, data(plain), size(plain)) !=
          1 ||
      EVP_CipherFinal_ex(context.get(), data(out) + head_size + length, &last) != 1 ||
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, tag_size,
                          data(out) + head_size + plain.size()) != 1)
    return openssl_failure("sealing");
  return out;
}

Result<Secret> unseal(std::string_view sealed, std::string_view passphrase) {
  begin();
  if (!sealed.starts_with(magic) || sealed.size() < head_size + tag_size)
    return fail("is nothing that was sealed here, or is cut");
  if (sealed.size() > head_size + largest + tag_size) return fail("is too large");
  const auto cipher = sealed.substr(head_size, sealed.size() - head_size - tag_size);
  std::string tag{sealed.substr(sealed.size() - tag_size)};
  std::string plain(cipher.size(), '\0');
  const auto context = keyed(passphrase, sealed.substr(0, head_size), false);
  int length = 0;
  int last = 0;
  const bool good =
      context &&
      EVP_CipherUpdate(context.get(), data(plain), &length, data(cipher), size(cipher)) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, tag_size, tag.data()) == 1 &&
      EVP_CipherFinal_ex(context.get(), data(plain) + length, &last) == 1;
  ERR_clear_error();
  Secret secret{good ? std::string_view{plain} : std::string_view{}};
  OPENSSL_cleanse(plain.data(), plain.size());
  if (!good) return fail("the passphrase is wrong, or the file is damaged");
  return secret;
}

}  // namespace ntsbox::certs
