#include "certs/authority.h"

#include <algorithm>
#include <array>

#include "certs/inspect.h"
#include "certs/profile.h"

namespace ntsbox::certs {
namespace {

constexpr seconds authority_lifetime = std::chrono::days{3652};
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

bool is_allowed(const EVP_PKEY& key) {
  std::array<char, 80> group{};
  if (EVP_PKEY_is_a(&key, "ED25519") == 1) return true;
  return EVP_PKEY_is_a(&key, "EC") == 1 &&
         EVP_PKEY_get_group_name(&key, group.data(), group.size(), nullptr) == 1 &&
         (std::string_view{group.data()} == "prime256v1" ||
          std::string_view{group.data()} == "P-256");
}

Result<SigningRequest> read_request(std::string_view pem) {
  begin();
  const auto bio = reader(pem);
  SigningRequest request{bio ? PEM_read_bio_X509_REQ(bio.get(), nullptr, nullptr, nullptr)
                             : nullptr};
  if (!request) return openssl_failure("this is no certificate request");
  auto* key = X509_REQ_get0_pubkey(request.get());
  if (!key || !is_allowed(*key)) return fail("the request's key is neither P-256 nor Ed25519");
  if (X509_REQ_verify(request.get(), key) != 1)
    return openssl_failure("the request is not signed by its own key");
  return request;
}

}  // namespace

Result<Issued> issue_ca(const Names& server, KeyKind kind, const Moment& moment) {
  const auto good = checked(server);
  if (!good) return tl::unexpected(good.error());
  if (auto clock = check_clock(moment); !clock) return tl::unexpected(clock.error());
  const auto key = make_key(kind);
  if (!key) return tl::unexpected(key.error());
  Template form;
  form.subject = common_name("CA of ", *good);
  form.is_ca = true;
  form.not_before = safely_past(moment);
  form.not_after = end_after(moment, authority_lifetime);
  const auto certificate = draft(form, **key);
  if (!certificate) return tl::unexpected(certificate.error());
  const auto constraints = constraints_for(*good);
  if (!constraints || !extend(**certificate, NID_name_constraints, constraints.get(), true))
    return openssl_failure("making a certificate");
  if (auto signed_by = sign(**certificate, **key); !signed_by)
    return tl::unexpected(signed_by.error());
  auto pem = certificate_pem(**certificate);
  if (!pem) return tl::unexpected(pem.error());
  auto secret = key_pem(**key);
  if (!secret) return tl::unexpected(secret.error());
  return Issued{std::move(*pem), std::move(*secret)};
}

Result<Request> make_request(const Names& names, KeyKind kind) {
  const auto good = checked(names);
  if (!good) return tl::unexpected(good.error());
  const auto key = make_key(kind);
  if (!key) return tl::unexpected(key.error());
  const SigningRequest request{X509_REQ_new()};
  const auto all = general_names(*good);
  const auto subject = common_name("", *good);
  Extensions extensions{sk_X509_EXTENSION_new_null()};
  auto* stack = extensions.get();
  const bool made =
      request && all && stack && X509_REQ_set_version(request.get(), X509_REQ_VERSION_1) == 1 &&
      X509_NAME_add_entry_by_NID(X509_REQ_get_subject_name(request.get()), NID_commonName,
                                 MBSTRING_UTF8,
                                 reinterpret_cast<const unsigned char*>(subject.data()),
                                 static_cast<int>(subject.size()), -1, 0) == 1 &&
      X509V3_add1_i2d(&stack, NID_subject_alt_name, all.get(), 0, X509V3_ADD_DEFAULT) == 1 &&
      X509_REQ_add_extensions(request.get(), stack) == 1 &&
      X509_REQ_set_pubkey(request.get(), key->get()) == 1 &&
      X509_REQ_sign(request.get(), key->get(), kind == KeyKind::ed25519 ? nullptr : EVP_sha256()) >
          0;
  const Bio bio{BIO_new(BIO_s_mem())};
  if (!made || !bio || PEM_write_bio_X509_REQ(bio.get(), request.get()) != 1)
    return openssl_failure("making a certificate request");
  auto secret = key_pem(**key);
  if (!secret) return tl::unexpected(secret.error());
  return Request{std::string{written(bio)}, std::move(*secret)};
}

Result<std::string> request_fingerprint(std::string_view request) {
  const auto asked = read_request(request);
  if (!asked) return tl::unexpected(asked.error());
  return key_fingerprint(*X509_REQ_get0_pubkey(asked->get()));
}

Result<std::string> sign_request(std::string_view request, std::string_view authority,
                                 std::string_view authority_key, const Moment& moment) {
  if (auto clock = check_clock(moment); !clock) return tl::unexpected(clock.error());
  const auto asked = read_request(request);
  if (!asked) return tl::unexpected(asked.error());
  const auto names = names_in(**asked);
  if (!names) return tl::unexpected(names.error());
  const auto ca = inspect(authority);
  if (!ca) return tl::unexpected(ca.error());
  if (!ca->is_ca) return fail("the authority's certificate is no CA's");
  if (auto pair = check_pair(authority, authority_key); !pair) return tl::unexpected(pair.error());
  const auto issuer = read_certificate(authority);
  const auto key = read_key(authority_key);
  Template form;
  form.subject = common_name("", *names);
  form.issuer = issuer.get();
  form.not_before = safely_past(moment);
  form.not_after = std::min(end_after(moment, leaf_lifetime), ca->not_after);
  const auto leaf = draft(form, *X509_REQ_get0_pubkey(asked->get()));
  if (!leaf) return tl::unexpected(leaf.error());
  if (auto made = make_server(**leaf, *names); !made) return tl::unexpected(made.error());
  if (auto signed_by = sign(**leaf, *key); !signed_by) return tl::unexpected(signed_by.error());
  auto pem = certificate_pem(**leaf);
  if (!pem) return pem;
  if (auto trusted = check_chain(*pem, authority, moment.now); !trusted)
    return tl::unexpected(trusted.error());
  return pem;
}

}  // namespace ntsbox::certs
