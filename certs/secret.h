#pragma once
// Bytes that are overwritten at their end, and how a backup is encrypted under a passphrase: as a
// CMS message (RFC 5083, RFC 3211), which `openssl cms -decrypt` opens without this program.

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace ntsbox::certs {

/// A private key or another secret: never copied, and overwritten when it goes. Who copies what
/// `view` shows answers for the copy.
class Secret {
 public:
  Secret() = default;
  /// A copy of `bytes`.
  explicit Secret(std::string_view bytes);
  ~Secret();

  Secret(Secret&& other) noexcept
      : bytes_(std::move(other.bytes_)), size_(std::exchange(other.size_, 0)) {}

  Secret& operator=(Secret&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    std::swap(size_, other.size_);
    return *this;
  }

  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;

  [[nodiscard]] std::string_view view() const { return {bytes_.get(), size_}; }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t size_ = 0;
};

/// Bytes that cannot be read without the passphrase: CMS AuthEnvelopedData in DER, AES-256-GCM, its
/// key wrapped under PBKDF2 of the passphrase. Fails on an empty one, and on more than 64 MiB.
[[nodiscard]] Result<std::string> seal(std::string_view plain, std::string_view passphrase);

/// Also opens what 0.1.0 sealed before it wrote CMS. Fails when `sealed` is no such thing, was
/// changed, or the passphrase is another; the last two cannot be told apart.
[[nodiscard]] Result<Secret> unseal(std::string_view sealed, std::string_view passphrase);

}  // namespace ntsbox::certs
