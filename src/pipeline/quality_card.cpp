#include "pipeline/quality_card.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <filesystem>

#include "base/cpu_features.h"
#include "base/error.h"
#include "base/file.h"
#include "base/sha256.h"
#include "base/this_program.h"
#include "formats/format.h"
#include "pipeline/request_json.h"
#include "quantize/quantizer.h"
#include "report/card_page.h"
#include "report/json_text.h"

namespace adze::pipeline {
namespace {

constexpr size_t kWorstTensors = 10;

Json to_json(const FileSum& sum) { return {{"path", sum.path}, {"bytes", sum.bytes}, {"sha256", sum.sha256}}; }

Json finite_or_null(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json model_of(const model::Model& model, const QuantizeReport& report) {
  const auto text = [&](const char* key) {
    const auto value = model.metadata.find_string(key);
    return value ? Json(*value) : Json(nullptr);
  };
  return {{"name", text("name")},
          {"architecture", model.architecture},
          {"license", text("license")},
          {"weights", report.weights}};
}

Json tool() {
  const std::string path = program_path();
  return {{"name", "adze"},
          {"version", program_version()},
          {"sha256", path.empty() ? Json(nullptr) : Json(sha256_of_file(path))},
          {"isa", isa_name(active_isa())}};
}

Json source_of(const CardFacts& facts, Json& statistics) {
  Json files = Json::array();
  for (const FileSum& sum : facts.inputs) {
    if (sum.path == facts.request.statistics) {
      statistics = to_json(sum);
    } else {
      files.push_back(to_json(sum));
    }
  }
  const auto weights = static_cast<double>(facts.report.weights);
  return {{"path", facts.request.source},
          {"tensor_bytes", facts.report.bytes_read},
          {"bits_per_weight", weights > 0 ? 8.0 * static_cast<double>(facts.report.bytes_read) / weights : 0},
          {"files", files}};
}

Json output_of(const CardFacts& facts) {
  Json files = Json::array();
  uint64_t bytes = 0;
  for (const FileSum& sum : facts.outputs) {
    files.push_back(to_json(sum));
    bytes += sum.bytes;
  }
  return {{"path", facts.request.target},
          {"bytes", bytes},
          {"tensor_bytes", facts.report.bytes_written},
          {"bits_per_weight", facts.report.bits_per_weight()},
          {"files", files}};
}

Json recipe_of(const CardFacts& facts) {
  return {{"type", facts.report.type},
          {"quantizer", facts.report.quantizer},
          {"options", pipeline::to_json(facts.request)}};
}

// Whether the same bytes come out elsewhere.
Json reproducibility(const QuantizeReport& report) {
  const auto& quantizer = quantize::quantizer_named(report.quantizer);
  if (!quantizer.runs_model) {
    return {{"isa", nullptr}, {"note", "the same bytes on every processor, with any number of threads"}};
  }
  const std::string isa = isa_name(active_isa());
  const std::string note =
      fmt::format("the quantizer runs the model between its blocks: the same bytes on processors that run {}", isa);
  return {{"isa", isa}, {"note", note}};
}

Json tensors_of(const std::vector<TensorOutcome>& outcomes) {
  Json rows = Json::array();
  for (const auto& tensor : outcomes) {
    const bool rounded = tensor.fidelity == Fidelity::rounded;
    rows.push_back({{"name", tensor.name},
                    {"shape", tensor.shape.dims()},
                    {"from", tensor.from->name},
                    {"to", tensor.to->name},
                    {"bytes", tensor.bytes},
                    {"bits_per_weight", tensor.bits_per_weight()},
                    {"fidelity", fidelity_name(tensor.fidelity)},
                    {"signal_to_noise_db", rounded ? finite_or_null(tensor.signal_to_noise) : Json(nullptr)},
                    {"rms_error", rounded ? finite_or_null(tensor.root_mean_square) : Json(nullptr)},
                    {"max_error", rounded ? finite_or_null(tensor.max_error) : Json(nullptr)},
                    {"reason", tensor.reason}});
  }
  return rows;
}

// Of all tensors that were rounded, as one.
Json overall_signal_to_noise(const std::vector<TensorOutcome>& outcomes) {
  double noise = 0, signal = 0;
  for (const auto& tensor : outcomes) {
    if (tensor.fidelity != Fidelity::rounded || !std::isfinite(tensor.signal_to_noise)) continue;
    const double own =
        tensor.root_mean_square * tensor.root_mean_square * static_cast<double>(tensor.shape.element_count());
    noise += own;
    signal += own * std::pow(10, tensor.signal_to_noise / 10);
  }
  return noise > 0 ? finite_or_null(10 * std::log10(signal / noise)) : Json(nullptr);
}

// The least first.
Json worst_tensors(const std::map<std::string, double>& ratios) {
  std::vector<std::pair<double, std::string>> sorted;
  for (const auto& [name, decibels] : ratios) sorted.emplace_back(decibels, name);
  std::ranges::sort(sorted);
  sorted.resize(std::min(sorted.size(), kWorstTensors));
  Json rows = Json::array();
  for (const auto& [decibels, name] : sorted) {
    rows.push_back({{"name", name}, {"product_signal_to_noise_db", decibels}});
  }
  return rows;
}

}  // namespace

Json streaming_card(const CardFacts& facts) {
  const auto model = formats::read_model(model_path(facts.request.target, facts.report), {.tokenizer = false});
  Json statistics = nullptr;
  Json source = source_of(facts, statistics);
  return {{"adze_card", kCardVersion},
          {"written_at", fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)))},
          {"model", model_of(model, facts.report)},
          {"output", output_of(facts)},
          {"source", std::move(source)},
          {"statistics", std::move(statistics)},
          {"recipe", recipe_of(facts)},
          {"reproducible", reproducibility(facts.report)},
          {"tool", tool()},
          {"signal_to_noise_db", overall_signal_to_noise(facts.report.tensors)},
          {"behaviour", nullptr},
          {"behaviour_missing", "not measured"},
          {"tensors", tensors_of(facts.report.tensors)}};
}

