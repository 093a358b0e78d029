#include "certs/inspect.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <ctime>

#include "certs/profile.h"

namespace ntsbox::certs {
namespace {

constexpr std::size_t longest_file = std::size_t{64} << 10;
constexpr std::size_t most_certificates = 16;
constexpr std::string_view begin_line = "-----BEGIN CERTIFICATE-----";
constexpr std::string_view end_line = "-----END CERTIFICATE-----";

std::string_view skip_space(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  return first == std::string_view::npos ? std::string_view{} : text.substr(first);
}

/// Without the machine's time_t.
UtcSecond second_of(const ASN1_TIME& time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(&time, &parts) != 1) return {};
  const std::chrono::year_month_day day{std::chrono::year{parts.tm_year + 1900},
                                        std::chrono::month{static_cast<unsigned>(parts.tm_mon + 1)},
                                        std::chrono::day{static_cast<unsigned>(parts.tm_mday)}};
  return UtcSecond{std::chrono::sys_days{day}.time_since_epoch() +
                   std::chrono::hours{parts.tm_hour} + std::chrono::minutes{parts.tm_min} +
                   seconds{parts.tm_sec}};
}

/// The DER of a thing, by one of OpenSSL's i2d functions.
template <class Encode, class T>
std::string der(Encode encode, T& thing) {
  unsigned char* bytes = nullptr;
  const int size = encode(&thing, &bytes);
  std::string out =
      size > 0 ? std::string{reinterpret_cast<char*>(bytes), static_cast<std::size_t>(size)} : "";
  OPENSSL_free(bytes);
  return out;
}

std::string serial_in_hex(const X509& certificate) {
  const Owned<BIGNUM, BN_free> number{
      ASN1_INTEGER_to_BN(X509_get0_serialNumber(&certificate), nullptr)};
  char* text = number ? BN_bn2hex(number.get()) : nullptr;
  std::string out = text ? text : "";
  OPENSSL_free(text);
  return out;
}

/// The address that a constraint permits, whose mask follows it; "" when that is no single one.
std::string single_address(std::string_view bytes) {
  const auto half = bytes.size() / 2;
  const auto mask = bytes.substr(half);
  const bool whole = std::all_of(mask.begin(), mask.end(), [](char c) { return c == '\xff'; });
  return whole && bytes.size() % 2 == 0 ? address_text(bytes.substr(0, half)) : "";
}

SigningScope scope_of(const X509& certificate) {
  const Owned<NAME_CONSTRAINTS, NAME_CONSTRAINTS_free> found{static_cast<NAME_CONSTRAINTS*>(
      X509_get_ext_d2i(&certificate, NID_name_constraints, nullptr, nullptr))};
  SigningScope scope;
  bool hosts = false;  // limited
  bool v4 = false;
  bool v6 = false;
  const auto* permitted = found ? found->permittedSubtrees : nullptr;
  for (int i = 0; i < sk_GENERAL_SUBTREE_num(permitted); ++i) {
    const auto& base = *sk_GENERAL_SUBTREE_value(permitted, i)->base;
    if (base.type == GEN_DNS) {
      hosts = true;
      auto host = host_name(bytes_of(base));
      if (host) scope.hosts.push_back(std::move(*host));
      scope.any_host |= !host;
    } else if (base.type == GEN_IPADD) {
      const auto bytes = bytes_of(base);
      (bytes.size() == 8 ? v4 : v6) = true;
      auto address = single_address(bytes);
      scope.any_address |= address.empty();
      if (!address.empty()) scope.addresses.push_back(std::move(address));
    }
  }
  const auto* excluded = found ? found->excludedSubtrees : nullptr;
  for (int i = 0; i < sk_GENERAL_SUBTREE_num(excluded); ++i) {
    const auto& base = *sk_GENERAL_SUBTREE_value(excluded, i)->base;
    const auto bytes = bytes_of(base);
    hosts |= base.type == GEN_DNS && bytes.empty();
    v4 |= base.type == GEN_IPADD && bytes == std::string(8, '\0');
    v6 |= base.type == GEN_IPADD && bytes == std::string(32, '\0');
  }
  scope.any_host |= !hosts;
  scope.any_address |= !v4 || !v6;
  return scope;
}

using Store = Owned<X509_STORE, X509_STORE_free>;
using Check = Owned<X509_STORE_CTX, X509_STORE_CTX_free>;

std::array<unsigned char, 32> sha256(std::string_view bytes) {
  begin();
  std::array<unsigned char, 32> digest{};
  [[maybe_unused]] const int done =
      EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  assert(done == 1);
  return digest;
}

}  // namespace

std::string key_fingerprint(EVP_PKEY& key) {
  return sha256_colons(der(i2d_PUBKEY, key));
}

