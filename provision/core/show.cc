#include "provision/core/show.h"

#include <fmt/format.h>

#include <algorithm>
#include <dtl/dtl.hpp>
#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"

namespace ntsbox::provision {
namespace {

constexpr std::size_t most_bytes = std::size_t{1} << 20;

/// The lines of `text`; a last one without its newline is marked as by diff(1).
std::vector<std::string> diff_lines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) {
      lines.back() += "\n\\ No newline at end of file";
      break;
    }
    text.remove_prefix(end + 1);
  }
  return lines;
}

bool is_text(const std::optional<std::string_view>& side) {
  return !side || (side->size() <= most_bytes && side->find('\0') == std::string_view::npos);
}

std::string describe(const std::optional<std::string_view>& side) {
  return side ? fmt::format("{} bytes", side->size()) : "nothing";
}

/// dtl counts the lines of nothing from 1, diff(1) and patch(1) from 0.
std::string from_zero(std::string hunks) {
  for (const auto& [wrong, right] : {std::pair{"@@ -1,0 ", "@@ -0,0 "}, {" +1,0 @@", " +0,0 @@"}})
    if (const auto at = hunks.find(wrong); at < hunks.find('\n'))
      hunks.replace(at, std::string_view{wrong}.size(), right);
  return hunks;
}

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7f)
      out += fmt::format("\\x{:02x}", byte);
    else
      out += c;
  }
  return out;
}

std::string_view action_of(const Change& change) {
  if (!change.before) return "create";
  if (!change.after) return "remove";
  return change.before->content == change.after->content ? "set" : "change";
}

std::string mode_of(const Entry& entry) {
  return fmt::format("{:04o} {}:{}", entry.mode, entry.owner, entry.group);
}

/// What is shown of one side: nothing that is secret, and no certificate's base64.
std::optional<std::string> shown(const std::optional<Entry>& entry, bool secret) {
  if (!entry || entry->kind == Entry::Kind::folder) return std::nullopt;
  if (secret) return fmt::format("<secret, {} bytes>\n", entry->content.size());
  if (entry->kind == Entry::Kind::link) return "-> " + entry->content + "\n";
  if (entry->content.find("-----BEGIN CERTIFICATE") != std::string::npos)
    return fmt::format("<certificate, {} bytes>\n", entry->content.size());
  return entry->content;
}

std::optional<std::string_view> view(const std::optional<std::string>& text) {
  return text ? std::optional<std::string_view>{*text} : std::nullopt;
}

std::string json_change(const Change& change) {
  const auto& entry = change.after ? *change.after : *change.before;
  return JsonObject{}
      .add("path", change.path)
      .add("action", action_of(change))
      .add("kind", name_of(entry.kind))
      .add("mode", fmt::format("{:04o}", entry.mode))
      .add("owner", entry.owner)
      .add("group", entry.group)
      .add("secret", change.secret)
      .add("why", change.why)
      .add("diff", content_diff(change))
      .text();
}

std::string in_words(const UnitAction& action) {
  return fmt::format("{} {}", name_of(action.verb), action.unit);
}

void append_section(std::string& out, std::string_view title,
                    const std::vector<std::string>& lines) {
  if (lines.empty()) return;
  const bool apart = out.empty() || (out.size() > 1 && out.substr(out.size() - 2) == "\n\n");
  out += fmt::format("{}{}:\n", apart ? "" : "\n", title);
  for (const auto& line : lines) out += "  " + line + "\n";
}

std::vector<std::string> unit_lines(const Plan& plan, const Comparison& comparison) {
  std::vector<std::string> lines;
  for (const auto& action : actions_for(plan, comparison.changes))
    lines.push_back(in_words(action) + (action.why.empty() ? "" : ": " + action.why));
  return lines;
}

}  // namespace

