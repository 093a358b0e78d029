#pragma once
// Texts that stand in files of their own beside this one, so that other tools can read them; CMake
// makes them constants.

#include <string_view>

namespace ntsbox::provision {

extern const std::string_view install_sh;         // of the bundle
extern const std::string_view bundle_readme_txt;  // with @SERVER@ and @FINGERPRINTS@
extern const std::string_view prove_sh;

}  // namespace ntsbox::provision
