#include "provision/core/bundle_hash.h"

#include "tests/support/catch.h"

using namespace ntsbox::provision;

TEST_CASE("a hash is taken in any case and grouping, and whole alone", "[provision][bundle]") {
  const std::string hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  CHECK(hash_in(hash).value_or("") == hash);
  CHECK(hash_in("BA7816BF 8F01CFEA 414140DE 5DAE2223 B00361A3 96177A9C B410FF61 F20015AD")
            .value_or("") == hash);
  for (const auto& bad : {std::string{}, std::string{" "}, hash.substr(1), hash + "0",
                          hash.substr(1) + "g", hash.substr(1) + "\n", "0x" + hash.substr(2)}) {
    CAPTURE(bad);
    CHECK_FALSE(hash_in(bad));
  }
  CHECK(hash_shown("b.tar", hash) ==
        "SHA-256 of b.tar:\n  ba7816bf 8f01cfea 414140de 5dae2223\n"
        "  b00361a3 96177a9c b410ff61 f20015ad\n");
  CHECK(hash_shown("\x1b[2Kb\n.tar", hash).starts_with("SHA-256 of ?[2Kb?.tar:\n"));
}

TEST_CASE("a bundle's name is safe in a shell and in a list of hashes", "[provision][bundle]") {
  for (const auto* good : {"b.tar", "/tmp/a b/gps-1_2+3.tar.gz"}) CHECK(is_bundle_name(good));
  for (const auto* bad : {"b", "tar", "b.tgz", "a b.tar", "a'.tar", "a\nb.tar", "a\\b.tar",
                          "$(x).tar", "-b.tar", "x/-b.tar", "b.tar/", "\xc3\xb6.tar"}) {
    CAPTURE(bad);
    CHECK_FALSE(is_bundle_name(bad));
  }
}

TEST_CASE("the commands for a client stop where the hash differs", "[provision][bundle]") {
  const auto commands = client_commands("b.tar", std::string(64, 'a'));
  CHECK(commands.find("  echo '" + std::string(64, 'a') +
                      "  b.tar' | sha256sum -c &&\n  tar -xf b.tar &&\n"
                      "  sudo sh ntsbox-bundle/install.sh\n") != std::string::npos);
}
