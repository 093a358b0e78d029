#include "provision/io/inspect.h"

#include <map>
#include <set>

#include "provision/core/facts.h"
#include "tests/support/catch.h"

using namespace ntsbox;
using namespace ntsbox::provision;

namespace {

/// A tree that can be read alone. A content that begins with "-> " is a link's target.
class Tree final : public System {
 public:
  std::map<std::string, std::string> files;
  std::string unreadable;

  Result<std::optional<Entry>> look(const std::string& path) override {
    if (path == unreadable) return fail(path + ": cannot be read");
    Entry entry;
    if (const auto found = files.find(path); found != files.end()) {
      const bool link = found->second.starts_with("-> ");
      entry.kind = link ? Entry::Kind::link : Entry::Kind::file;
      entry.content = link ? found->second.substr(3) : found->second;
      return entry;
    }
    entry.kind = Entry::Kind::folder;
    return list(path)->empty() ? std::nullopt : std::optional{entry};
  }

  Result<std::optional<std::string>> read(const std::string& path) override {
    auto entry = look(path);
    if (!entry) return tl::unexpected(entry.error());
    if (!*entry) return std::nullopt;
    return (*entry)->kind == Entry::Kind::link ? read((*entry)->content)
                                               : std::optional{(*entry)->content};
  }

  Result<std::vector<std::string>> list(const std::string& folder) override {
    std::set<std::string> names;
    const auto prefix = folder + "/";
    for (const auto& [path, content] : files)
      if (path.starts_with(prefix))
        names.insert(path.substr(prefix.size(), path.find('/', prefix.size()) - prefix.size()));
    return std::vector<std::string>{names.begin(), names.end()};
  }

  Result<void> put(const std::string&, const Entry&) override { return fail("never"); }

  Result<void> remove(const std::string&) override { return fail("never"); }

  Result<Ran> run(const std::vector<std::string>&, std::string_view) override {
    return fail("never");
  }
};

Tree pi_tree() {
  Tree tree;
  tree.files = {
      {"/etc/os-release",
       "PRETTY_NAME=\"Debian GNU/Linux 12\"\nID=debian\nVERSION_CODENAME=bookworm\n"},
      {"/etc/hostname", "raspberrypi\n"},
      {"/var/lib/dpkg/status",
       "Package: chrony\nStatus: install ok installed\nArchitecture: armhf\nVersion: "
       "4.3-2+deb12u3\n\n"
       "Package: gpsd\nStatus: deinstall ok config-files\nArchitecture: armhf\nVersion: "
       "3.22-4.1\n\n"
       "Package: dpkg\nStatus: install ok installed\nArchitecture: armhf\nVersion: 1.21\n"},
      {"/lib/systemd/system/chrony.service", ""},
      {"/usr/lib/systemd/system/ntsboxd.service", ""},
      {"/etc/systemd/system/multi-user.target.wants/chrony.service",
       "-> /lib/systemd/system/chrony.service"},
      {"/lib/systemd/system/gpsd.service", ""},
      {"/etc/systemd/system/gpsd.service", "-> /dev/null"},
      {"/etc/passwd", "root:x:0:0::/root:/bin/bash\n_chrony:x:105:112::/:/bin/false\n"},
      {"/usr/lib/sysusers.d/ntsboxd.conf", "# ours\nu _ntsbox - \"ntsbox\" /var/lib/ntsbox\n"},
      {"/boot/config.txt", "-> /boot/firmware/config.txt"},
      {"/boot/firmware/config.txt", "[all]\n"},
      {"/boot/firmware/cmdline.txt", "quiet\n"},
      {"/boot/firmware/bcm2711-rpi-4-b.dtb", ""},
      {"/boot/firmware/bcm2711-rpi-cm4.dtb", ""},
      {"/sys/class/net/eth0/device/ptp/ptp0/dev", ""},
      {"/sys/class/net/lo/address", ""},
      {"/usr/share/zoneinfo/right/UTC", ""},
      {"/etc/ufw/ufw.conf", "# ufw\nENABLED=yes\n"},
  };
  return tree;
}

}  // namespace

