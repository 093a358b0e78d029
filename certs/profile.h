#pragma once
// How every certificate of this project is put together. For the files of this folder alone.

#include <string>

#include "certs/issue.h"
#include "certs/openssl.h"

namespace ntsbox::certs {

[[nodiscard]] Result<Key> make_key(KeyKind kind);
[[nodiscard]] Result<std::string> key_pem(EVP_PKEY& key);
[[nodiscard]] Result<std::string> certificate_pem(X509& certificate);
/// Empty when `pem` is none.
[[nodiscard]] Certificate read_certificate(std::string_view pem);
[[nodiscard]] Key read_key(std::string_view pem);
/// "P-256", "Ed25519", or OpenSSL's name and the bits.
[[nodiscard]] std::string key_in_words(const EVP_PKEY& key);
/// The digest for signatures by `key`; null for Ed25519, which has its own.
[[nodiscard]] const EVP_MD* digest_for(const EVP_PKEY& key);
/// SHA-256 of a public key (SPKI), "AB:CD:...".
[[nodiscard]] std::string key_fingerprint(EVP_PKEY& key);

/// The SAN.
[[nodiscard]] Owned<GENERAL_NAMES, GENERAL_NAMES_free> general_names(const Names& names);
/// One name; empty without memory.
[[nodiscard]] Owned<GENERAL_NAME, GENERAL_NAME_free> host_entry(const std::string& host);
/// An address's bytes; in a constraint with its mask's behind them.
[[nodiscard]] Owned<GENERAL_NAME, GENERAL_NAME_free> address_entry(std::string_view bytes);
/// An address's 4 or 16 bytes in network order.
[[nodiscard]] std::string address_bytes(const std::string& address);
/// The other way round; empty when `bytes` are no address.
[[nodiscard]] std::string address_text(std::string_view bytes);
/// The bytes of a name of either kind.
[[nodiscard]] std::string_view bytes_of(const GENERAL_NAME& name);

/// The other way round, canonical. Fails on a name that no host can have, and on other kinds of
/// names.
[[nodiscard]] Result<Names> names_of(const GENERAL_NAMES& all);

/// The common name for a subject: for people alone, since the SAN is what counts.
[[nodiscard]] std::string common_name(const std::string& prefix, const Names& names);
[[nodiscard]] bool add_common_name(X509_NAME* subject, const std::string& common_name);

struct Template {
  std::string subject;     // common name
  X509* issuer = nullptr;  // null: itself
  bool is_ca = false;
  UtcSecond not_before, not_after;
};

/// A certificate for `key` with all that they have in common, unsigned: version, serial number,
/// dates, names, basic constraints, key usage, key identifiers.
[[nodiscard]] Result<Certificate> draft(const Template& form, EVP_PKEY& key);
/// Adds an extension from OpenSSL's own object.
[[nodiscard]] bool extend(X509& certificate, int nid, void* value, bool critical);
/// serverAuth and the SAN.
[[nodiscard]] Result<void> make_server(X509& certificate, const Names& names);
[[nodiscard]] Result<void> sign(X509& certificate, EVP_PKEY& key);

/// Fails while the clock is earlier than the release.
[[nodiscard]] Result<void> check_clock(const Moment& moment);
/// A day before the release: whatever a client's clock was set from, it is later.
[[nodiscard]] UtcSecond safely_past(const Moment& moment);
/// `lifetime` from now, or the end of what time_t can hold.
[[nodiscard]] UtcSecond end_after(const Moment& moment, seconds lifetime);

}  // namespace ntsbox::certs
