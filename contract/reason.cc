#include "contract/reason.h"

namespace ntsbox {
namespace {

struct Row {
  std::string_view name;
  std::string_view words;
  std::string_view hint;
};

constexpr std::string_view update_firmware =
    "a week rollover of the receiver: update its firmware, or replace it";

// In the order of Reason.
constexpr std::array<Row, reason_count> rows{{
    {"clock-range", "the system clock is beyond what chronyd can correct: set it by hand once",
     "set the clock by hand once: date --set"},
    {"duplicate", "an edge was reported twice", ""},
    {"clock-step", "the system clock was stepped while a pulse was on its way", ""},
    {"off-beat", "an edge is off time: is the wire noisy, or the other edge captured?",
     "is the wire noisy, or the wrong edge captured? ([pulse] edge in /etc/ntsbox/ntsboxd.toml)"},
    {"pulse-rate",
     "the pulses are not once a second: is the receiver set to 1 Hz, the wire shielded?",
     "set the receiver to one pulse a second; shield the wire"},
    {"late", "pulses were handed over too late: is the machine overloaded?",
     "the machine is overloaded, or its clock is stopped at times"},
    {"no-gpsd", "gpsd cannot be reached: is it running? (systemctl status gpsd)",
     "systemctl status gpsd"},
    {"no-receiver",
     "gpsd runs and gets no data from a receiver: is it plugged in, and does gpsd have its device?",
     "is the receiver plugged in, does gpsd have its device (/etc/ntsbox/gpsd.env), and does it "
     "send RMC or GGA? gpsd 3.22 reports nothing of a receiver that sends ZDA alone"},
    {"several-receivers", "gpsd has several receivers: name the one to follow in [gpsd] device",
     "name the one to follow: ntsbox-provision --receiver DEVICE"},
    {"no-fix", "gpsd has no fix: is the antenna in sight of the sky?",
     "has the antenna a free view of the sky? A cold start takes up to 15 minutes"},
    {"no-second",
     "the receiver's messages do not label the second (no TOFF from gpsd, or too late)",
     "its messages come too late: raise its baud rate, or switch off messages that nobody needs"},
    {"time-mismatch", "gpsd's TPV and TOFF have different seconds",
     "restart gpsd; if it stays, the receiver is at fault"},
    {"leap-seconds",
     "the receiver counts leap seconds that cannot be (stale firmware?): wait for the almanac, or "
     "update it",
     "wait a quarter of an hour for the almanac; if it stays, update the receiver's firmware"},
    {"before-floor", "the receiver's date is in the past: its firmware may need an update",
     update_firmware},
    {"after-ceiling",
     "the receiver's date is too far in the future: its firmware may need an update",
     update_firmware},
    {"acquiring", "waiting for ten seconds of consistent messages", "wait ten seconds"},
    {"ambiguous",
     "the receiver's burst of messages spans a pulse or ends too near one: its time labels no "
     "second",
     "raise the receiver's baud rate, switch off messages that nobody needs (GSV, GSA), or have it "
     "send RMC first"},
    {"hold", "waiting for messages that confirm the counted second", "wait ten seconds"},
    {"fault",
     "the receiver contradicts the counted second, or the phase of the pulse has jumped: waiting "
     "for consistent messages, one minute of them or ten",
     "wait twelve minutes; if it stays, receiver or antenna are at fault, or somebody sends false "
     "signals"},
    {"month-end", "a month ends: paused until the receiver shows whether a leap second came",
     "wait until midnight UTC is over"},
    {"witness",
     "the synchronised system clock disagrees with the receiver: which of them is wrong?",
     "chronyd's other sources contradict the receiver: chronyc sources; is the wrong edge "
     "captured?"},
    {"pulse-drift",
     "the rate of the pulse changed by more than an oscillator can: does it run free?",
     "the pulse runs off: has the receiver lost its satellites, and does its pulse go on without "
     "them?"},
    {"no-fix-report", "gpsd reads the receiver, and reports no fix of it",
     "have the receiver send RMC or GGA (NMEA), or NAV-PVT (UBX): gpsd takes no fix from ZDA "
     "alone"},
    {"unknown-fix", "gpsd reports a time, and does not know whether the receiver has a fix",
     "have the receiver send NAV-PVT (UBX) or GSA (NMEA); gpsd 3.22 does not report the fix of a "
     "receiver in fixed-position mode: 3.25 does"},
    {"simulated-fix", "the receiver's fix is dead reckoned or simulated, no satellite gave it",
     "switch the receiver's simulation or dead reckoning off; it needs satellites"},
    {"no-date", "the receiver has a fix, and sends no date", "have the receiver send RMC or ZDA"},
    {"no-toff",
     "gpsd reports fix and time without their arrival (TOFF), and the receiver's sentences show no "
     "valid fix",
     "have the receiver send RMC with status A each second, first in its burst; has the antenna a "
     "free view of the sky?"},
    {"stuck-time", "gpsd has seen a later date from the receiver, and reports no TOFF until then",
     "the receiver's date was wrong for a time: systemctl restart gpsd; ntsbox-provision "
     "--restart-gpsd allows it to be done, at most hourly"},
    {"message-rate", "the receiver does not send a fix each second", "set the receiver to 1 Hz"},
    {"early-messages",
     "the receiver's messages come with the pulse: they may be for it or for the one before",
     "have the receiver send its messages 20 ms after the pulse or later"},
    {"late-messages", "the receiver's messages come more than a second after their pulse",
     "raise the receiver's baud rate, or switch off messages that nobody needs; if its time is "
     "right, systemctl restart ntsboxd"},
}};

constexpr std::array<std::string_view, state_count> states{"WAITING", "ACQUIRING", "LOCKED", "HOLD",
                                                           "FAULT"};

const Row& row_of(Reason reason) {
  return rows.at(static_cast<std::size_t>(reason));
}

}  // namespace

std::string_view name_of(Reason reason) {
  return row_of(reason).name;
}

std::string_view words_for(Reason reason) {
  return row_of(reason).words;
}

std::string_view hint_for(Reason reason) {
  return row_of(reason).hint;
}

std::optional<Reason> reason_named(std::string_view name) {
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (rows.at(i).name == name) return static_cast<Reason>(i);
  return std::nullopt;
}

std::string_view name_of(State state) {
  return states.at(static_cast<std::size_t>(state));
}

std::optional<State> state_named(std::string_view name) {
  for (std::size_t i = 0; i < states.size(); ++i)
    if (states.at(i) == name) return static_cast<State>(i);
  return std::nullopt;
}

}  // namespace ntsbox
