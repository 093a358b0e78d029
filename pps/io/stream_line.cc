// A pulse stream: what a wire would carry, written on a socket, with the clock's reading for a
// stamp.

#include <cstdint>

#include "lab/core/truth.h"
#include "lab/io/pulse_server.h"
#include "pps/io/pulse_line.h"

namespace ntsbox::pps {
namespace {

class StreamLine final : public PulseLine {
 public:
  explicit StreamLine(lab::PulseServer server) : server_(std::move(server)) {}

  Result<Edge> raise(Timekeeper& clock) override {
    const auto stamp = clock.now();
    server_.send(lab::pulse_line({{}, stamp, ++sequence_}));
    return Edge{stamp, stamp};  // by its own words
  }

  Result<void> lower() override { return {}; }

  void watch(std::vector<pollfd>& polled) const override { server_.watch(polled); }

  void serve() override { server_.serve(); }

 private:
  lab::PulseServer server_;
  std::uint32_t sequence_ = 0;
};

}  // namespace

Result<std::unique_ptr<PulseLine>> open_stream(const StreamOutput& output) {
  auto server = lab::PulseServer::listen(output.path);
  if (!server) return tl::unexpected(server.error());
  return std::make_unique<StreamLine>(std::move(*server));
}

}  // namespace ntsbox::pps
