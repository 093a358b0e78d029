#include "certs/digest.h"

#include <fmt/format.h>

#include <array>
#include <cassert>

#include "certs/openssl.h"

namespace ntsbox::certs {
namespace {

std::array<unsigned char, 32> sha256(std::string_view bytes) {
  begin();
  std::array<unsigned char, 32> digest{};
  [[maybe_unused]] const int done =
      EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  assert(done == 1);
  return digest;
}

}  // namespace

std::string sha256_hex(std::string_view bytes) {
  std::string out;
  for (const auto byte : sha256(bytes)) out += fmt::format("{:02x}", byte);
  return out;
}

std::string sha256_colons(std::string_view bytes) {
  std::string out;
  for (const auto byte : sha256(bytes))
    out += fmt::format("{}{:02X}", out.empty() ? "" : ":", byte);
  return out;
}

}  // namespace ntsbox::certs
