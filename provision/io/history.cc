#include "provision/io/history.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

#include "provision/io/unfinished.h"

namespace ntsbox::provision {
namespace {

constexpr char journal_name[] = "journal";
constexpr char done_name[] = "done";
constexpr char keep_keys_name[] = "keep-keys";

std::string folder_of(int generation) {
  return fmt::format("{}/{}", state_folder, generation);
}

std::string file_of(int generation, std::string_view name) {
  return fmt::format("{}/{}/{}", state_folder, generation, name);
}

Entry roots_own(std::string content) {
  return {Entry::Kind::file, 0600, "root", "root", std::move(content)};
}

const Entry roots_folder{Entry::Kind::folder, 0700, "root", "root", {}};

std::optional<int> generation_number(const std::string& name) {
  int value = 0;
  const auto* end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(name.data(), end, value);
  if (error != std::errc{} || stop != end || value < 1) return std::nullopt;
  return value;
}

Result<Journal> read_generation(System& system, int generation) {
  const auto path = file_of(generation, journal_name);
  TRY(const auto text, system.read(path));
  if (!text) {
    Journal empty;
    empty.generation = generation;
    return empty;
  }
  auto journal = parse_journal(*text, path);
  if (!journal) return journal;
  TRY(const auto names, system.list(folder_of(generation)));
  const auto has = [&](const char* name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  journal->generation = generation;
  journal->done = has(done_name);
  journal->keep_keys = has(keep_keys_name);
  return journal;
}

}  // namespace

Claim::Claim(System& system, std::shared_ptr<void> held)
    : system_(system), held_(std::move(held)) {}

Claim::~Claim() {
  const auto names = system_.list(state_folder);
  if (!names || std::any_of(names->begin(), names->end(), [](const std::string& name) {
        return generation_number(name).has_value();
      }))
    return;
  for (const auto* path : {unfinished_mark, result_text, result_json}) (void)system_.remove(path);
  (void)system_.remove(state_folder);
}

Result<std::unique_ptr<Claim>> Claim::on(System& system) {
  TRY(const auto now, system.look(state_folder));
  if (!now) {
    TRY(system.put(state_folder, roots_folder));
  } else if (!same(*now, roots_folder)) {
    return fail(fmt::format(
        "{}: is not a folder of root's alone (0700), so what it says cannot be believed; "
        "see who changed it, then chown root:root and chmod 0700",
        state_folder));
  }
  TRY(auto held, system.lock(state_folder));
  return std::unique_ptr<Claim>{new Claim{system, std::move(held)}};
}

Result<std::vector<Journal>> history(System& system) {
  TRY(const auto names, system.list(state_folder));
  std::vector<int> numbers;
  for (const auto& name : names)
    if (const auto number = generation_number(name)) numbers.push_back(*number);
  std::sort(numbers.begin(), numbers.end());
  std::vector<Journal> journals;
  for (const auto number : numbers) {
    TRY(auto journal, read_generation(system, number));
    journals.push_back(std::move(journal));
  }
  return journals;
}

Result<std::optional<Entry>> original(System& system, const Journal& journal, std::size_t index) {
  const auto& before = journal.steps[index].before;
  if (!before) return std::nullopt;
  Entry entry{before->kind, before->mode, before->owner, before->group, {}, before->modeless};
  if (entry.kind == Entry::Kind::folder) return entry;
  const auto path = file_of(journal.generation, kept_original(index));
  TRY(auto content, system.read(path));
  if (!content) return fail(path + ": the original that was kept is gone");
  entry.content = std::move(*content);
  if (trace_of(entry) != *before) return fail(path + ": the original that was kept is damaged");
  return entry;
}

Result<void> begin(System& system, const Journal& journal, const std::vector<Change>& changes) {
  const auto write = [&]() -> Result<void> {
    TRY(system.put(folder_of(journal.generation), roots_folder));
    for (std::size_t i = 0; i < changes.size(); ++i) {
      const auto& before = changes[i].before;
      if (!before || before->kind == Entry::Kind::folder) continue;
      auto kept =
          system.put(file_of(journal.generation, kept_original(i)), roots_own(before->content));
      if (!kept) return kept;
    }
    return system.put(file_of(journal.generation, journal_name),
                      roots_own(render_journal(journal)));
  };
  auto written = write();
  if (!written) (void)forget(system, journal);
  return written;
}

Result<void> finish(System& system, const Journal& journal) {
  return system.put(file_of(journal.generation, done_name), roots_own(""));
}

Result<void> reopen(System& system, const Journal& journal, bool keep_keys) {
  if (keep_keys) {
    auto marked = system.put(file_of(journal.generation, keep_keys_name), roots_own(""));
    if (!marked) return marked;
  }
  return system.remove(file_of(journal.generation, done_name));
}

Result<void> forget(System& system, const Journal& journal) {
  TRY(system.remove(file_of(journal.generation, journal_name)));
  TRY(const auto names, system.list(folder_of(journal.generation)));
  for (const auto& name : names) TRY(system.remove(file_of(journal.generation, name)));
  return system.remove(folder_of(journal.generation));
}

}  // namespace ntsbox::provision
