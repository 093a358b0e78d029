#include "certs/profile.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

namespace ntsbox::certs {
namespace {

constexpr int serial_bits = 128;
constexpr std::size_t longest_common_name = 64;          // RFC 5280 A.1, ub-common-name
constexpr UtcSecond narrow_end{seconds{2'145'916'799}};  // 2037-12-31T23:59:59Z

constexpr int digital_signature = 0;  // bits of keyUsage (RFC 5280 §4.2.1.3)
constexpr int key_cert_sign = 5;
constexpr int crl_sign = 6;

bool give_serial(X509& certificate) {
  const Owned<BIGNUM, BN_free> number{BN_new()};
  return number && BN_rand(number.get(), serial_bits, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1 &&
         !BN_is_zero(number.get()) &&
         BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(&certificate)) != nullptr;
}

/// UTCTime up to 2049, GeneralizedTime from then on (RFC 5280 §4.1.2.5).
bool give_time(ASN1_TIME* place, UtcSecond time) {
  auto text = format_iso_utc(time);
  std::erase_if(text, [](char c) { return c == '-' || c == ':' || c == 'T'; });
  return ASN1_TIME_set_string_X509(place, text.c_str()) == 1;
}

bool give_basic_constraints(X509& certificate, bool is_ca) {
  const Owned<BASIC_CONSTRAINTS, BASIC_CONSTRAINTS_free> constraints{BASIC_CONSTRAINTS_new()};
  if (!constraints) return false;
  constraints->ca = is_ca ? 0xff : 0;
  if (is_ca) {
    constraints->pathlen = ASN1_INTEGER_new();
    if (!constraints->pathlen || ASN1_INTEGER_set(constraints->pathlen, 0) != 1) return false;
  }
  return extend(certificate, NID_basic_constraints, constraints.get(), true);
}

bool give_key_usage(X509& certificate, bool is_ca) {
  const Owned<ASN1_BIT_STRING, ASN1_BIT_STRING_free> usage{ASN1_BIT_STRING_new()};
  if (!usage) return false;
  const bool set = is_ca ? ASN1_BIT_STRING_set_bit(usage.get(), key_cert_sign, 1) == 1 &&
                               ASN1_BIT_STRING_set_bit(usage.get(), crl_sign, 1) == 1
                         : ASN1_BIT_STRING_set_bit(usage.get(), digital_signature, 1) == 1;
  return set && extend(certificate, NID_key_usage, usage.get(), true);
}

/// SHA-1 of the public key, as RFC 5280 §4.2.1.2 proposes: a name, and no protection.
bool give_key_identifiers(X509& certificate, X509* issuer) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  const Owned<ASN1_OCTET_STRING, ASN1_OCTET_STRING_free> own{ASN1_OCTET_STRING_new()};
  if (!own || X509_pubkey_digest(&certificate, EVP_sha1(), digest.data(), &size) != 1 ||
      ASN1_OCTET_STRING_set(own.get(), digest.data(), static_cast<int>(size)) != 1 ||
      !extend(certificate, NID_subject_key_identifier, own.get(), false))
    return false;
  const auto* theirs = issuer ? X509_get0_subject_key_id(issuer) : nullptr;
  if (!theirs) return true;
  const Owned<AUTHORITY_KEYID, AUTHORITY_KEYID_free> authority{AUTHORITY_KEYID_new()};
  if (!authority) return false;
  authority->keyid = ASN1_OCTET_STRING_dup(theirs);
  return authority->keyid &&
         extend(certificate, NID_authority_key_identifier, authority.get(), false);
}

Owned<GENERAL_NAME, GENERAL_NAME_free> entry(int type, ASN1_STRING* value) {
  Owned<GENERAL_NAME, GENERAL_NAME_free> name{GENERAL_NAME_new()};
  if (!name || !value) {
    ASN1_STRING_free(value);
    return nullptr;
  }
  GENERAL_NAME_set0_value(name.get(), type, value);
  return name;
}

ASN1_STRING* string_of(int type, std::string_view bytes) {
  auto* value = ASN1_STRING_type_new(type);
  if (value && ASN1_STRING_set(value, bytes.data(), static_cast<int>(bytes.size())) == 1)
    return value;
  ASN1_STRING_free(value);
  return nullptr;
}

}  // namespace

Result<Key> make_key(KeyKind kind) {
  begin();
  Key key{kind == KeyKind::p256 ? EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")
                                : EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")};
  if (!key) return openssl_failure("making a key");
  return key;
}

Result<std::string> key_pem(EVP_PKEY& key) {
  const Bio bio{BIO_new(BIO_s_secmem())};
  if (!bio ||
      PEM_write_bio_PKCS8PrivateKey(bio.get(), &key, nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return openssl_failure("writing a key");
  return std::string{written(bio)};
}

Result<std::string> certificate_pem(X509& certificate) {
  const Bio bio{BIO_new(BIO_s_mem())};
  if (!bio || PEM_write_bio_X509(bio.get(), &certificate) != 1)
    return openssl_failure("writing a certificate");
  return std::string{written(bio)};
}

Certificate read_certificate(std::string_view pem) {
  begin();
  const auto bio = reader(pem);
  Certificate certificate{bio ? PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr) : nullptr};
  ERR_clear_error();
  return certificate;
}

Key read_key(std::string_view pem) {
  begin();
  const auto bio = reader(pem);
  // An encrypted key would be asked for on the terminal.
  const auto no_passphrase = [](char*, int, int, void*) { return -1; };
  Key key{bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr) : nullptr};
  ERR_clear_error();
  return key;
}

std::string key_in_words(const EVP_PKEY& key) {
  std::array<char, 80> group{};
  if (EVP_PKEY_is_a(&key, "ED25519") == 1) return "Ed25519";
  if (EVP_PKEY_is_a(&key, "EC") == 1 &&
      EVP_PKEY_get_group_name(&key, group.data(), group.size(), nullptr) == 1)
    return std::string_view{group.data()} == "prime256v1" ? "P-256" : group.data();
  const char* name = EVP_PKEY_get0_type_name(&key);
  return (name ? name : "unknown") + std::string{" "} + std::to_string(EVP_PKEY_get_bits(&key));
}

const EVP_MD* digest_for(const EVP_PKEY& key) {
  return EVP_PKEY_is_a(&key, "ED25519") == 1 ? nullptr : EVP_sha256();
}

std::string address_bytes(const std::string& address) {
  std::array<char, 16> bytes{};
  if (inet_pton(AF_INET, address.c_str(), bytes.data()) == 1) return {bytes.data(), 4};
  if (inet_pton(AF_INET6, address.c_str(), bytes.data()) == 1) return {bytes.data(), 16};
  return {};
}

Owned<GENERAL_NAME, GENERAL_NAME_free> host_entry(const std::string& host) {
  return entry(GEN_DNS, string_of(V_ASN1_IA5STRING, host));
}

Owned<GENERAL_NAME, GENERAL_NAME_free> address_entry(std::string_view bytes) {
  return entry(GEN_IPADD, string_of(V_ASN1_OCTET_STRING, bytes));
}

Owned<GENERAL_NAMES, GENERAL_NAMES_free> general_names(const Names& names) {
  Owned<GENERAL_NAMES, GENERAL_NAMES_free> all{GENERAL_NAMES_new()};
  const auto add = [&all](Owned<GENERAL_NAME, GENERAL_NAME_free> name) {
    if (all && name && sk_GENERAL_NAME_push(all.get(), name.get()) > 0)
      (void)name.release();
    else
      all.reset();
  };
  for (const auto& host : names.hosts) add(host_entry(host));
  for (const auto& address : names.addresses) add(address_entry(address_bytes(address)));
  return all;
}

std::string address_text(std::string_view bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if ((bytes.size() != 4 && bytes.size() != 16) ||
      !inet_ntop(bytes.size() == 4 ? AF_INET : AF_INET6, bytes.data(), text.data(), text.size()))
    return {};
  return text.data();
}

std::string_view bytes_of(const GENERAL_NAME& name) {
  const auto* value = static_cast<const ASN1_STRING*>(GENERAL_NAME_get0_value(&name, nullptr));
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
          static_cast<std::size_t>(ASN1_STRING_length(value))};
}

Result<Names> names_of(const GENERAL_NAMES& all) {
  Names names;
  for (int i = 0; i < sk_GENERAL_NAME_num(&all); ++i) {
    const auto& name = *sk_GENERAL_NAME_value(&all, i);
    if (name.type != GEN_DNS && name.type != GEN_IPADD)
      return fail("it carries a name that is neither a host's nor an address");
    const auto bytes = bytes_of(name);
    if (name.type == GEN_DNS) {
      names.hosts.emplace_back(bytes);
      continue;
    }
    auto text = address_text(bytes);
    if (text.empty()) return fail("it carries an address that is none");
    names.addresses.push_back(std::move(text));
  }
  return checked(names);
}

std::string common_name(const std::string& prefix, const Names& names) {
  const auto name = prefix + (names.hosts.empty() ? names.addresses.front() : names.hosts.front());
  return name.size() <= longest_common_name ? name : prefix + "a box";
}

bool add_common_name(X509_NAME* subject, const std::string& common_name) {
  return X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(common_name.data()),
                                    static_cast<int>(common_name.size()), -1, 0) == 1;
}

bool extend(X509& certificate, int nid, void* value, bool critical) {
  return X509_add1_ext_i2d(&certificate, nid, value, critical ? 1 : 0, X509V3_ADD_DEFAULT) == 1;
}

Result<Certificate> draft(const Template& form, EVP_PKEY& key) {
  Certificate certificate{X509_new()};
  const bool made =
      certificate && X509_set_version(certificate.get(), X509_VERSION_3) == 1 &&
      give_serial(*certificate) &&
      give_time(X509_getm_notBefore(certificate.get()), form.not_before) &&
      give_time(X509_getm_notAfter(certificate.get()), form.not_after) &&
      add_common_name(X509_get_subject_name(certificate.get()), form.subject) &&
      X509_set_issuer_name(certificate.get(),
                           X509_get_subject_name(form.issuer ? form.issuer : certificate.get())) ==
          1 &&
      X509_set_pubkey(certificate.get(), &key) == 1 &&
      give_basic_constraints(*certificate, form.is_ca) &&
      give_key_usage(*certificate, form.is_ca) && give_key_identifiers(*certificate, form.issuer);
  if (!made) return openssl_failure("making a certificate");
  return certificate;
}

Result<void> make_server(X509& certificate, const Names& names) {
  const Owned<EXTENDED_KEY_USAGE, EXTENDED_KEY_USAGE_free> usage{EXTENDED_KEY_USAGE_new()};
  const auto all = general_names(names);
  // The object is OpenSSL's own, which is never freed.
  if (!usage || !all || sk_ASN1_OBJECT_push(usage.get(), OBJ_nid2obj(NID_server_auth)) <= 0 ||
      !extend(certificate, NID_ext_key_usage, usage.get(), false) ||
      !extend(certificate, NID_subject_alt_name, all.get(), false))
    return openssl_failure("making a certificate");
  return {};
}

Result<void> sign(X509& certificate, EVP_PKEY& key) {
  if (X509_sign(&certificate, &key, digest_for(key)) <= 0)
    return openssl_failure("signing a certificate");
  return {};
}

Result<void> check_clock(const Moment& moment) {
  if (moment.now >= moment.released) return {};
  return fail("the clock says " + format_iso_utc(moment.now) +
              ", which is before this program was released (" + format_iso_utc(moment.released) +
              "): set it, or wait until it is set, before a certificate is made");
}

UtcSecond safely_past(const Moment& moment) {
  return moment.released - std::chrono::days{1};
}

UtcSecond end_after(const Moment& moment, seconds lifetime) {
  const auto end = moment.now + lifetime;
  return moment.narrow_time ? std::min(end, narrow_end) : end;
}

}  // namespace ntsbox::certs
