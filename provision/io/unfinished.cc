#include "provision/io/unfinished.h"

#include <utility>

namespace ntsbox::provision {
namespace {

constexpr char words[] =
    "The last run of ntsbox-provision is not finished: ntsbox-provision-resume.service does the "
    "rest.\n";

Result<void> write(System& system, const std::string& path, std::string content) {
  return system.put(path, {Entry::Kind::file, 0600, "root", "root", std::move(content)});
}

}  // namespace

Result<bool> is_unfinished(System& system) {
  TRY(const auto mark, system.look(unfinished_mark));
  return mark.has_value();
}

Result<void> mark_unfinished(System& system) {
  TRY(const auto marked, is_unfinished(system));
  return marked ? Result<void>{} : write(system, unfinished_mark, words);
}

Result<void> mark_finished(System& system) {
  TRY(const auto marked, is_unfinished(system));
  return marked ? system.remove(unfinished_mark) : Result<void>{};
}

Result<void> keep_result(System& system, const std::string& text, const std::string& json) {
  TRY(write(system, result_text, text));
  return write(system, result_json, json);
}

}  // namespace ntsbox::provision
