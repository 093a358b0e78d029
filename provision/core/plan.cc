#include "provision/core/plan.h"

#include <algorithm>
#include <set>
#include <utility>

namespace ntsbox::provision {
namespace {

/// The plan's resources, each after the folders that hold it.
std::vector<Resource> with_parents(const Plan& plan) {
  std::set<std::string> planned;
  for (const auto& resource : plan.resources) planned.insert(resource.path);
  std::vector<Resource> all;
  for (const auto& resource : plan.resources) {
    const auto& path = resource.path;
    for (auto slash = path.find('/', 1); resource.entry && slash != std::string::npos;
         slash = path.find('/', slash + 1)) {
      auto parent = path.substr(0, slash);
      if (!planned.insert(parent).second) continue;
      all.push_back(Resource::folder(std::move(parent), 0755, "holds " + path));
      all.back().only_if_missing = true;
    }
    all.push_back(resource);
  }
  return all;
}

bool is_file(const std::optional<Entry>& entry) {
  return entry && entry->kind == Entry::Kind::file;
}

bool is_folder(const std::optional<Entry>& entry) {
  return entry && entry->kind == Entry::Kind::folder;
}

const std::optional<Entry>& at(const Machine& machine, const std::string& path) {
  static const std::optional<Entry> nothing;
  const auto found = machine.find(path);
  return found == machine.end() ? nothing : found->second;
}

/// What keeps `want` from being put where `now` stands; empty: nothing.
std::string obstacle(const Resource& want, const std::optional<Entry>& now) {
  if (!now) return {};
  if (now->kind == Entry::Kind::other) return "a device, pipe or socket stands there";
  if (is_folder(now) && !is_folder(want.entry)) return "a folder stands there";
  if (!is_folder(now) && is_folder(want.entry)) return "it is not a folder";
  return {};
}

bool edited_since(const Resource& want, const std::optional<Entry>& now, const Manifest& owned) {
  const auto known = owned.find(want.path);
  if (want.shared || known == owned.end() || !is_file(now) || !is_file(want.entry)) return false;
  return now->content != want.entry->content && known->second.after &&
         known->second.after->content != trace_of(*now).content;
}

/// Whether ntsbox wrote a secret there: a plan that removes the path does not hold that.
bool is_secret(const std::string& path, const Manifest& owned) {
  const auto known = owned.find(path);
  return known != owned.end() && known->second.secret;
}

/// Those that are no longer wanted go back to what they were, children before their folders.
void take_back(const Plan& plan, const Machine& now, const Manifest& owned,
               const Machine& originals, const std::set<std::string>& spared, Comparison& result) {
  for (const auto& path : no_longer_wanted(plan, owned)) {
    const auto& known = owned.at(path);
    const auto& found = at(now, path);
    const auto& original = at(originals, path);
    if (spared.count(path) > 0 || same(found, original)) continue;
    if (is_file(found) && known.after && known.after->content != trace_of(*found).content)
      result.edited.push_back(path);
    else if (found || !is_folder(original))
      result.changes.push_back({path, found, original, known.secret, "no longer wanted"});
  }
}

}  // namespace

std::string_view name_of(UnitAction::Verb verb) {
  constexpr std::string_view names[] = {"restart", "start", "stop"};
  return names[static_cast<std::size_t>(verb)];
}

std::vector<std::string> paths_to_look_at(const Plan& plan, const Manifest& owned) {
  std::set<std::string> paths;
  for (const auto& want : with_parents(plan)) {
    paths.insert(want.path);
    if (is_file(want.entry)) paths.insert(new_name(want.path));
  }
  for (const auto& [path, known] : owned) paths.insert(path);
  return {paths.begin(), paths.end()};
}

std::vector<std::string> no_longer_wanted(const Plan& plan, const Manifest& owned) {
  if (plan.partial) return {};
  std::set<std::string> wants;
  for (const auto& want : with_parents(plan)) wants.insert(want.path);
  std::vector<std::string> paths;
  for (const auto& [path, known] : owned)
    if (wants.count(path) == 0 && !is_master_copy(path)) paths.push_back(path);
  std::reverse(paths.begin(), paths.end());
  return paths;
}

Result<Comparison> compare(const Plan& plan, const Machine& now, const Manifest& owned,
                           const Machine& originals) {
  Comparison result;
  std::set<std::string> beside;
  for (const auto& want : with_parents(plan)) {
    const auto& found = at(now, want.path);
    if (want.only_if_missing && found) continue;
    if (const auto why = obstacle(want, found); !why.empty())
      return fail(want.path + ": cannot be made what it should be: " + why);
    if (same(found, want.entry)) continue;
    if (!edited_since(want, found, owned)) {
      result.changes.push_back(
          {want.path, found, want.entry, want.secret || is_secret(want.path, owned), want.why});
      continue;
    }
    result.edited.push_back(want.path);
    const auto name = new_name(want.path);
    beside.insert(name);
    if (!same(at(now, name), want.entry))
      result.changes.push_back(
          {name, at(now, name), want.entry, want.secret, "the new one, beside the edited one"});
  }
  take_back(plan, now, owned, originals, beside, result);
  return result;
}

std::vector<UnitAction> actions_for(const Plan& plan, const std::vector<Change>& changes) {
  std::set<std::string> changed;
  for (const auto& change : changes) changed.insert(change.path);
  std::vector<UnitAction> actions;
  for (const auto& action : plan.units) {
    const auto& because = action.because_of;
    if (because.empty() ? !changed.empty()
                        : std::any_of(because.begin(), because.end(),
                                      [&](const auto& path) { return changed.count(path) > 0; }))
      actions.push_back(action);
  }
  return actions;
}

bool needs_reboot(const Plan& plan, const std::vector<Change>& changes) {
  return std::any_of(changes.begin(), changes.end(), [&](const Change& change) {
    const auto& because = plan.reboot_because_of;
    return std::find(because.begin(), because.end(), change.path) != because.end();
  });
}

}  // namespace ntsbox::provision
