#pragma once
// What differs from board to board, and what the firmware of a Raspberry Pi is asked for: a block
// in config.txt, and cmdline.txt without a console on the receiver's UART.

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ntsbox::provision {

enum class Board { pi3, pi4, pi5, zero2, generic };

/// "pi4".
[[nodiscard]] std::string_view name_of(Board board);
[[nodiscard]] std::optional<Board> board_named(std::string_view name);
/// By the device tree's words, "Raspberry Pi 4 Model B Rev 1.4"; generic for any other machine.
[[nodiscard]] Board board_of_model(std::string_view model);

/// What the firmware needs so that the receiver has the header's UART and its pulse a GPIO.
struct BoardTraits {
  std::string_view section;         // of config.txt, "pi4"; empty: no firmware of that kind
  std::string_view receiver;        // the header's UART once that is done; empty: unknown
  bool uart_is_dtparam = false;     // dtparam=uart0=on, and never enable_uart=1
  bool bluetooth_has_uart = false;  // Bluetooth sits on that UART until disable-bt
  int latency_us = 0;               // by how much it stamps an ordinary pulse late
  int latency_uncertainty_us = 10;  // how far that may be off
  int clock_error_ppm = 5;          // how far the crystal may go astray once nothing steers it
};

[[nodiscard]] const BoardTraits& traits_of(Board board);

/// What the firmware shall do.
struct BootWishes {
  Board board = Board::pi4;
  bool uart = true;             // the receiver is on the header's UART
  bool keep_bluetooth = false;  // it takes the lesser UART, ttyS0
  int pps_gpio = 4;             // BCM number; 0: the pulse comes in another way
};

/// `text` with our block in it: in place of the one that is there, else at the end. Sections
/// ([pi4], [all], …) and line ends are heeded, and nothing outside the block changes. `file` is for
/// messages. Fails, naming the line and the cure, when a line of somebody else's works against it.
[[nodiscard]] Result<std::string> with_boot_block(const std::string& text, const std::string& file,
                                                  const BootWishes& wishes);

/// The kernel's command line without consoles and debuggers on the header's UART; all other words,
/// and the blanks between them, stay. Fails when it is not one line.
[[nodiscard]] Result<std::string> without_serial_console(const std::string& text,
                                                         const std::string& file);

}  // namespace ntsbox::provision
