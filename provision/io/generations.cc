#include "provision/io/generations.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

namespace ntsbox::provision {
namespace {

constexpr char log_name[] = "journal";
constexpr char done_name[] = "done";
constexpr char keep_keys_name[] = "keep-keys";

std::string folder_of(int generation) {
  return fmt::format("{}/{}", state_folder, generation);
}

std::string file_of(int generation, std::string_view name) {
  return fmt::format("{}/{}/{}", state_folder, generation, name);
}

Result<void> put_text(System& system, const std::string& path, std::string content) {
  return system.put(path, Entry::file(std::move(content), 0600));
}

const Entry roots_folder = Entry::folder(0700);

std::optional<int> generation_number(const std::string& name) {
  int value = 0;
  const auto* end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(name.data(), end, value);
  if (error != std::errc{} || stop != end || value < 1) return std::nullopt;
  return value;
}

Result<Transaction> read_generation(System& system, int generation) {
  const auto path = file_of(generation, log_name);
  TRY(const auto text, system.read(path));
  if (!text) {
    Transaction empty;
    empty.generation = generation;
    return empty;
  }
  auto transaction = parse_log(*text, path);
  if (!transaction) return transaction;
  TRY(const auto names, system.list(folder_of(generation)));
  const auto has = [&](const char* name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  transaction->generation = generation;
  transaction->done = has(done_name);
  transaction->keep_keys = has(keep_keys_name);
  return transaction;
}

constexpr char words[] =
    "The last run of ntsbox-provision is not finished: ntsbox-provision-resume.service does the "
    "rest.\n";

}  // namespace

StateLock::StateLock(System& system, std::shared_ptr<void> held)
    : system_(system), held_(std::move(held)) {}

StateLock::~StateLock() {
  const auto names = system_.list(state_folder);
  if (!names || std::any_of(names->begin(), names->end(), [](const std::string& name) {
        return generation_number(name).has_value();
      }))
    return;
  for (const auto* path : {pending_mark, result_text, result_json}) (void)system_.remove(path);
  (void)system_.remove(state_folder);
}

Result<std::unique_ptr<StateLock>> StateLock::acquire(System& system) {
  TRY(const auto now, system.look(state_folder));
  if (!now) {
    TRY(system.put(state_folder, roots_folder));
  } else if (!same(*now, roots_folder)) {
    return fail(
        fmt::format("{}: is not a folder of root's alone (0700), so it cannot be trusted; see who "
                    "changed it, then chown root:root and chmod 0700",
                    state_folder));
  }
  TRY(auto held, system.lock(state_folder));
  return std::unique_ptr<StateLock>{new StateLock{system, std::move(held)}};
}

Result<std::vector<Transaction>> read_generations(System& system) {
  TRY(const auto names, system.list(state_folder));
  std::vector<int> numbers;
  for (const auto& name : names)
    if (const auto number = generation_number(name)) numbers.push_back(*number);
  std::sort(numbers.begin(), numbers.end());
  std::vector<Transaction> transactions;
  for (const auto number : numbers) {
    TRY(auto transaction, read_generation(system, number));
    transactions.push_back(std::move(transaction));
  }
  return transactions;
}

Result<std::optional<Entry>> original(System& system, const Transaction& transaction,
                                      std::size_t index) {
  const auto& before = transaction.steps[index].before;
  if (!before) return std::nullopt;
  Entry entry{before->kind, before->mode, before->owner, before->group, {}, before->modeless};
  if (entry.kind == Entry::Kind::folder) return entry;
  const auto path = file_of(transaction.generation, kept_original(index));
  TRY(auto content, system.read(path));
  if (!content) return fail(path + ": the original that was kept is gone");
  entry.content = std::move(*content);
  if (trace_of(entry) != *before) return fail(path + ": the original that was kept is damaged");
  return entry;
}

Result<void> begin(System& system, const Transaction& transaction,
                   const std::vector<Change>& changes) {
  const auto write = [&]() -> Result<void> {
    TRY(system.put(folder_of(transaction.generation), roots_folder));
    for (std::size_t i = 0; i < changes.size(); ++i) {
      const auto& before = changes[i].before;
      if (!before || before->kind == Entry::Kind::folder) continue;
      TRY(put_text(system, file_of(transaction.generation, kept_original(i)), before->content));
    }
    return put_text(system, file_of(transaction.generation, log_name), render_log(transaction));
  };
  auto written = write();
  if (!written) (void)forget(system, transaction);
  return written;
}

Result<void> finish(System& system, const Transaction& transaction) {
  return put_text(system, file_of(transaction.generation, done_name), "");
}

Result<void> reopen(System& system, const Transaction& transaction, bool keep_keys) {
  if (keep_keys) TRY(put_text(system, file_of(transaction.generation, keep_keys_name), ""));
  return system.remove(file_of(transaction.generation, done_name));
}

Result<void> forget(System& system, const Transaction& transaction) {
  TRY(system.remove(file_of(transaction.generation, log_name)));
  TRY(const auto names, system.list(folder_of(transaction.generation)));
  for (const auto& name : names) TRY(system.remove(file_of(transaction.generation, name)));
  return system.remove(folder_of(transaction.generation));
}

Result<bool> is_pending(System& system) {
  TRY(const auto mark, system.look(pending_mark));
  return mark.has_value();
}

Result<void> mark_pending(System& system) {
  TRY(const auto marked, is_pending(system));
  return marked ? Result<void>{} : put_text(system, pending_mark, words);
}

Result<void> clear_pending(System& system) {
  return system.remove(pending_mark);
}

Result<void> keep_result(System& system, const std::string& text, const std::string& json) {
  TRY(put_text(system, result_text, text));
  return put_text(system, result_json, json);
}

}  // namespace ntsbox::provision
