#include "provision/core/server_plan.h"

#include <algorithm>
#include <functional>

#include "tests/provision/support/golden.h"
#include "tests/provision/support/machines.h"
#include "tests/provision/support/plans.h"
#include "tests/support/catch.h"

using namespace ntsbox;
using namespace ntsbox::provision;
using namespace ntsbox::provision::testing;
using Catch::Matchers::ContainsSubstring;

namespace {

/// The words of the refusal; "" when there is a plan.
std::string refusal(const Settings& settings, const Facts& facts) {
  const auto made = plan(settings, facts, identity);
  return made ? "" : made.error().message;
}

std::string link_target(const Plan& plan, const std::string& path) {
  const auto* link = resource_at(plan, path, Entry::Kind::link);
  return link ? link->entry->content : "";
}

bool has_note(const Plan& plan, const std::string& words) {
  return std::any_of(plan.notes.begin(), plan.notes.end(), [&](const std::string& note) {
    return note.find(words) != std::string::npos;
  });
}

Settings allowing(std::vector<std::string> networks) {
  Settings settings;
  settings.allow = std::move(networks);
  return settings;
}

}  // namespace

TEST_CASE("each file of a box is what was judged good", "[provision][plan]") {
  auto settings = allowing({"192.168.1.0/24", "2001:db8::/32"});
  settings.firewall = Firewall::nft;
  settings.tune = true;
  settings.auto_updates = true;
  const auto pi4 = good_plan(settings, fresh_pi());
  check_golden("chrony-4.3.conf", content(pi4, "/etc/chrony/chrony.conf"));
  check_golden("chrony-drop-in.conf",
               content(pi4, "/etc/systemd/system/chrony.service.d/ntsbox.conf"));
  check_golden("gpsd.env", content(pi4, "/etc/ntsbox/gpsd.env"));
  check_golden("gpsd-drop-in.conf", content(pi4, "/etc/systemd/system/gpsd.service.d/ntsbox.conf"));
  check_golden("gpsdctl-drop-in.conf",
               content(pi4, "/etc/systemd/system/gpsdctl@.service.d/ntsbox.conf"));
  check_golden("ntsboxd.toml", content(pi4, "/etc/ntsbox/ntsboxd.toml"));
  check_golden("pulse.rules", content(pi4, "/etc/udev/rules.d/60-ntsbox-pulse.rules"));
  check_golden("firewall.nft", content(pi4, "/etc/ntsbox/firewall.nft"));
  check_golden("firewall.service", content(pi4, "/etc/systemd/system/ntsbox-firewall.service"));
  check_golden("tune.service", content(pi4, "/etc/systemd/system/ntsbox-tune.service"));
  check_golden("auto-updates.conf", content(pi4, "/etc/apt/apt.conf.d/52ntsbox-auto-updates"));
  check_golden("config-pi4.txt", content(pi4, "/boot/firmware/config.txt"));
  check_golden("cmdline.txt", content(pi4, "/boot/firmware/cmdline.txt"));

  auto facts = fresh_pi(Board::pi5, true);
  facts.phc_interfaces = {"eth0"};
  const auto pi5 = good_plan(settings, facts);
  check_golden("chrony-4.6.conf", content(pi5, "/etc/chrony/chrony.conf"));
  check_golden("chrony-drop-in-phc.conf",
               content(pi5, "/etc/systemd/system/chrony.service.d/ntsbox.conf"));
  check_golden("config-pi5.txt", content(pi5, "/boot/firmware/config.txt"));
  check_golden("provision.toml", render_settings(settings));
}

TEST_CASE("a plan changes nothing once it was carried out", "[provision][plan]") {
  const auto settings = allowing({"10.0.0.0/8"});
  for (const auto board : {Board::pi3, Board::pi4, Board::pi5, Board::zero2}) {
    auto facts = fresh_pi(board);
    const auto first = good_plan(settings, facts);
    facts.config_txt = content(first, "/boot/firmware/config.txt");
    facts.cmdline_txt = content(first, "/boot/firmware/cmdline.txt");
    for (auto& [name, unit] : facts.units) unit.enabled = true;
    const auto second = good_plan(settings, facts);
    CHECK(content(second, "/boot/firmware/config.txt") == *facts.config_txt);
    CHECK(content(second, "/boot/firmware/cmdline.txt") == *facts.cmdline_txt);
    CHECK(second.resources.size() == first.resources.size());
    CHECK(has_note(first, "takes effect at the next boot"));
    CHECK_FALSE(has_note(second, "takes effect at the next boot"));
  }
}

