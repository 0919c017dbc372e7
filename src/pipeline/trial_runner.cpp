#include "pipeline/trial_runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/json.h"
#include "calibrate/fingerprint.h"
#include "ops/linear/rows16_packing.h"
#include "pipeline/calibrated_inputs.h"
#include "pipeline/repack.h"
#include "pipeline/running_cost.h"
#include "pipeline/text_of_model.h"
#include "quantize/mix.h"

namespace adze::pipeline {
namespace {

// Those with fast kernels that are of use with what is known of the columns.
std::vector<const codecs::Codec*> fast_types(bool has_importance) {
  std::vector<const codecs::Codec*> types;
  for (const codecs::Codec* codec : codecs::all_codecs()) {
    const bool is_of_use = has_importance || !quantize::needs_importance(&codec->info);
    if (codec->encode && ops::rows16_layout(&codec->info) && is_of_use) types.push_back(codec);
  }
  return types;
}

std::vector<const codecs::Codec*> candidates_of(const TrialOptions& request) {
  if (request.types.empty()) return fast_types(!request.statistics.empty());
  std::vector<const codecs::Codec*> candidates;
  for (const auto& name : request.types) {
    const auto& codec = codecs::require_codec(name);
    if (!codec.encode) fail(ErrorCode::unsupported, "{} can be read, but not written", codec.info.name);
    candidates.push_back(&codec);
  }
  return candidates;
}

void refuse_quantized(const model::Model& model) {
  for (const auto& tensor : model.tensors) {
    if (tensor.storage->is_plain()) continue;
    fail(ErrorCode::bad_input, "{}: tensor '{}' is quantized already ({}); optimizing starts from the original weights",
         model.source, tensor.name, tensor.storage->name);
  }
}

Json to_json(const Trial& trial) {
  Json types = Json::array();
  for (const StorageType type : trial.types) types.push_back(type->name);
  return {{"bytes", trial.bytes},
          {"divergence", trial.divergence()},
          {"quality", evaluate::to_json(trial.quality)},
          {"tokens_per_second", trial.tokens_per_second},
          {"memory_bytes", trial.memory_bytes},
          {"types", types}};
}

ModelPacking packing_of(const model::Model& model, const quantize::Quantizer& quantizer, const TrialOptions& options,
                        const std::vector<std::string>& settings) {
  ModelPacking packing;
  packing.options = {.quantizer = &quantizer, .settings = quantize::Settings(quantizer.parameters, settings)};
  const CalibratedInputs inputs(quantizer, options.statistics);
  if (!inputs.are_known()) return packing;
  for (const auto& tensor : model.tensors) packing.statistics.push_back(inputs.of(tensor));
  return packing;
}

std::vector<const quantize::Quantizer*> quantizers_of(const TrialOptions& options) {
  std::vector<const quantize::Quantizer*> quantizers;
  for (const auto& name : options.quantizers) quantizers.push_back(&quantize::quantizer_named(name));
  if (!quantizers.empty()) return quantizers;
  quantizers.push_back(&chosen_quantizer({}, options.statistics));
  if (holds_hessians(options.statistics)) quantizers.push_back(&quantize::gptq);
  return quantizers;
}

bool has_parameter(const quantize::Quantizer& quantizer, std::string_view setting) {
  const std::string_view name = setting.substr(0, setting.find('='));
  return std::ranges::find(quantizer.parameters, name, &quantize::Parameter::name) != quantizer.parameters.end();
}

// A setting is for every quantizer that has such a parameter; the first refuses what is for none.
std::vector<std::string> settings_for(size_t index, const std::vector<const quantize::Quantizer*>& quantizers,
                                      const TrialOptions& options) {
  std::vector<std::string> settings;
  for (const std::string& setting : options.settings) {
    const auto knows = [&](const auto* quantizer) { return has_parameter(*quantizer, setting); };
    const bool is_known = std::ranges::any_of(quantizers, knows);
    if (is_known ? knows(quantizers[index]) : index == 0) settings.push_back(setting);
  }
  return settings;
}

std::vector<ModelPacking> packings_of(const model::Model& model, const TrialOptions& options) {
  const auto quantizers = quantizers_of(options);
  std::vector<ModelPacking> packings;
  for (size_t i = 0; i < quantizers.size(); ++i) {
    packings.push_back(packing_of(model, *quantizers[i], options, settings_for(i, quantizers, options)));
  }
  return packings;
}

// Everything but its name; false if it is of another model, or of a version that measured less.
bool read_json(const Json& json, size_t tensors, const std::string& source, Trial& trial) {
  if (!json.contains("quality")) return false;
  trial.bytes = json_value<int64_t>(json, "bytes", 0, source);
  trial.quality = evaluate::summary_from_json(json.at("quality"), source);
  trial.tokens_per_second = json_value(json, "tokens_per_second", 0.0, source);
  trial.memory_bytes = json_value<int64_t>(json, "memory_bytes", 0, source);
  for (const auto& name : json_value(json, "types", std::vector<std::string>(), source)) {
    trial.types.push_back(&codecs::require_codec(name).info);
  }
  return trial.types.size() == tensors;
}

}  // namespace

TrialRunner::TrialRunner(const model::Model& model, TrialOptions options, Progress& progress)
    : model_(model),
      options_(std::move(options)),
      progress_(progress),
      candidates_(candidates_of(options_)),
      packings_(packings_of(model, options_)),
      tokens_(tokens_of_text(model, options_.text)),
      store_(options_.trials) {
  require_rows(model_);
  refuse_quantized(model_);
  setting_ = describe_setting();
}

// What results depend on.
std::string TrialRunner::describe_setting() const {
  calibrate::Fingerprint fingerprint;
  fingerprint.add(model_);
  fingerprint.add(std::as_bytes(std::span(tokens_)));
  std::string types;
  for (const auto* candidate : candidates_) types += fmt::format(" {}", candidate->info.name);
  for (const auto& setting : options_.settings) fingerprint.add(std::as_bytes(std::span(setting)));
  for (const auto& statistics : packings_.front().statistics) {
    if (statistics) fingerprint.add(std::as_bytes(std::span(statistics->importance)));
  }
  return fmt::format("model, text and statistics {:016x}, {}, {} chunks of {}, context {}, {} threads, types{}",
                     fingerprint.value(), packings_.front().options.quantizer->name, options_.text_chunks,
                     options_.text_context, options_.context, options_.threads, types);
}

QualityMeter& TrialRunner::meter() {
  if (!meter_) {
    const evaluate::TextOptions text{
        .context = options_.text_context, .max_chunks = options_.text_chunks, .first_token = first_token_of(model_)};
    meter_ =
        std::make_unique<QualityMeter>(model_, tokens_, QualityMeterOptions{.text = text, .threads = options_.threads});
  }
  return *meter_;
}

const Sensitivity& TrialRunner::sensitivity() {
  if (sensitivity_) return *sensitivity_;
  SensitivityRequest request{.candidates = candidates_, .packing = packings_.front(), .threads = options_.threads};
  const auto key = [](const std::string& group) { return "group: " + group; };
  request.recall = [this, key](const std::string& group) -> std::optional<double> {
    const auto known = store_.find(setting_, key(group));
    if (!known) return std::nullopt;
    return parse_json(*known, options_.trials).get<double>();
  };
  request.remember = [this, key](const std::string& group, double divergence) {
    store_.put(setting_, key(group), Json(divergence).dump());
  };
  sensitivity_ = measure_sensitivity(model_, meter(), request, progress_);
  return *sensitivity_;
}

bool TrialRunner::recall(Trial& trial) {
  const auto known = store_.find(setting_, trial.name);
  if (!known) return false;
  const Json json = parse_json(*known, options_.trials);
  if (!read_json(json, model_.tensors.size(), options_.trials, trial)) return false;
  reference_perplexity_ = trial.quality.reference_perplexity.value;
  return true;
}

// What another quantizer than the first finds has its name.
Trial TrialRunner::new_trial(std::string name, size_t quantizer) const {
  Trial trial{.name = std::move(name), .quantizer = std::string(packings_[quantizer].options.quantizer->name)};
  if (quantizer > 0) trial.name += ", " + trial.quantizer;
  return trial;
}

// The trial that stores all tensors in the same types and values; null: none yet.
const Trial* TrialRunner::find_same(const Trial& trial) const {
  for (const Trial& other : trials_) {
    if (other.types == trial.types && other.quantizer == trial.quantizer) return &other;
  }
  return nullptr;
}

const Trial& TrialRunner::add(Trial trial) {
  trial.bits_per_weight = 8.0 * static_cast<double>(trial.bytes) / static_cast<double>(model_.tensors.element_count());
  trials_.push_back(std::move(trial));
  return trials_.back();
}

// Speed and memory of the model with its tensors in these types: the same whatever values a quantizer chose.
void TrialRunner::measure_running(Trial& trial) const {
  const auto known = std::ranges::find(trials_, trial.types, &Trial::types);
  if (known != trials_.end()) {
    trial.tokens_per_second = known->tokens_per_second;
    trial.memory_bytes = known->memory_bytes;
    return;
  }
  throw_if_cancelled(progress_);
  model::Model model = model_;
  const ModelPacking any_values;
  model.tensors =
      Repacking(model_.tensors, any_values.plans(trial.types, trial.name), any_values.options, {}).tensors();
  const auto loaded = std::make_shared<runtime::LoadedModel>(std::move(model), passes::ActivationPolicy::automatic);
  const auto cost = pipeline::measure_running(loaded, {.cache_tokens = options_.context, .threads = options_.threads});
  trial.tokens_per_second = cost.tokens_per_second;
  trial.memory_bytes = cost.memory_bytes;
}

const Trial& TrialRunner::measure(Trial trial, const evaluate::DivergenceResult& quality) {
  trial.quality = evaluate::summary_of(quality);
  reference_perplexity_ = trial.quality.reference_perplexity.value;
  measure_running(trial);
  remember(trial.name, trial);
  return add(std::move(trial));
}

void TrialRunner::remember(const std::string& name, const Trial& trial) {
  store_.put(setting_, name, to_json(trial).dump());
}

const Trial& TrialRunner::try_mix(std::string_view name) {
  throw_if_cancelled(progress_);
  Trial trial = new_trial(std::string(name), 0);
  if (recall(trial)) return add(std::move(trial));
  trial.types.clear();
  for (const auto& choice : quantize::choose_tensor_types(quantize::mix_named(name), quantize::mix_request(model_))) {
    trial.types.push_back(choice.storage);
  }
  trial.bytes = 0;
  size_t index = 0;
  for (const auto& tensor : model_.tensors) {
    trial.bytes += row_bytes(*trial.types[index++], tensor.shape.row_length()) * tensor.shape.row_count();
  }
  const auto quality = meter().measure(trial.types, packings_.front());
  return measure(std::move(trial), quality);
}

const Trial& TrialRunner::try_budget(const Budget& budget, size_t quantizer) {
  throw_if_cancelled(progress_);
  Trial trial = new_trial(budget.max_divergence > 0 ? fmt::format("solved for KL {}", budget.max_divergence)
                                                    : fmt::format("solved for {} bytes", budget.max_bytes),
                          quantizer);
  if (recall(trial)) {
    const Trial* same = find_same(trial);
    return same ? *same : add(std::move(trial));
  }
  const BudgetSolution solution = solve_budget(model_, sensitivity(), budget, meter(), packings_[quantizer], progress_);
  trial.types = solution.types;
  trial.bytes = solution.bytes;
  if (const Trial* same = find_same(trial)) {
    remember(trial.name, *same);
    return *same;
  }
  return measure(std::move(trial), solution.measured);
}

const Trial& TrialRunner::try_types_of(const Trial& other, size_t quantizer) {
  throw_if_cancelled(progress_);
  Trial trial = new_trial(other.name, quantizer);
  trial.types = other.types;
  trial.bytes = other.bytes;
  if (const Trial* same = find_same(trial)) return *same;
  if (Trial known = new_trial(other.name, quantizer); recall(known) && known.types == trial.types) {
    return add(std::move(known));
  }
  const auto quality = meter().measure(trial.types, packings_[quantizer]);
  return measure(std::move(trial), quality);
}

std::vector<std::string> TrialRunner::settings_of(const Trial& trial) const {
  const auto& quantizer = quantize::quantizer_named(trial.quantizer);
  std::vector<std::string> settings;
  for (const auto& setting : options_.settings) {
    if (has_parameter(quantizer, setting)) settings.push_back(setting);
  }
  return settings;
}

bool TrialRunner::knows(std::string_view name) const {
  return std::ranges::find(trials_, name, &Trial::name) != trials_.end();
}

const Trial& TrialRunner::trial_named(std::string_view name) const {
  return *std::ranges::find(trials_, name, &Trial::name);
}

}  // namespace adze::pipeline