void add_behaviour(Json& card, const Behaviour& behaviour) {
  Json json = {{"text",
                {{"name", behaviour.text_name},
                 {"sha256", behaviour.text_sha256},
                 {"built_in", behaviour.text_is_built_in},
                 {"context", behaviour.context}}},
               {"activation", behaviour.activation}};
  if (behaviour.embeddings) {
    json.update(evaluate::to_json(*behaviour.embeddings));
  } else {
    json.update(evaluate::to_json(behaviour.quality));
    json["kl_histogram_edges"] = evaluate::histogram_edges();
  }
  json["worst_tensors"] = worst_tensors(behaviour.product_signal_to_noise);
  json["machine"] = {
      {"processor", cpu_features().model_name}, {"isa", isa_name(active_isa())}, {"threads", behaviour.cost.threads}};
  const auto measured = [](double value) { return value > 0 ? Json(value) : Json(nullptr); };
  json["tokens_per_second"] = measured(behaviour.cost.tokens_per_second);
  json["prompt_tokens_per_second"] = measured(behaviour.cost.prompt_tokens_per_second);
  json["load_seconds"] = measured(behaviour.load_seconds);
  json["memory_bytes"] = behaviour.cost.memory_bytes;
  json["memory_context_tokens"] = behaviour.cache_tokens;
  json["seconds"] = behaviour.seconds;
  card["behaviour"] = std::move(json);
  card["behaviour_missing"] = nullptr;
  for (Json& tensor : card["tensors"]) {
    const auto found = behaviour.product_signal_to_noise.find(tensor["name"].get<std::string>());
    const bool known = found != behaviour.product_signal_to_noise.end();
    tensor["product_signal_to_noise_db"] = known ? Json(found->second) : Json(nullptr);
  }
}

void explain_no_behaviour(Json& card, const std::string& reason) {
  card["behaviour"] = nullptr;
  card["behaviour_missing"] = reason;
}

std::string model_path(const std::string& target, const QuantizeReport& report) {
  return std::filesystem::is_directory(target) ? target : report.files.front().path;
}

// Beside a folder, not in it.
CardPaths card_paths(const std::string& output) {
  const std::string name = output.substr(0, output.find_last_not_of('/') + 1);
  return {name + ".card.json", name + ".card.html"};
}

void write_card(const Json& card, const std::string& output) {
  const CardPaths paths = card_paths(output);
  write_text_file(paths.json, report::indented_json(card) + "\n");
  write_text_file(paths.html, report::card_page(card));
}

Json read_card(const std::string& path) {
  Json card = read_json_file(path);
  if (!card.is_object() || !card.contains("adze_card")) fail(ErrorCode::bad_input, "{}: not a quality card", path);
  const int version = json_value(card, "adze_card", 0, path);
  if (version != kCardVersion) {
    fail(ErrorCode::unsupported, "{}: a card of version {}; this program reads version {}", path, version,
         kCardVersion);
  }
  return card;
}

}  // namespace adze::pipeline
