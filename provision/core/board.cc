#include "provision/core/board.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace ntsbox::provision {
namespace {

struct Row {
  Board board;
  std::string_view name;
  BoardTraits traits;
};

// A Pi 5 was measured to stamp its pulses 11 to 12 µs late
// (https://github.com/geerlingguy/time-pi/issues/39), others 7 to 20
// (https://github.com/jclark/satpulse/issues/460). Of the other boards less is known: nothing is
// taken off, and as much may be wrong.
//
// A crystal without an oven follows its temperature: one that was measured beside a GPS receiver by
// 0.2 ppm/K + 0.015 ppm/K²
// (https://blog.dan.drown.org/beaglebone-black-ntpgps-server-temperature-compensation/), so 5 ppm
// covers a change of 12 K after the last pulse. chrony's own 1 ppm does not.
constexpr std::array<Row, 5> rows = {{
    {Board::pi3, "pi3", {"pi3", "/dev/ttyAMA0", false, true, 0, 10, 5}},
    {Board::pi4, "pi4", {"pi4", "/dev/ttyAMA0", false, true, 0, 10, 5}},
    {Board::pi5, "pi5", {"pi5", "/dev/ttyAMA0", true, false, 12, 8, 5}},
    {Board::zero2, "zero2", {"pi02", "/dev/ttyAMA0", false, true, 0, 10, 5}},
    {Board::generic, "generic", {"", "", false, false, 0, 10, 10}},
}};

struct Model {
  std::string_view words;  // with which the model begins, after "Raspberry Pi "
  Board board;
};

constexpr std::array<Model, 9> models = {{
    {"Zero 2", Board::zero2},
    {"3 ", Board::pi3},
    {"Compute Module 3", Board::pi3},
    {"4 ", Board::pi4},
    {"400", Board::pi4},
    {"Compute Module 4", Board::pi4},
    {"5 ", Board::pi5},
    {"500", Board::pi5},
    {"Compute Module 5", Board::pi5},
}};

const Row& row_of(Board board) {
  return *std::find_if(rows.begin(), rows.end(),
                       [&](const Row& row) { return row.board == board; });
}

constexpr std::string_view block_begin = "# BEGIN ntsbox-provision";
constexpr std::string_view block_end = "# END ntsbox-provision";
constexpr int default_pps_gpio = 18;  // of the pps-gpio overlay

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

/// One line of config.txt, as far as we care.
struct Line {
  std::size_t begin = 0, end = 0;  // in the text; `end` is past the line's newline
  int number = 0;                  // from 1
  std::string_view words;          // trimmed
  bool applies = true;             // its section may be meant for this board
};

/// Filters by model do not apply to other models; what other filters ask for cannot be seen here.
bool may_apply(std::string_view section, Board board) {
  constexpr std::array<std::string_view, 17> sections = {
      "pi0", "pi0w", "pi02", "pi1",  "pi2", "pi3",   "pi3+", "pi4", "pi400",
      "cm1", "cm3",  "cm4",  "cm4s", "pi5", "pi500", "cm0",  "cm5"};
  if (section == "none") return false;
  const auto own = traits_of(board).section;
  if (own == "pi3" && (section == "pi3+" || section == "cm3")) return true;
  if (own == "pi4" && (section == "pi400" || section == "cm4" || section == "cm4s")) return true;
  if (own == "pi5" && (section == "pi500" || section == "cm5")) return true;
  return section == own || std::find(sections.begin(), sections.end(), section) == sections.end();
}

std::vector<Line> lines_of(const std::string& text, Board board) {
  std::vector<Line> lines;
  bool applies = true;
  int number = 0;
  for (std::size_t from = 0; from < text.size();) {
    const auto newline = text.find('\n', from);
    const auto end = newline == std::string::npos ? text.size() : newline + 1;
    const auto words = trimmed(std::string_view{text}.substr(from, end - from - (end > newline)));
    if (words.size() > 2 && words.front() == '[' && words.back() == ']')
      applies = may_apply(words.substr(1, words.size() - 2), board);
    lines.push_back({from, end, ++number, words, applies});
    from = end;
  }
  return lines;
}

/// What of config.txt bears on our block.
struct Found {
  std::vector<std::pair<int, int>> pulses;  // line and GPIO of each pps-gpio overlay
  int miniuart_bt = 0;                      // the line; 0: none
  int uart_console = 0;
  std::optional<bool> enable_uart;  // the last one before the block
  int enable_uart_after = 0, disable_uart_after = 0;
};

std::optional<int> gpio_in(std::string_view parameters) {
  constexpr std::string_view word = "gpiopin=";
  const auto at = parameters.find(word);
  if (at == std::string_view::npos) return std::nullopt;
  parameters.remove_prefix(at + word.size());
  int gpio = 0;
  const auto [stop, error] =
      std::from_chars(parameters.data(), parameters.data() + parameters.size(), gpio);
  return error == std::errc{} ? std::optional{gpio} : std::nullopt;
}

void note_overlay(std::string_view value, int number, Found& found) {
  const auto name = value.substr(0, value.find(','));
  if (name == "pps-gpio")
    found.pulses.emplace_back(number, gpio_in(value).value_or(default_pps_gpio));
  if (name == "miniuart-bt" || name == "pi3-miniuart-bt") found.miniuart_bt = number;
}

void note_line(const Line& line, bool after_block, bool& in_pulse, Found& found) {
  const auto equals = line.words.find('=');
  if (!line.applies || line.words.starts_with('#') || equals == std::string_view::npos) return;
  const auto key = trimmed(line.words.substr(0, equals));
  const auto value = trimmed(line.words.substr(equals + 1));
  if (key == "dtoverlay") {
    note_overlay(value, line.number, found);
    in_pulse = value.substr(0, value.find(',')) == "pps-gpio";
  } else if (key == "dtparam") {
    // A parameter on a line of its own is the overlay's above it.
    if (const auto gpio = gpio_in(value); gpio && in_pulse) found.pulses.back().second = *gpio;
    if (value.starts_with("uart0_console")) found.uart_console = line.number;
  } else if (key == "enable_uart") {
    const bool on = value != "0";
    if (after_block)
      (on ? found.enable_uart_after : found.disable_uart_after) = line.number;
    else
      found.enable_uart = on;
  }
}

/// Why the block would not do what it shall; "" when it does.
std::string conflict(const Found& found, const BootWishes& wishes) {
  const auto& traits = traits_of(wishes.board);
  for (const auto& [number, gpio] : found.pulses)
    if (wishes.pps_gpio != 0 && gpio != wishes.pps_gpio)
      return fmt::format("{}: a pulse on GPIO {}: take the line out, or give --pps-gpio {}", number,
                         gpio, gpio);
  if (wishes.pps_gpio != 0 && found.pulses.size() > 1)
    return fmt::format("{}: the overlay of line {} once more: take one of them out",
                       found.pulses.back().first, found.pulses.front().first);
  if (!wishes.uart) return "";
  if (traits.bluetooth_has_uart && !wishes.keep_bluetooth && found.miniuart_bt != 0)
    return fmt::format(
        "{}: Bluetooth on the lesser UART, which also slows the receiver's: take the line out",
        found.miniuart_bt);
  if (traits.uart_is_dtparam && found.uart_console != 0)
    return fmt::format("{}: a console on the receiver's UART: take the line out",
                       found.uart_console);
  const int undone = traits.uart_is_dtparam ? found.enable_uart_after : found.disable_uart_after;
  if (undone != 0)
    return fmt::format("{}: enable_uart after the block of ntsbox undoes it: take the line out",
                       undone);
  return "";
}

std::string block(const Found& found, const BootWishes& wishes, std::string_view newline) {
  const auto& traits = traits_of(wishes.board);
  std::vector<std::string> lines{std::string{block_begin} +
                                 ": the next run writes what is between these lines anew"};
  if (wishes.uart) {
    lines.push_back(fmt::format("[{}]", traits.section));
    if (traits.uart_is_dtparam) {
      // With enable_uart=1 newer firmware puts its console there.
      if (found.enable_uart.value_or(false)) lines.emplace_back("enable_uart=0");
      lines.emplace_back("dtparam=uart0=on");
    } else {
      lines.emplace_back("enable_uart=1");
      if (!wishes.keep_bluetooth) lines.emplace_back("dtoverlay=disable-bt");
    }
  }
  lines.emplace_back("[all]");
  if (wishes.pps_gpio != 0 && found.pulses.empty())
    lines.push_back(fmt::format("dtoverlay=pps-gpio,gpiopin={}", wishes.pps_gpio));
  lines.emplace_back(block_end);
  std::string text;
  for (const auto& line : lines) text.append(line).append(newline);
  return text;
}

/// Where the block stands: [begin, end) of the text.
struct Place {
  std::size_t begin = 0, end = 0;
};

Result<std::optional<Place>> place_of(const std::vector<Line>& lines, const std::string& file) {
  std::optional<Place> place;
  const Line* open = nullptr;
  for (const auto& line : lines) {
    const bool begins = line.words.starts_with(block_begin);
    if ((begins && (open || place)) || (line.words.starts_with(block_end) && !open))
      return fail(
          fmt::format("{}:{}: the lines that mark the block of ntsbox are not one pair: take them "
                      "and what is between out",
                      file, line.number));
    if (begins) open = &line;
    if (!open || !line.words.starts_with(block_end)) continue;
    place = Place{open->begin, line.end};
    open = nullptr;
  }
  if (open)
    return fail(
        fmt::format("{}:{}: the block of ntsbox has no end: take it out", file, open->number));
  return place;
}

bool is_serial_word(std::string_view word) {
  constexpr std::array<std::string_view, 3> ports = {"serial0", "ttyAMA0", "ttyS0"};
  for (const std::string_view key : {"console=", "kgdboc="}) {
    if (!word.starts_with(key)) continue;
    const auto port = word.substr(key.size(), word.find(',') - key.size());
    return std::find(ports.begin(), ports.end(), port) != ports.end();
  }
  return false;
}

}  // namespace

