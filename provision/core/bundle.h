#pragma once
// The bundle: what a Stratum 2 machine is given so that it can authenticate a server. Certificates
// and settings, never a key. A bundle that comes in is hostile until it was read here: what is
// written on the client is rendered from these few values, and never copied.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "certs/inspect.h"
#include "provision/core/facts.h"
#include "provision/core/plan.h"

namespace ntsbox::provision {

inline constexpr char bundle_folder[] = "ntsbox-bundle";

/// A certificate that the Stratum 2 shall trust.
struct Trusted {
  std::string pem;
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

/// Reads what somebody sent. Fails with what is wrong with it.
[[nodiscard]] Result<Bundle> parse_bundle(const std::vector<Member>& members, UtcSecond now);

/// "server box.local iburst nts certset 1 ...", for a chronyd of at least this version, with its
/// newline.
[[nodiscard]] std::string source_line(const std::string& server, unsigned certset,
                                      const Version& chrony);

/// Where a certificate stands in a folder of trusted ones: "ab12…34.crt", by its fingerprint.
[[nodiscard]] std::string certificate_file(const Trusted& trusted);

/// For comparison out of band: the names, the dates and the fingerprints of each certificate, a
/// line each.
[[nodiscard]] std::string fingerprints(const Bundle& bundle);
/// The same for machines:
/// `[{"names":[...],"not_before":...,"not_after":...,"certificate_sha256":...,...}]`.
[[nodiscard]] std::string in_json(const Bundle& bundle);

// The Stratum 2 side.

/// What a plan of trust depends on.
struct ClientFacts {
  std::optional<Version> chrony;                  // empty: not installed
  std::optional<std::string> chrony_conf;         // /etc/chrony/chrony.conf
  std::map<std::string, std::string> conf_files;  // path → text of what is in conf.d and sources.d
  std::map<std::string, std::string>
      trusted;                  // path → text of what is in this server's folder of certificates
  bool has_nts_folder = false;  // /etc/chrony/nts is there, with whoever's mode
};

/// Where things stand for a server of this name.
struct TrustPaths {
  explicit TrustPaths(const std::string& box);
  std::string folder;  // of certificates
  std::string conf;
  std::string sources;
};

/// Fails, with the cure, where this chrony cannot or will not do it.
[[nodiscard]] Result<Plan> trust_plan(const Bundle& bundle, const std::string& server,
                                      const ClientFacts& facts);

/// Takes a server out again. Fails when it is not trusted here.
[[nodiscard]] Result<Plan> distrust_plan(const std::string& box, const ClientFacts& facts);

}  // namespace ntsbox::provision
