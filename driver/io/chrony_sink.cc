#include "driver/io/chrony_sink.h"

#include <fmt/format.h>

#include "driver/core/chrony_wire.h"
#include "driver/io/chrony_shm.h"
#include "driver/io/chrony_socket.h"

namespace ntsbox::driver {
namespace {

class SocketSink final : public Sink {
 public:
  explicit SocketSink(ChronySocket socket) : socket_(std::move(socket)) {}

  int send(const Sample& sample) override { return socket_.send(encode(sample).bytes()); }

 private:
  ChronySocket socket_;
};

class MemorySink final : public Sink {
 public:
  explicit MemorySink(int unit) : memory_(unit) {}

  int send(const Sample& sample) override { return memory_.send(sample); }

 private:
  ChronyShm memory_;
};

}  // namespace

Result<std::unique_ptr<Sink>> open_sink(const ChronySink& sink) {
  if (const auto* shm = std::get_if<ShmSink>(&sink)) return std::make_unique<MemorySink>(shm->unit);
  auto socket = ChronySocket::open(std::get<SockSink>(sink).path);
  if (!socket) return tl::unexpected(socket.error());
  return std::make_unique<SocketSink>(std::move(*socket));
}

std::string name_of(const ChronySink& sink) {
  if (const auto* shm = std::get_if<ShmSink>(&sink)) return fmt::format("shm:{}", shm->unit);
  return std::get<SockSink>(sink).path;
}

}  // namespace ntsbox::driver