TEST_CASE("a certificate that does less than the settings ask for is told", "[provision][plan]") {
  const auto issued = certs::issue_pin({{"box.test"}, {}}, certs::KeyKind::p256,
                                       {UtcSecond{seconds{1'795'341'600}}, {}, false});
  REQUIRE(issued);
  auto facts = fresh_pi();
  const auto planned = [&](const Settings& settings) {
    const auto made =
        plan(settings, facts, Identity{.key = issued->key, .certificate = issued->certificate});
    REQUIRE(made);
    return *made;
  };
  Settings settings;
  CHECK_FALSE(has_note(planned(settings), "renew"));  // whatever the host is called by now
  settings.names = {"box.test", "new.test"};
  CHECK(has_note(planned(settings), "not for new.test"));
  settings.ca = true;
  CHECK(has_note(planned(settings), "asks the CA"));
  facts.has_authority = true;
  CHECK_FALSE(has_note(planned(settings), "asks the CA"));
}

TEST_CASE("units are enabled by the very links that systemctl makes", "[provision][plan]") {
  const auto pi = good_plan({}, fresh_pi());
  const std::string wants = "/etc/systemd/system/multi-user.target.wants/";
  CHECK(link_target(pi, wants + "chrony.service") == "/lib/systemd/system/chrony.service");
  CHECK(link_target(pi, wants + "gpsd.service") == "/lib/systemd/system/gpsd.service");
  CHECK(link_target(pi, wants + "ntsboxd.service") == "/usr/lib/systemd/system/ntsboxd.service");
  CHECK(link_target(pi, "/etc/systemd/system/timers.target.wants/ntsbox-holdover.timer") ==
        "/usr/lib/systemd/system/ntsbox-holdover.timer");
  CHECK(link_target(pi, "/etc/systemd/system/sockets.target.wants/gpsd.socket") ==
        "/lib/systemd/system/gpsd.socket");
  CHECK(link_target(pi, "/etc/systemd/system/serial-getty@ttyAMA0.service") == "/dev/null");
}

TEST_CASE("what others may see is collected always, and for node_exporter where it is",
          "[provision][plan]") {
  auto facts = fresh_pi();
  const std::string wants = "/etc/systemd/system/timers.target.wants/";
  const auto starts = [](const Plan& plan, const std::string& unit) {
    return std::any_of(plan.units.begin(), plan.units.end(), [&](const auto& action) {
      return action.unit == unit && action.verb == UnitAction::Verb::start;
    });
  };
  const auto alone = good_plan({}, facts);
  CHECK(link_target(alone, wants + "ntsbox-status.timer") ==
        "/usr/lib/systemd/system/ntsbox-status.timer");
  CHECK(starts(alone, "ntsbox-status.timer"));
  CHECK(link_target(alone, wants + "ntsbox-metrics.timer").empty());
  CHECK_FALSE(starts(alone, "ntsbox-metrics.timer"));
  facts.packages.insert("prometheus-node-exporter");
  const auto watched = good_plan({}, facts);
  CHECK(link_target(watched, wants + "ntsbox-metrics.timer") ==
        "/usr/lib/systemd/system/ntsbox-metrics.timer");
  CHECK(starts(watched, "ntsbox-metrics.timer"));
}

TEST_CASE("gpsd is restarted only where the owner allows it, and no longer than that",
          "[provision][plan]") {
  const std::string link = "/etc/systemd/system/timers.target.wants/ntsbox-gpsd-restart.timer";
  const auto action_after_change = [&](const Settings& settings) {
    const auto made = good_plan(settings, fresh_pi());
    const auto actions = actions_for(made, {{link, {}, {}, false, ""}});
    REQUIRE(actions.size() == 1);
    CHECK(actions[0].unit == "ntsbox-gpsd-restart.timer");
    return std::pair{link_target(made, link), actions[0].verb};
  };
  Settings settings;
  CHECK(action_after_change(settings) == std::pair{std::string{}, UnitAction::Verb::stop});
  settings.restart_gpsd = true;
  CHECK(action_after_change(settings) ==
        std::pair{std::string{"/usr/lib/systemd/system/ntsbox-gpsd-restart.timer"},
                  UnitAction::Verb::start});
}

TEST_CASE("the key is secret and chronyd's alone, and its folders close", "[provision][plan]") {
  const auto pi = good_plan({}, fresh_pi());
  const auto* master = resource_at(pi, "/etc/ntsbox/pki/server.key");
  const auto* served = resource_at(pi, "/etc/chrony/nts/server.key");
  REQUIRE(master);
  REQUIRE(served);
  CHECK((master->secret && master->entry->mode == 0600 && master->entry->group == "root"));
  CHECK((served->secret && served->entry->mode == 0640 && served->entry->group == "_chrony"));
  CHECK(master->entry->content == identity.key);
  CHECK(served->entry->content == "KEY\nCERTIFICATE");
  const auto* pki = resource_at(pi, "/etc/ntsbox/pki", Entry::Kind::folder);
  const auto* nts = resource_at(pi, "/etc/chrony/nts", Entry::Kind::folder);
  REQUIRE(pki);
  REQUIRE(nts);
  CHECK(pki->entry->mode == 0700);
  CHECK((nts->entry->mode == 0750 && nts->entry->group == "_chrony"));
}

TEST_CASE("without a certificate there is no NTS yet, and the plan says so", "[provision][plan]") {
  const auto pending = good_plan({}, fresh_pi(), std::nullopt);
  CHECK(pending.identity_pending);
  CHECK(has_note(pending, "NTS waits"));
  CHECK_FALSE(resource_at(pending, "/etc/chrony/nts/server.key"));
  CHECK_THAT(content(pending, "/etc/chrony/chrony.conf"), !ContainsSubstring("ntsserverkey"));
  Settings ca;
  ca.ca = true;
  const auto waiting = good_plan(ca, fresh_pi(), std::nullopt);
  CHECK_FALSE(waiting.identity_pending);
  CHECK(has_note(waiting, "import"));
}

TEST_CASE("a certificate is wanted where none is, and never instead of one", "[provision][plan]") {
  auto facts = fresh_pi();
  const auto wanted = identity_wanted({}, facts);
  REQUIRE(wanted);
  CHECK(wanted->hosts == std::vector<std::string>{"pi-time", "pi-time.local"});
  facts.certificate = "CERTIFICATE";
  CHECK(identity_wanted({}, facts));
  facts.has_key = true;
  CHECK_FALSE(identity_wanted({}, facts));
  facts = fresh_pi();
  Settings settings;
  settings.ca = true;
  CHECK_FALSE(identity_wanted(settings, facts));
  settings.ca = false;
  settings.names = {"time.example"};
  settings.addresses = {"192.0.2.1"};
  const auto named = identity_wanted(settings, facts);
  REQUIRE(named);
  CHECK(*named == certs::Names{{"time.example"}, {"192.0.2.1"}});
}

TEST_CASE("a Pi 5 never gets enable_uart, and loses it where it was", "[provision][plan]") {
  auto facts = fresh_pi(Board::pi5);
  CHECK_THAT(content(good_plan({}, facts), "/boot/firmware/config.txt"),
             !ContainsSubstring("enable_uart"));
  facts.config_txt = "[all]\nenable_uart=1\n";
  CHECK_THAT(content(good_plan({}, facts), "/boot/firmware/config.txt"),
             ContainsSubstring("[pi5]\nenable_uart=0\ndtparam=uart0=on\n"));
}

TEST_CASE("a stream of pulses leaves the boot files alone", "[provision][plan]") {
  Settings settings;
  settings.pulse = "stream:/run/ntsbox-sim/pulses.sock";
  settings.receiver = "/run/ntsbox-sim/gps";
  auto facts = fresh_pi();
  for (const bool pi : {true, false}) {
    if (!pi) {
      facts.board = Board::generic;
      facts.model.clear();
      facts.boot_folder.clear();
      facts.config_txt = facts.cmdline_txt = std::nullopt;
    }
    const auto made = good_plan(settings, facts);
    CHECK(made.reboot_because_of.empty());
    CHECK_FALSE(resource_at(made, "/boot/firmware/config.txt"));
    CHECK_FALSE(resource_at(made, "/etc/udev/rules.d/60-ntsbox-pulse.rules"));
    CHECK(link_target(made, "/etc/systemd/system/serial-getty@ttyAMA0.service").empty());
    CHECK_THAT(content(made, "/etc/ntsbox/ntsboxd.toml"),
               ContainsSubstring("device = \"/run/ntsbox-sim/gps\"") &&
                   ContainsSubstring("source = \"stream:/run/ntsbox-sim/pulses.sock\""));
    CHECK_THAT(content(made, "/etc/ntsbox/gpsd.env"),
               ContainsSubstring("DEVICES=\"/run/ntsbox-sim/gps\"\n"));
  }
}

TEST_CASE("a receiver on USB leaves the UART and its console to their owner", "[provision][plan]") {
  Settings settings;
  settings.receiver = "/dev/ttyACM0";
  const auto made = good_plan(settings, fresh_pi());
  const auto config = content(made, "/boot/firmware/config.txt");
  CHECK_THAT(config, ContainsSubstring("dtoverlay=pps-gpio,gpiopin=4"));
  CHECK_THAT(config, !ContainsSubstring("enable_uart") && !ContainsSubstring("disable-bt"));
  CHECK_FALSE(resource_at(made, "/boot/firmware/cmdline.txt"));
  CHECK_THAT(content(made, "/etc/ntsbox/gpsd.env"), ContainsSubstring("USBAUTO=\"true\""));
}

TEST_CASE("the lesser UART keeps Bluetooth", "[provision][plan]") {
  auto facts = fresh_pi();
  facts.units["hciuart.service"] = {"/lib/systemd/system/hciuart.service", true, false};
  const std::string hciuart = "/etc/systemd/system/hciuart.service";
  CHECK(link_target(good_plan({}, facts), hciuart) == "/dev/null");
  Settings settings;
  settings.receiver = "/dev/ttyS0";
  const auto made = good_plan(settings, facts);
  CHECK(link_target(made, hciuart).empty());
  CHECK_THAT(content(made, "/boot/firmware/config.txt"),
             ContainsSubstring("enable_uart=1") && !ContainsSubstring("disable-bt"));
  CHECK(link_target(made, "/etc/systemd/system/serial-getty@ttyS0.service") == "/dev/null");
}

TEST_CASE("leap seconds come from what this chronyd can read", "[provision][plan]") {
  const auto conf = [](const Facts& facts) {
    return content(good_plan({}, facts), "/etc/chrony/chrony.conf");
  };
  CHECK_THAT(conf(fresh_pi()), ContainsSubstring("leapsectz right/UTC"));
  CHECK_THAT(conf(fresh_pi(Board::pi4, true)), ContainsSubstring("leapseclist /usr"));
  auto bare = fresh_pi(Board::pi4, true);
  bare.leap_seconds_list = false;
  CHECK_THAT(conf(bare), !ContainsSubstring("leapsec"));
  CHECK(has_note(good_plan({}, bare), "leap seconds"));
}

TEST_CASE("what a machine lacks is installed, and shown for what will come", "[provision][plan]") {
  auto facts = fresh_pi();
  facts.chrony = facts.gpsd = std::nullopt;
  facts.packages.clear();
  auto settings = allowing({"10.0.0.0/8"});
  settings.firewall = Firewall::nft;
  settings.auto_updates = true;
  const auto made = good_plan(settings, facts);
  CHECK(made.packages ==
        std::vector<std::string>{"chrony", "gpsd", "nftables", "unattended-upgrades"});
  CHECK(has_note(made, "chrony 4.3"));
  CHECK(good_plan({}, fresh_pi()).packages.empty());
}

TEST_CASE("the plan says what the owner should know", "[provision][plan]") {
  CHECK(has_note(good_plan({}, fresh_pi()), "Nobody may ask"));
  CHECK_FALSE(has_note(good_plan(allowing({"10.0.0.0/8"}), fresh_pi()), "Nobody may ask"));
  Settings alone;
  alone.airgap = true;
  const auto made = good_plan(alone, fresh_pi());
  CHECK(has_note(made, "only source"));
  CHECK_THAT(content(made, "/etc/chrony/chrony.conf"), !ContainsSubstring("server "));
  auto facts = fresh_pi();
  facts.firewall = "ufw";
  CHECK(has_note(good_plan({}, facts), "ufw allow"));
  facts.users.erase("_ntsbox");
  CHECK(has_note(good_plan({}, facts), "_ntsbox"));
  facts.units.erase("ntsboxd.service");
  CHECK(has_note(good_plan({}, facts), "ntsboxd is not installed"));
}

TEST_CASE("a machine that cannot become a box is told why, and the cure", "[provision][plan]") {
  struct Case {
    std::function<void(Settings&, Facts&)> change;
    std::string words;
  };

  const std::vector<Case> cases = {
      {[](auto&, auto& f) { f.os_id = "fedora"; }, "this system (fedora)"},
      {[](auto&, auto& f) { f.os_id.clear(); }, "no /etc/os-release"},
      {[](auto&, auto& f) {
         f.chrony = Version{3, 5, 0};
       },
       "chrony 3.5 knows no NTS"},
      {[](auto&, auto& f) { f.units["chrony.service"].masked = true; },
       "systemctl unmask chrony.service"},
      {[](auto&, auto& f) { f.host_name = ""; }, "--name"},
      {[](auto&, auto& f) { f.host_name = "no_good"; }, "--name"},
      {[](auto&, auto& f) { f.config_txt.reset(); }, "mount the boot partition"},
      {[](auto&, auto& f) {
         f.board = Board::generic;
         f.model.clear();
       },
       "--board"},
      {[](auto&, auto& f) {
         f.board = Board::generic;
         f.model = "Pine64 RockPro64";
       },
       "--receiver"},
      {[](auto& s, auto& f) {
         f.board = Board::generic;
         f.boot_folder.clear();
         s.receiver = "/dev/ttyS0";
       },
       "--pulse"},
      {[](auto& s, auto& f) {
         f.board = Board::generic;
         s.pulse = "stream:/run/x";
       },
       "--receiver"},
      {[](auto&, auto& f) { f.cmdline_txt = "a\nb\n"; }, "one line"},
      {[](auto&, auto& f) { *f.config_txt += "dtoverlay=pps-gpio,gpiopin=18\n"; },
       "/boot/firmware/config.txt:14: a pulse on GPIO 18"},
  };
  for (const auto& each : cases) {
    Settings settings;
    auto facts = fresh_pi();
    each.change(settings, facts);
    CHECK_THAT(refusal(settings, facts), ContainsSubstring(each.words));
  }
}

TEST_CASE("a clock that stamps the pulse is given to ntsboxd alone, and has no latency",
          "[provision][plan]") {
  Settings settings;
  auto facts = fresh_pi();
  facts.phc_interfaces = {"eth0"};
  CHECK_THAT(content(good_plan(settings, facts), "/etc/chrony/chrony.conf"),
             ContainsSubstring("hwtimestamp"));
  settings.pulse = "phc:/dev/ptp1:2";
  const auto made = good_plan(settings, facts);
  // Its pulses would be missed while packets have it read.
  CHECK_THAT(content(made, "/etc/chrony/chrony.conf"), !ContainsSubstring("hwtimestamp"));
  CHECK_THAT(content(made, "/etc/udev/rules.d/60-ntsbox-pulse.rules"),
             ContainsSubstring(
                 "\nSUBSYSTEM==\"ptp\", KERNEL==\"ptp1\", GROUP=\"_ntsbox\", MODE=\"0660\"\n"));
  CHECK_THAT(content(made, "/etc/ntsbox/ntsboxd.toml"),
             ContainsSubstring("source = \"phc:/dev/ptp1:2\"\n") &&
                 ContainsSubstring("\nlatency_ns = 0\n"));
  CHECK_THAT(content(made, "/boot/firmware/config.txt"), !ContainsSubstring("pps-gpio"));
}
