#include "provision/core/board.h"

#include <algorithm>
#include <array>

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

}  // namespace ntsbox::provision
