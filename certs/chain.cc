#include "certs/chain.h"

#include "certs/profile.h"

namespace ntsbox::certs {
namespace {

using Store = Owned<X509_STORE, X509_STORE_free>;
using Check = Owned<X509_STORE_CTX, X509_STORE_CTX_free>;

}  // namespace

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

}  // namespace ntsbox::certs