std::string_view name_of(Board board) {
  return row_of(board).name;
}

std::optional<Board> board_named(std::string_view name) {
  const auto* found =
      std::find_if(rows.begin(), rows.end(), [&](const Row& row) { return row.name == name; });
  return found == rows.end() ? std::nullopt : std::optional{found->board};
}

Board board_of_model(std::string_view model) {
  static constexpr std::string_view maker = "Raspberry Pi ";
  if (!model.starts_with(maker)) return Board::generic;
  model.remove_prefix(maker.size());
  const auto* found = std::find_if(models.begin(), models.end(),
                                   [&](const Model& m) { return model.starts_with(m.words); });
  return found == models.end() ? Board::generic : found->board;
}

const BoardTraits& traits_of(Board board) {
  return row_of(board).traits;
}

Result<std::string> with_boot_block(const std::string& text, const std::string& file,
                                    const BootWishes& wishes) {
  const auto lines = lines_of(text, wishes.board);
  TRY(const auto place, place_of(lines, file));
  Found found;
  bool in_pulse = false;
  for (const auto& line : lines) {
    const bool inside = place && line.begin >= place->begin && line.begin < place->end;
    if (!inside) note_line(line, place && line.begin >= place->end, in_pulse, found);
  }
  if (const auto why = conflict(found, wishes); !why.empty())
    return fail(fmt::format("{}:{}", file, why));

  const std::string newline = text.find("\r\n") != std::string::npos ? "\r\n" : "\n";
  const auto owned = block(found, wishes, newline);
  if (place) return text.substr(0, place->begin) + owned + text.substr(place->end);
  const bool open_end = !text.empty() && text.back() != '\n';
  return text + (open_end ? newline : "") + (text.empty() ? "" : newline) + owned;
}

Result<std::string> without_serial_console(const std::string& text, const std::string& file) {
  const auto stop = std::min(text.find_first_of("\r\n"), text.size());
  if (text.find_first_not_of(" \t\r\n", stop) != std::string::npos)
    return fail(file + ": must be one line, since the kernel gets no more: join its lines");
  std::string line;
  bool cut = false;
  for (std::size_t from = 0; from < stop;) {
    // A word, and the blanks after it.
    const auto word_end = std::min(text.find_first_of(" \t", from), stop);
    const auto next = std::min(text.find_first_not_of(" \t", word_end), stop);
    cut = is_serial_word(std::string_view{text}.substr(from, word_end - from));
    if (!cut) line += text.substr(from, next - from);
    from = next;
  }
  if (cut) line.resize(line.find_last_not_of(" \t") + 1);
  return line + text.substr(stop);
}

}  // namespace ntsbox::provision
