#pragma once
// config.txt and cmdline.txt of a Raspberry Pi: files of others, in which few lines are from
// ntsbox.

#include <string>

#include "base/result.h"
#include "provision/core/settings.h"

namespace ntsbox::provision {

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