TEST_CASE("an image is seen for what it is", "[provision][inspect]") {
  auto tree = pi_tree();
  const auto facts = inspect(tree, UtcSecond{seconds{7}}).value();
  CHECK(facts.os_id == "debian");
  CHECK(facts.os_codename == "bookworm");
  CHECK(facts.host_name == "raspberrypi");
  CHECK(facts.architecture == "armhf");
  CHECK(facts.narrow_time);
  CHECK(facts.chrony == Version{4, 3, 0});
  CHECK_FALSE(facts.gpsd);
  CHECK(facts.board == Board::pi4);
  CHECK(facts.boot_folder == "/boot/firmware");
  CHECK(facts.config_txt == "[all]\n");
  CHECK(facts.cmdline_txt == "quiet\n");
  CHECK(facts.units.at("chrony.service").enabled);
  CHECK(facts.units.at("chrony.service").file == "/lib/systemd/system/chrony.service");
  CHECK(facts.units.at("gpsd.service").masked);
  CHECK_FALSE(facts.units.at("ntsboxd.service").enabled);
  CHECK(facts.units.count("hciuart.service") == 0);
  CHECK((facts.users.count("_chrony") == 1 && facts.users.count("_ntsbox") == 1));
  CHECK(facts.phc_interfaces == std::vector<std::string>{"eth0"});
  CHECK((facts.right_utc && !facts.leap_seconds_list));
  CHECK(facts.firewall == "ufw");
  CHECK(facts.now == UtcSecond{seconds{7}});
  CHECK_FALSE(facts.certificate);
}

TEST_CASE("a live Pi tells its model, and older ones boot from /boot", "[provision][inspect]") {
  Tree tree;
  tree.files = {{"/run/systemd/system/x", ""},
                {"/proc/device-tree/model", std::string{"Raspberry Pi 5 Model B Rev 1.0\0", 31}},
                {"/boot/config.txt", "a=1\n"},
                {"/etc/ntsbox/pki/server.crt", "PEM"},
                {"/etc/ntsbox/pki/server.key", "PEM"}};
  const auto facts = inspect(tree, {}).value();
  CHECK(facts.model == "Raspberry Pi 5 Model B Rev 1.0");
  CHECK(facts.board == Board::pi5);
  CHECK(facts.boot_folder == "/boot");
  CHECK_FALSE(facts.cmdline_txt);
  CHECK((facts.certificate == "PEM" && facts.has_key));
}

TEST_CASE("an image with the device trees of several boards is none's", "[provision][inspect]") {
  auto tree = pi_tree();
  tree.files["/boot/firmware/bcm2712-rpi-5-b.dtb"] = "";
  CHECK(inspect(tree, {}).value().board == Board::generic);
}

TEST_CASE("an inspection fails on what is there and cannot be read", "[provision][inspect]") {
  auto tree = pi_tree();
  tree.unreadable = "/etc/passwd";
  const auto facts = inspect(tree, {});
  REQUIRE_FALSE(facts);
  CHECK(facts.error().message == "/etc/passwd: cannot be read");
}

TEST_CASE("an empty machine is inspected too", "[provision][inspect]") {
  Tree tree;
  const auto facts = inspect(tree, {}).value();
  CHECK(facts.os_id.empty());
  CHECK(facts.boot_folder.empty());
  CHECK(facts.board == Board::generic);
}

TEST_CASE("Debian's versions are read by their first numbers", "[provision][inspect]") {
  CHECK(parse_version("4.3-2+deb12u3") == Version{4, 3, 0});
  CHECK(parse_version("1:4.6.1-3+deb13u2") == Version{4, 6, 1});
  CHECK(parse_version("3.25-5") == Version{3, 25, 0});
  CHECK(parse_version("4.3") == Version{4, 3, 0});
  for (const std::string text : {"", "x", "4", "4-1", ".3", "4.", "99999999999.1"})
    CHECK_FALSE(parse_version(text));
}