Result<std::vector<std::string>> split_chain(std::string_view pem) {
  if (pem.size() > longest_file) return fail("is too large for certificates");
  if (pem.find("PRIVATE KEY") != std::string_view::npos)
    return fail("holds a private key, which must never leave its machine");
  std::vector<std::string> chain;
  for (auto rest = skip_space(pem); !rest.empty(); rest = skip_space(rest)) {
    const auto end = rest.find(end_line);
    if (!rest.starts_with(begin_line) || end == std::string_view::npos)
      return fail("holds something else than certificates (PEM)");
    const auto certificate = read_certificate(rest.substr(0, end + end_line.size()));
    if (!certificate) return fail("holds a certificate that is damaged");
    TRY(auto text, certificate_pem(*certificate));
    chain.push_back(std::move(text));
    if (chain.size() > most_certificates) return fail("holds more certificates than anybody needs");
    rest.remove_prefix(end + end_line.size());
  }
  if (chain.empty()) return fail("holds no certificate (PEM)");
  return chain;
}

Result<Summary> inspect(std::string_view pem) {
  TRY(const auto chain, split_chain(pem));
  const auto certificate = read_certificate(chain.front());
  auto* key = certificate ? X509_get0_pubkey(certificate.get()) : nullptr;
  if (!key) {
    ERR_clear_error();
    return fail("holds a certificate without a usable key");
  }
  Summary summary;
  const Owned<GENERAL_NAMES, GENERAL_NAMES_free> found{static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate.get(), NID_subject_alt_name, nullptr, nullptr))};
  if (found) {
    TRY(auto names, names_of(*found));
    summary.hosts = std::move(names.hosts);
    summary.addresses = std::move(names.addresses);
  }
  summary.not_before = second_of(*X509_get0_notBefore(certificate.get()));
  summary.not_after = second_of(*X509_get0_notAfter(certificate.get()));
  summary.is_ca = X509_check_ca(certificate.get()) != 0;
  if (summary.is_ca) summary.scope = scope_of(*certificate);
  summary.self_signed = X509_verify(certificate.get(), key) == 1;
  summary.key = key_in_words(*key);
  summary.fingerprint = sha256_colons(der(i2d_X509, *certificate));
  summary.key_fingerprint = key_fingerprint(*key);
  summary.serial = serial_in_hex(*certificate);
  ERR_clear_error();
  return summary;
}

bool covers(const Summary& summary, std::string_view name) {
  const auto has = [](const std::vector<std::string>& all, const Result<std::string>& one) {
    return one && std::find(all.begin(), all.end(), *one) != all.end();
  };
  return has(summary.hosts, host_name(name)) || has(summary.addresses, ip_address(name));
}

Result<void> check_pair(std::string_view certificate, std::string_view key) {
  const auto owner = read_certificate(certificate);
  if (!owner) return fail("the certificate cannot be read");
  const auto own = read_key(key);
  if (!own) return fail("the key cannot be read");
  auto* theirs = X509_get0_pubkey(owner.get());
  const bool match = theirs && EVP_PKEY_eq(theirs, own.get()) == 1;
  ERR_clear_error();
  if (!match) return fail("the key is not the certificate's");
  return {};
}

Result<void> check_chain(std::string_view leaf, std::string_view authority, UtcSecond now) {
  const auto subject = read_certificate(leaf);
  const auto issuer = read_certificate(authority);
  if (!subject || !issuer) return fail("this is no certificate");
  const Store store{X509_STORE_new()};
  const Check check{X509_STORE_CTX_new()};
  if (!store || !check || X509_STORE_add_cert(store.get(), issuer.get()) != 1 ||
      X509_STORE_CTX_init(check.get(), store.get(), subject.get(), nullptr) != 1)
    return openssl_failure("checking a certificate");
  X509_STORE_CTX_set_time(check.get(), 0, static_cast<std::time_t>(now.time_since_epoch().count()));
  X509_STORE_CTX_set_purpose(check.get(), X509_PURPOSE_SSL_SERVER);
  const bool good = X509_verify_cert(check.get()) == 1;
  ERR_clear_error();
  if (good) return {};
  const char* why = X509_verify_cert_error_string(X509_STORE_CTX_get_error(check.get()));
  return fail(std::string{"a client that trusts that CA would refuse it: "} + why);
}

std::string sha256_hex(std::string_view bytes) {
  std::string out;
  for (const auto byte : sha256(bytes)) out += fmt::format("{:02x}", byte);
  return out;
}

std::string sha256_colons(std::string_view bytes) {
  std::string out;
  for (const auto byte : sha256(bytes))
    out += fmt::format("{}{:02X}", out.empty() ? "" : ":", byte);
  return out;
}

}  // namespace ntsbox::certs
