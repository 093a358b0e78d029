// The smallest reasonable libgps client: what ntsboxd's CPU time and memory are compared with. It
// waits for reports and lets libgps parse them, as gpsd's own example does.

#include <gps.h>

#include <iostream>
#include <string>

int main(int argc, char** argv) {
  gps_data_t gps{};
  const std::string port = argc > 1 ? argv[1] : "2947";
  if (gps_open("127.0.0.1", port.c_str(), &gps) != 0) {
    std::cerr << "libgps_client: no gpsd on port " << port << "\n";
    return 1;
  }
  gps_stream(&gps, WATCH_ENABLE | WATCH_JSON | WATCH_PPS, nullptr);
  long fixes = 0;
  while (gps_waiting(&gps, 5'000'000)) {
    if (gps_read(&gps, nullptr, 0) < 0) break;
    if ((gps.set & MODE_SET) != 0 && gps.fix.mode >= MODE_2D) ++fixes;
  }
  std::cout << fixes << " fixes\n";
  gps_close(&gps);
}
