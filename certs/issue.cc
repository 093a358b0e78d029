#include "certs/issue.h"

#include "certs/profile.h"

namespace ntsbox::certs {
namespace {

constexpr seconds lifetime = std::chrono::days{3652};  // ten years

}  // namespace

Result<Issued> issue_pin(const Names& names, KeyKind kind, const Moment& moment) {
  const auto good = checked(names);
  if (!good) return tl::unexpected(good.error());
  if (auto clock = check_clock(moment); !clock) return tl::unexpected(clock.error());
  const auto key = make_key(kind);
  if (!key) return tl::unexpected(key.error());
  Template form;
  form.subject = common_name("", *good);
  form.not_before = safely_past(moment);
  form.not_after = end_after(moment, lifetime);
  const auto certificate = draft(form, **key);
  if (!certificate) return tl::unexpected(certificate.error());
  if (auto made = make_server(**certificate, *good); !made) return tl::unexpected(made.error());
  if (auto signed_by = sign(**certificate, **key); !signed_by)
    return tl::unexpected(signed_by.error());
  auto pem = certificate_pem(**certificate);
  if (!pem) return tl::unexpected(pem.error());
  auto secret = key_pem(**key);
  if (!secret) return tl::unexpected(secret.error());
  return Issued{std::move(*pem), std::move(*secret)};
}

}  // namespace ntsbox::certs