std::string text_diff(const std::string& path, const std::optional<std::string_view>& before,
                      const std::optional<std::string_view>& after) {
  if (before == after) return {};
  if (!is_text(before) || !is_text(after))
    return fmt::format("Binary file {}: {} -> {}\n", path, describe(before), describe(after));
  dtl::Diff<std::string> diff{diff_lines(before.value_or("")), diff_lines(after.value_or(""))};
  diff.onHuge();
  diff.compose();
  diff.composeUnifiedHunks();
  std::ostringstream hunks;
  diff.printUnifiedFormat(hunks);
  return fmt::format("--- {}\n+++ {}\n{}", before ? path : "/dev/null", after ? path : "/dev/null",
                     escaped(from_zero(hunks.str())));
}

std::string headline(const Change& change) {
  const auto& entry = change.after ? *change.after : *change.before;
  auto line = fmt::format("{} {} {}", action_of(change), name_of(entry.kind), change.path);
  if (change.after && entry.kind != Entry::Kind::link)
    line += change.before && mode_of(*change.before) != mode_of(entry)
                ? fmt::format(" {} -> {}", mode_of(*change.before), mode_of(entry))
                : " " + mode_of(entry);
  return change.why.empty() ? line : line + ": " + change.why;
}

std::string content_diff(const Change& change) {
  const bool equal =
      change.before && change.after && change.before->content == change.after->content;
  if (equal && change.before->kind == change.after->kind) return {};
  const auto before = shown(change.before, change.secret);
  const auto after = shown(change.after, change.secret);
  if (before && after && *before == *after)
    return fmt::format("--- {0}\n+++ {0}\n-{1}+{2}", change.path, *before, *after);
  return text_diff(change.path, view(before), view(after));
}

std::string in_text(const Plan& plan, const Comparison& comparison) {
  std::string out;
  append_section(out, "Packages to install", plan.packages);
  if (!out.empty() && !comparison.changes.empty()) out += '\n';
  for (const auto& change : comparison.changes) {
    const auto diff = content_diff(change);
    out += headline(change) + "\n" + diff + (diff.empty() ? "" : "\n");
  }
  append_section(out, "Units", unit_lines(plan, comparison));
  append_section(out, "Edited since ntsbox wrote them, and left alone", comparison.edited);
  append_section(out, "Notes", plan.notes);
  return out;
}

std::string in_json(const Plan& plan, const Comparison& comparison) {
  const auto units = json_array(actions_for(plan, comparison.changes), [](const auto& action) {
    return JsonObject{}.add("action", in_words(action)).add("why", action.why).text();
  });
  return JsonObject{}
             .add_json("changes", json_array(comparison.changes, json_change))
             .add_json("packages", json_array(plan.packages))
             .add_json("units", units)
             .add_json("edited", json_array(comparison.edited))
             .add_json("notes", json_array(plan.notes))
             .add("reboot", needs_reboot(plan, comparison.changes))
             .add("identity_pending", plan.identity_pending)
             .text() +
         "\n";
}

ExitCode resumed_code(ExitCode run, const Findings& findings) {
  if (run != done && run != edited_locally) return run;
  return worst(findings) == Severity::failed ? verify_failed : run;
}

bool is_finished(ExitCode code) {
  return code == done || code == edited_locally;
}

std::string in_text(const Resumed& resumed) {
  const auto* state = is_finished(resumed.code) ? "the work of ntsbox-provision is finished"
                                                : "the work of ntsbox-provision is not finished "
                                                  "yet; it is tried again, also at each boot";
  return fmt::format("{}: {} (exit status {})\n{}{}", format_iso_utc(resumed.at), state,
                     static_cast<int>(resumed.code), resumed.words,
                     in_text(resumed.findings, false));
}

std::string in_json(const Resumed& resumed) {
  return JsonObject{}
             .add("at", resumed.at)
             .add("exit", static_cast<int>(resumed.code))
             .add("finished", is_finished(resumed.code))
             .add("words", resumed.words)
             .add_json("verify", in_json_line(resumed.findings))
             .text() +
         "\n";
}

}  // namespace ntsbox::provision
