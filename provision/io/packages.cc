#include "provision/io/packages.h"

#include <fmt/format.h>

namespace ntsbox::provision {
namespace {

constexpr std::size_t last_words = 2000;

Result<void> apt_get(const Run& run, std::vector<std::string> words) {
  std::vector<std::string> command{"apt-get", "-q", "-y", "-o", "DPkg::Lock::Timeout=300"};
  command.insert(command.end(), words.begin(), words.end());
  TRY(const auto ran, run.system.run(command));
  if (ran.status == 0) return {};
  const auto& output = ran.output;
  return fail(
      fmt::format("apt-get {} failed:\n{}", words.front(),
                  output.substr(output.size() > last_words ? output.size() - last_words : 0)));
}

}  // namespace

Result<void> install_packages(const Run& run, const std::vector<std::string>& packages) {
  std::vector<std::string> install{"install", "--no-install-recommends", "-o",
                                   "Dpkg::Options::=--force-confold"};
  install.insert(install.end(), packages.begin(), packages.end());
  run.tell(fmt::format("installing {} (this may take minutes)", fmt::join(packages, " ")));
  if (const auto updated = apt_get(run, {"update"}); !updated)
    run.tell(updated.error().message + "\ngoing on with the package lists that are there");
  return apt_get(run, std::move(install));
}

}  // namespace ntsbox::provision
