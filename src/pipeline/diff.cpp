#include "pipeline/diff.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "base/error.h"
#include "formats/format.h"
#include "formats/gguf/complete_for_gguf.h"
#include "pipeline/diff_texts.h"

namespace adze::pipeline {
namespace {

std::optional<double> number_of(const model::Value& value) {
  return std::visit(
      [](const auto& held) -> std::optional<double> {
        if constexpr (std::is_arithmetic_v<std::decay_t<decltype(held)>>) return static_cast<double>(held);
        return std::nullopt;
      },
      value);
}

// Formats store a number in different widths, and decimal fractions as f32 or as text.
bool is_same_setting(const model::Value& a, const model::Value& b) {
  if (a == b) return true;
  const auto number_a = number_of(a);
  const auto number_b = number_of(b);
  return number_a && number_b && static_cast<float>(*number_a) == static_cast<float>(*number_b);
}

// Special tokens are compared with the tokenizer; the rest says where a file came from.
bool says_how_to_generate(const std::string& key) {
  constexpr std::string_view kOthers[] = {"bos_token_id", "eos_token_id", "pad_token_id", "transformers_version"};
  return !key.starts_with("_") && std::ranges::find(kOthers, key) == std::end(kOthers);
}

model::KeyValues generation_defaults(const model::Model& model) {
  model::KeyValues defaults;
  for (const auto& [key, value] : model.generation) {
    if (says_how_to_generate(key)) defaults.append(key, value);
  }
  return defaults;
}

void compare_settings(const char* section, const model::KeyValues& first, const model::KeyValues& second,
                      std::vector<SettingDifference>& differences) {
  for (const auto& [key, value] : first) {
    const model::Value* other = second.find(key);
    if (other && is_same_setting(value, *other)) continue;
    differences.push_back({section, key, model::to_string(value), other ? model::to_string(*other) : std::string()});
  }
  for (const auto& [key, value] : second) {
    if (!first.contains(key)) differences.push_back({section, key, {}, model::to_string(value)});
  }
}

// With the keys that follow from the rest, which some formats leave out.
model::Model read_completed(const std::string& path) {
  model::Model model = formats::read_model(path);
  formats::complete_for_gguf(model);
  return model;
}

}  // namespace

DiffReport diff(const DiffRequest& request, Progress& progress) {
  if (!(request.tolerance >= 0)) fail(ErrorCode::bad_input, "a tolerance of {} makes no sense", request.tolerance);
  const int64_t start = now_ns();
  const model::Model first = read_completed(request.first);
  const model::Model second = read_completed(request.second);
  DiffReport report{.first_format = first.format, .second_format = second.format};
  if (first.architecture != second.architecture) {
    report.settings.push_back({"config", "architecture", first.architecture, second.architecture});
  }
  compare_settings("config", first.config, second.config, report.settings);
  compare_settings("generation", generation_defaults(first), generation_defaults(second), report.settings);
  report.tokenizer = compare_tokenizers(first, second);
  report.chat_templates = compare_chat_templates(first, second);
  if (request.with_tensors) {
    ThreadPool pool(request.threads);
    auto comparison = compare_tensors(first, second, request.tolerance, pool, progress);
    report.compared_tensors = comparison.compared;
    report.tensors = std::move(comparison.differences);
  }
  report.seconds = seconds_since(start);
  return report;
}

}  // namespace adze::pipeline
