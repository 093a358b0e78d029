#pragma once
// OpenSSL 3 behind glass, for the files of this folder alone: owners that free, errors in words.

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ntsbox::certs {

template <auto release>
struct Release {
  template <class T>
  void operator()(T* thing) const {
    release(thing);
  }
};

template <class T, auto release>
using Owned = std::unique_ptr<T, Release<release>>;

using Bio = Owned<BIO, BIO_free_all>;
using Certificate = Owned<X509, X509_free>;
using Key = Owned<EVP_PKEY, EVP_PKEY_free>;
using SigningRequest = Owned<X509_REQ, X509_REQ_free>;

/// Before anything else of OpenSSL's: no configuration file is read, whatever OPENSSL_CONF says.
/// Any number of times.
inline void begin() {
  OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr);
}

/// `doing` and what OpenSSL says of it; its queue of errors is empty afterwards.
[[nodiscard]] inline tl::unexpected<Error> openssl_failure(const std::string& doing) {
  const auto code = ERR_get_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  ERR_clear_error();
  return fail(doing + ": " + (reason ? reason : "out of memory"));
}

/// Reads `text` without a copy; it must outlive the result.
[[nodiscard]] inline Bio reader(std::string_view text) {
  return Bio{BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
}

/// What was written to a memory BIO; it lives as long as that.
[[nodiscard]] inline std::string_view written(const Bio& bio) {
  char* data = nullptr;
  const auto size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

}  // namespace ntsbox::certs
