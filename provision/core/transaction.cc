#include "provision/core/transaction.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

#include "base/json.h"
#include "certs/inspect.h"

namespace ntsbox::provision {
namespace {

constexpr std::string_view kinds[] = {"file", "folder", "link", "other"};  // by Entry::Kind

void add(JsonObject& line, const std::string& side, const std::optional<Trace>& trace) {
  if (!trace) return;
  line.add(side, name_of(trace->kind))
      .add(side + "_mode", fmt::format("{:04o}", trace->mode))
      .add(side + "_owner", trace->owner)
      .add(side + "_group", trace->group)
      .add(side + "_sha256", trace->content);
  if (trace->modeless) line.add(side + "_modeless", true);
}

/// The members of one line, as text; numbers and truths as JSON writes them.
using Members = std::map<std::string, std::string, std::less<>>;

std::optional<Members> members_of(JsonParser& parser, std::string_view line) {
  Members members;
  const bool good = parser.parse(line, [&](std::string_view key, const JsonValue& value) {
    if (const auto* text = std::get_if<std::string_view>(&value)) members.emplace(key, *text);
    if (const auto* truth = std::get_if<bool>(&value)) members.emplace(key, *truth ? "true" : "");
    if (const auto* n = std::get_if<std::int64_t>(&value)) members.emplace(key, fmt::to_string(*n));
  });
  return good ? std::optional{std::move(members)} : std::nullopt;
}

std::string text(const Members& members, std::string_view key) {
  const auto found = members.find(key);
  return found == members.end() ? std::string{} : found->second;
}

std::optional<unsigned> number(const std::string& digits, int base) {
  unsigned value = 0;
  const auto* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value, base);
  if (digits.empty() || error != std::errc{} || stop != end) return std::nullopt;
  return value;
}

/// False when `side` is there and makes no sense.
bool read_trace(const Members& members, const std::string& side, std::optional<Trace>& trace) {
  const auto kind = text(members, side);
  if (kind.empty()) return true;
  const auto mode = number(text(members, side + "_mode"), 8);
  const auto* found = std::find(std::begin(kinds), std::end(kinds), kind);
  if (found == std::end(kinds) || !mode) return false;
  trace = Trace{static_cast<Entry::Kind>(found - std::begin(kinds)),
                *mode,
                text(members, side + "_owner"),
                text(members, side + "_group"),
                text(members, side + "_sha256"),
                !text(members, side + "_modeless").empty()};
  return true;
}

/// What is wrong with the line; empty: nothing.
std::string read_line(const Members& members, Transaction& transaction) {
  if (members.count("journal") > 0) {
    const auto begun = parse_iso_utc(text(members, "begun"));
    const auto generation = number(text(members, "generation"), 10);
    if (text(members, "journal") != "1") return "it was written by a later version of ntsbox";
    if (!begun || !generation || *generation == 0) return "it names no generation";
    transaction.begun = begun->second;
    transaction.generation = static_cast<int>(*generation);
    transaction.scope = text(members, "scope");
    transaction.version = text(members, "version");
  } else if (members.count("path") > 0) {
    Step step{
        text(members, "path"), {}, {}, !text(members, "secret").empty(), text(members, "why")};
    if (!read_trace(members, "before", step.before) || !read_trace(members, "after", step.after))
      return "it lacks what was there";
    transaction.steps.push_back(std::move(step));
  } else if (members.count("package") > 0) {
    transaction.packages.push_back(text(members, "package"));
  } else if (members.count("unit") > 0) {
    transaction.units.push_back({text(members, "unit"), !text(members, "active").empty()});
  }
  return {};
}

bool same_bytes(const std::optional<Trace>& a, const std::optional<Trace>& b) {
  return a && b ? a->kind == b->kind && a->content == b->content : a.has_value() == b.has_value();
}

}  // namespace

std::string_view name_of(Entry::Kind kind) {
  return kinds[static_cast<std::size_t>(kind)];
}

Trace trace_of(const Entry& entry) {
  return {entry.kind,
          entry.mode,
          entry.owner,
          entry.group,
          entry.kind == Entry::Kind::folder ? std::string{} : certs::sha256_hex(entry.content),
          entry.modeless};
}

std::optional<Trace> trace_of(const std::optional<Entry>& entry) {
  return entry ? std::optional{trace_of(*entry)} : std::nullopt;
}

std::string render_log(const Transaction& transaction) {
  auto out = JsonObject{}
                 .add("journal", 1)
                 .add("generation", transaction.generation)
                 .add("scope", transaction.scope)
                 .add("version", transaction.version)
                 .add("begun", transaction.begun)
                 .text() +
             "\n";
  for (const auto& step : transaction.steps) {
    JsonObject line;
    line.add("path", step.path);
    add(line, "before", step.before);
    add(line, "after", step.after);
    if (step.secret) line.add("secret", true);
    out += line.add("why", step.why).text() + "\n";
  }
  for (const auto& unit : transaction.units)
    out += JsonObject{}.add("unit", unit.unit).add("active", unit.active).text() + "\n";
  for (const auto& package : transaction.packages)
    out += JsonObject{}.add("package", package).text() + "\n";
  return out;
}

Result<Transaction> parse_log(std::string_view text, const std::string& file) {
  JsonParser parser{{}};
  Transaction transaction;
  for (int line = 1; !text.empty(); ++line) {
    const auto end = text.find('\n');
    const auto members = members_of(parser, text.substr(0, end));
    const auto wrong = !members || end == std::string_view::npos ? std::string{"it is damaged"}
                                                                 : read_line(*members, transaction);
    if (!wrong.empty())
      return fail(fmt::format("{}:{}: this transaction log cannot be read: {}", file, line, wrong));
    text.remove_prefix(end + 1);
  }
  if (transaction.generation == 0)
    return fail(file + ": this transaction log cannot be read: it is empty");
  return transaction;
}

std::string kept_original(std::size_t index) {
  return fmt::format("{}.original", index);
}

Manifest manifest(const std::vector<Transaction>& read_generations, std::string_view scope) {
  Manifest owned;
  for (const auto& transaction : read_generations) {
    if (transaction.scope != scope) continue;
    for (std::size_t i = 0; i < transaction.steps.size(); ++i) {
      const auto& step = transaction.steps[i];
      auto [place, fresh] = owned.try_emplace(
          step.path, OwnedPath{{}, step.before, transaction.generation, i, false});
      place->second.after = step.after;
      place->second.secret = place->second.secret || step.secret;
      if (same(step.after, place->second.origin)) owned.erase(place);
    }
  }
  return owned;
}

Undoing undoing(const Step& step, const std::optional<Entry>& now) {
  const auto found = trace_of(now);
  if (same(found, step.before)) return Undoing::nothing;
  // Nothing of anybody's is lost where nothing is; and a mode alone is no edit.
  if (!found || same_bytes(found, step.after) || same_bytes(found, step.before))
    return Undoing::restore;
  return Undoing::leave;
}

bool is_master_copy(std::string_view path) {
  constexpr std::string_view folder = pki_folder;
  return path.substr(0, folder.size()) == folder &&
         (path.size() == folder.size() || path[folder.size()] == '/');
}

bool is_unit_file(std::string_view path) {
  constexpr std::string_view folder = "/etc/systemd/system/";
  return path.substr(0, folder.size()) == folder;
}

}  // namespace ntsbox::provision
