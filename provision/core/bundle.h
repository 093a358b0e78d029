#pragma once
// The bundle: what a client is given so that it can authenticate a server. Certificates and
// settings, never a key. The hash of the whole file is compared before a bundle is read here. What
// the client then gets is rendered from these few values, and never copied.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "certs/inspect.h"
#include "provision/core/facts.h"

namespace ntsbox::provision {

inline constexpr char bundle_folder[] = "ntsbox-bundle";
/// Sets of trusted certificates, and more than one file of them (chrony NEWS, 4.1).
inline constexpr Version oldest_client{4, 1, 0};

/// A certificate that the client shall trust.
struct Trusted {
  std::string pem;  // one block, rewritten from the certificate that was parsed
  certs::Summary summary;
};

struct Bundle {
  std::string server;            // its name or address; names its files on the client, too
  std::vector<Trusted> trusted;  // 1 to 4, no two alike; both of a rotation
  bool no_rtc = false;           // the client may boot without a clock
};

/// One file of an archive, or one folder (whose path ends without a slash).
struct Member {
  enum class Kind { file, folder };
  std::string path;
  std::string content;
  Kind kind = Kind::file;
  unsigned mode = 0644;
};

/// A bundle of these PEM texts (each may hold several certificates). Fails when one of them is no
/// certificate, holds a private key or has expired at `now`, or when none of them is for `server`.
[[nodiscard]] Result<Bundle> make_bundle(const std::string& server,
                                         const std::vector<std::string>& pems, bool no_rtc,
                                         UtcSecond now);

/// The files of the bundle, folders before what is in them.
[[nodiscard]] std::vector<Member> bundle_members(const Bundle& bundle);

/// Reads what somebody sent. Fails with what is wrong with it, and unless each file of a
/// certificate is one PEM block exactly as bundle_members() writes it.
[[nodiscard]] Result<Bundle> parse_bundle(const std::vector<Member>& members, UtcSecond now);

/// "server box.local iburst nts certset 1 ...", for a chronyd of at least this version, with its
/// newline.
[[nodiscard]] std::string source_line(const std::string& server, unsigned certset,
                                      const Version& chrony);

/// Where a certificate stands in a folder of trusted ones: "ab12…34.crt", by its fingerprint.
[[nodiscard]] std::string certificate_file(const Trusted& trusted);

/// Of each certificate: what it is, whom it can vouch for, its dates and fingerprints.
[[nodiscard]] std::string in_words(const Bundle& bundle);
/// The same for machines:
/// `[{"names":[...],"ca":false,"not_before":...,"not_after":...,"certificate_sha256":...,...}]`,
/// and of a CA "signs_for":[...].
[[nodiscard]] std::string in_json(const Bundle& bundle);

}  // namespace ntsbox::provision
