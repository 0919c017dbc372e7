#include "formats/hf/understood.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "architectures/architecture.h"
#include "base/error.h"
#include "base/log.h"
#include "formats/hf/config_json.h"
#include "formats/hf/stacked_experts.h"
#include "formats/hf/unhandled_settings.h"
#include "model/name_patterns.h"

namespace adze::formats {
namespace {

using architectures::Architecture;

constexpr size_t kShown = 20;

/// What one architecture makes of a folder.
struct Reading {
  const Architecture* architecture = nullptr;
  std::vector<std::string> unplaced;  // names of weights
  UnhandledSettings settings;

  bool is_whole() const { return unplaced.empty() && settings.effective.empty(); }
};

bool is_unused(std::string_view name, const Architecture& architecture, const std::unordered_set<std::string>& all) {
  const auto plain = without_class_prefix(name, architecture);
  return std::ranges::any_of(architecture.unused_weights, [&](const architectures::UnusedWeights& unused) {
    const bool useful = !unused.unless_weight.empty() && all.contains(std::string(unused.unless_weight));
    return !useful && plain.starts_with(unused.prefix);
  });
}

Reading reading_as(const Architecture& architecture, const Json& config, const FolderWeights& weights) {
  Reading reading;
  reading.architecture = &architecture;
  const auto names = WeightNames::to_canonical(architecture);
  const std::unordered_set<std::string> all(weights.names.begin(), weights.names.end());
  std::unordered_set<std::string> canonical;
  for (const auto& name : weights.names) {
    if (is_unused(name, architecture, all)) continue;
    for (const auto& part : names_apart(name, architecture)) {
      if (const auto found = weights.variant.find(architecture, names, part)) {
        canonical.insert(found->name);
      } else {
        reading.unplaced.push_back(part);
      }
    }
  }
  reading.settings = unhandled_settings(config, architecture,
                                        [&](std::string_view name) { return canonical.contains(std::string(name)); });
  return reading;
}

// The one that has a place for most weights, and of these the one with the fewest settings that it does not know.
Reading nearest_reading(const Json& config, const FolderWeights& weights) {
  Reading best;
  for (const auto* architecture : architectures::all_architectures()) {
    auto reading = reading_as(*architecture, config, weights);
    const auto rank = [](const Reading& r) { return std::pair(r.unplaced.size(), r.settings.effective.size()); };
    if (!best.architecture || rank(reading) < rank(best)) best = std::move(reading);
  }
  return best;
}

void add_lines(const char* title, const std::vector<std::string>& lines, std::string& text) {
  if (lines.empty()) return;
  text += fmt::format("\n  {}:", title);
  for (size_t i = 0; i < std::min(lines.size(), kShown); ++i) text += "\n    " + lines[i];
  if (lines.size() > kShown) text += fmt::format("\n    … and {} more", lines.size() - kShown);
}

std::string differences(const Reading& reading) {
  std::vector<std::string> groups;
  for (const auto& group : model::grouped_names(reading.unplaced)) groups.push_back(model::to_string(group));
  std::string text;
  add_lines("weights that nothing is computed with", groups, text);
  add_lines("settings that change the result and are not handled", reading.settings.effective, text);
  return text;
}

constexpr const char* kWhatToDo =
    "\n  Computing without them would give another model. If you know that one of them has no effect, take it out of "
    "config.json or of the weights; else this architecture has to be added.";

[[noreturn]] void fail_unknown_class(const std::string& source, const std::string& unknown, const Reading& nearest,
                                     size_t weight_count) {
  if (nearest.unplaced.size() * 2 > weight_count) fail(ErrorCode::unsupported, "{}: {}", source, unknown);
  const auto& architecture = *nearest.architecture;
  const auto class_name = architecture.hugging_face_classes.front().class_name;
  if (nearest.is_whole()) {
    fail(ErrorCode::unsupported,
         "{}: {}\n  Its weights and settings all have a place in '{}'. If it computes the same, write "
         "\"architectures\": [\"{}\"] in config.json",
         source, unknown, architecture.name, class_name);
  }
  fail(ErrorCode::unsupported, "{}: {}\n  Its weights are most like those of '{}' ({}), except for{}{}", source,
       unknown, architecture.name, class_name, differences(nearest), kWhatToDo);
}

void warn_of_odd(const std::string& source, const std::vector<std::string>& keys) {
  std::string list;
  for (const auto& key : keys) list += (list.empty() ? "" : ", ") + key;
  if (!keys.empty()) {
    log_message(LogLevel::warning, fmt::format("{}: unknown settings are taken for harmless: {}", source, list));
  }
}

}  // namespace

void require_understood(const Json& config, const std::string& source, const FolderWeights& weights) {
  const auto* architecture = architecture_of_config(config);
  if (!architecture) {
    fail_unknown_class(source, unknown_class(config), nearest_reading(config, weights), weights.names.size());
  }
  const auto reading = reading_as(*architecture, config, weights);
  warn_of_odd(source, reading.settings.odd);
  if (reading.is_whole()) return;
  fail(ErrorCode::unsupported, "{}: the architecture '{}' does not cover all of this model:{}{}", source,
       architecture->name, differences(reading), kWhatToDo);
}

}  // namespace adze::formats
