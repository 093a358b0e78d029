#include "certs/issue.h"

#include <fmt/format.h>

#include <algorithm>

#include "certs/inspect.h"
#include "certs/profile.h"

namespace ntsbox::certs {
namespace {

constexpr seconds own_lifetime = std::chrono::days{3652};  // ten years
constexpr seconds leaf_lifetime = std::chrono::days{397};

using Constraints = Owned<NAME_CONSTRAINTS, NAME_CONSTRAINTS_free>;
using Subtrees = STACK_OF(GENERAL_SUBTREE);

bool add(Subtrees*& subtrees, Owned<GENERAL_NAME, GENERAL_NAME_free> base) {
  if (!subtrees) subtrees = sk_GENERAL_SUBTREE_new_null();
  Owned<GENERAL_SUBTREE, GENERAL_SUBTREE_free> subtree{GENERAL_SUBTREE_new()};
  if (!subtrees || !subtree || !base) return false;
  GENERAL_NAME_free(subtree->base);
  subtree->base = base.release();
  if (sk_GENERAL_SUBTREE_push(subtrees, subtree.get()) <= 0) return false;
  (void)subtree.release();
  return true;
}

/// What is not permitted is not excluded either when no name of its kind is: so each kind that the
/// server has none of is excluded as a whole (RFC 5280 §4.2.1.10).
Constraints constraints_for(const Names& server) {
  Constraints all{NAME_CONSTRAINTS_new()};
  if (!all) return nullptr;
  bool good = true;
  bool v4 = false;
  bool v6 = false;
  for (const auto& host : server.hosts)
    good = good && add(all->permittedSubtrees, host_entry(host));
  for (const auto& address : server.addresses) {
    const auto bytes = address_bytes(address);
    (bytes.size() == 4 ? v4 : v6) = true;
    good = good &&
           add(all->permittedSubtrees, address_entry(bytes + std::string(bytes.size(), '\xff')));
  }
  if (server.hosts.empty()) good = good && add(all->excludedSubtrees, host_entry(""));
  if (!v4) good = good && add(all->excludedSubtrees, address_entry(std::string(8, '\0')));
  if (!v6) good = good && add(all->excludedSubtrees, address_entry(std::string(32, '\0')));
  return good ? std::move(all) : nullptr;
}

void free_extensions(X509_EXTENSIONS* all) {
  sk_X509_EXTENSION_pop_free(all, X509_EXTENSION_free);
}

using Extensions = Owned<X509_EXTENSIONS, free_extensions>;

/// The names that a request asks for; other kinds of names are refused.
Result<Names> names_in(X509_REQ& request) {
  const Extensions extensions{X509_REQ_get_extensions(&request)};
  const Owned<GENERAL_NAMES, GENERAL_NAMES_free> found{static_cast<GENERAL_NAMES*>(
      extensions ? X509V3_get_d2i(extensions.get(), NID_subject_alt_name, nullptr, nullptr)
                 : nullptr)};
  if (!found) return fail("the request names no host and no address");
  return names_of(*found);
}

Result<SigningRequest> read_request(std::string_view pem) {
  begin();
  const auto bio = reader(pem);
  SigningRequest request{bio ? PEM_read_bio_X509_REQ(bio.get(), nullptr, nullptr, nullptr)
                             : nullptr};
  if (!request) return openssl_failure("this is no certificate request");
  auto* key = X509_REQ_get0_pubkey(request.get());
  const auto kind = key ? key_in_words(*key) : "";
  if (kind != "P-256" && kind != "Ed25519")
    return fail("the request's key is neither P-256 nor Ed25519");
  if (X509_REQ_verify(request.get(), key) != 1)
    return openssl_failure("the request is not signed by its own key");
  return request;
}

/// Fails unless each of the names is one that the CA was made for. Its constraints alone would also
/// permit every name below these.
Result<void> check_scope(const Names& names, const SigningScope& scope) {
  const auto all_in = [](const auto& asked, const auto& permitted) {
    return std::all_of(asked.begin(), asked.end(), [&](const std::string& name) {
      return std::find(permitted.begin(), permitted.end(), name) != permitted.end();
    });
  };
  if (scope.any_host || scope.any_address)
    return fail("the CA was not made for one server: its name constraints do not list the names");
  if (all_in(names.hosts, scope.hosts) && all_in(names.addresses, scope.addresses)) return {};
  auto made_for = scope.hosts;
  made_for.insert(made_for.end(), scope.addresses.begin(), scope.addresses.end());
  return fail(fmt::format("it asks for a name that the CA was not made for: it signs for {} alone",
                          fmt::join(made_for, ", ")));
}

Result<void> constrain(X509& certificate, const Names& server) {
  const auto constraints = constraints_for(server);
  if (!constraints || !extend(certificate, NID_name_constraints, constraints.get(), true))
    return openssl_failure("making a certificate");
  return {};
}

Result<Issued> issue_self_signed(const Names& given, KeyKind kind, const Moment& moment,
                                 bool is_ca) {
  TRY(const auto names, checked(given));
  TRY(check_clock(moment));
  TRY(const auto key, make_key(kind));
  const Template form{common_name(is_ca ? "CA of " : "", names), nullptr, is_ca,
                      safely_past(moment), end_after(moment, own_lifetime)};
  TRY(const auto certificate, draft(form, *key));
  TRY(is_ca ? constrain(*certificate, names) : make_server(*certificate, names));
  TRY(sign(*certificate, *key));
  TRY(auto pem, certificate_pem(*certificate));
  TRY(auto secret, key_pem(*key));
  return Issued{std::move(pem), std::move(secret)};
}

}  // namespace

Result<Issued> issue_pin(const Names& names, KeyKind kind, const Moment& moment) {
  return issue_self_signed(names, kind, moment, false);
}

Result<Issued> issue_ca(const Names& server, KeyKind kind, const Moment& moment) {
  return issue_self_signed(server, kind, moment, true);
}

Result<Request> make_request(const Names& given, KeyKind kind) {
  TRY(const auto names, checked(given));
  TRY(const auto key, make_key(kind));
  const SigningRequest request{X509_REQ_new()};
  const auto all = general_names(names);
  const Extensions extensions{sk_X509_EXTENSION_new_null()};
  auto* stack = extensions.get();
  const bool made =
      request && all && stack && X509_REQ_set_version(request.get(), X509_REQ_VERSION_1) == 1 &&
      add_common_name(X509_REQ_get_subject_name(request.get()), common_name("", names)) &&
      X509V3_add1_i2d(&stack, NID_subject_alt_name, all.get(), 0, X509V3_ADD_DEFAULT) == 1 &&
      X509_REQ_add_extensions(request.get(), stack) == 1 &&
      X509_REQ_set_pubkey(request.get(), key.get()) == 1 &&
      X509_REQ_sign(request.get(), key.get(), digest_for(*key)) > 0;
  const Bio bio{BIO_new(BIO_s_mem())};
  if (!made || !bio || PEM_write_bio_X509_REQ(bio.get(), request.get()) != 1)
    return openssl_failure("making a certificate request");
  TRY(auto secret, key_pem(*key));
  return Request{std::string{written(bio)}, std::move(secret)};
}

Result<std::string> request_fingerprint(std::string_view request) {
  TRY(const auto asked, read_request(request));
  return key_fingerprint(*X509_REQ_get0_pubkey(asked.get()));
}

Result<std::string> sign_request(std::string_view request, std::string_view authority,
                                 std::string_view authority_key, const Moment& moment) {
  TRY(check_clock(moment));
  TRY(const auto asked, read_request(request));
  TRY(const auto names, names_in(*asked));
  TRY(const auto ca, inspect(authority));
  if (!ca.is_ca) return fail("the authority's certificate is no CA's");
  TRY(check_scope(names, ca.scope));
  TRY(check_pair(authority, authority_key));
  const auto issuer = read_certificate(authority);
  const auto key = read_key(authority_key);
  const Template form{common_name("", names), issuer.get(), false, safely_past(moment),
                      std::min(end_after(moment, leaf_lifetime), ca.not_after)};
  TRY(const auto leaf, draft(form, *X509_REQ_get0_pubkey(asked.get())));
  TRY(make_server(*leaf, names));
  TRY(sign(*leaf, *key));
  TRY(auto pem, certificate_pem(*leaf));
  TRY(check_chain(pem, authority, moment.now));
  return pem;
}

}  // namespace ntsbox::certs
