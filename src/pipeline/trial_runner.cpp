#include "pipeline/trial_runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/json.h"
#include "calibrate/fingerprint.h"
#include "evaluate/speed.h"
#include "pipeline/calibrated_inputs.h"
#include "pipeline/repack.h"
#include "quantize/mix.h"
#include "text/tokenizers/tokenizer.h"

namespace adze::pipeline {
namespace {

constexpr std::string_view kTypes[] = {"q2_k", "q3_k", "q4_k", "q5_k", "q6_k", "q4_0", "q4_1", "q5_0", "q5_1", "q8_0"};

std::vector<const codecs::Codec*> candidates_of(const TrialOptions& request) {
  std::vector<std::string> names = request.types;
  if (names.empty()) names.assign(std::begin(kTypes), std::end(kTypes));
  std::vector<const codecs::Codec*> candidates;
  for (const auto& name : names) {
    const auto& codec = codecs::require_codec(name);
    if (!codec.encode) fail(ErrorCode::unsupported, "{} can be read, but not written", codec.info.name);
    candidates.push_back(&codec);
  }
  return candidates;
}

std::vector<int32_t> tokens_of(const model::Model& model, const std::string& source) {
  if (!model.tokenizer) fail(ErrorCode::bad_input, "{}: without a tokenizer no text can be scored", model.source);
  const text::Tokenizer tokenizer(model.tokenizer);
  std::vector<int32_t> tokens = tokenizer.spec().prefix_ids;
  const auto rest = tokenizer.encode(source, {.add_special = false, .parse_special = false});
  tokens.insert(tokens.end(), rest.begin(), rest.end());
  return tokens;
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
          {"divergence", trial.divergence},
          {"divergence_error", trial.divergence_error},
          {"perplexity", trial.perplexity},
          {"top_agreement", trial.top_agreement},
          {"tokens_per_second", trial.tokens_per_second},
          {"memory_bytes", trial.memory_bytes},
          {"types", types}};
}

ModelPacking packing_of(const model::Model& model, const TrialOptions& options) {
  const auto& quantizer = chosen_quantizer(options.quantizer, options.statistics);
  ModelPacking packing;
  packing.options = {.quantizer = &quantizer, .settings = quantize::Settings(quantizer.parameters, options.settings)};
  const CalibratedInputs inputs(quantizer, options.statistics);
  if (!inputs.are_known()) return packing;
  for (const auto& tensor : model.tensors) packing.statistics.push_back(inputs.of(tensor));
  return packing;
}

// Everything but its name; false if it is of another model.
bool read_json(const Json& json, size_t tensors, Trial& trial) {
  trial.bytes = json.at("bytes");
  trial.divergence = json.at("divergence");
  trial.divergence_error = json.at("divergence_error");
  trial.perplexity = json.at("perplexity");
  trial.top_agreement = json.at("top_agreement");
  trial.tokens_per_second = json.at("tokens_per_second");
  trial.memory_bytes = json.at("memory_bytes");
  for (const auto& type : json.at("types")) trial.types.push_back(&codecs::require_codec(type.get<std::string>()).info);
  return trial.types.size() == tensors;
}

}  // namespace

TrialRunner::TrialRunner(const model::Model& model, TrialOptions options, Progress& progress)
    : model_(model),
      options_(std::move(options)),
      progress_(progress),
      candidates_(candidates_of(options_)),
      packing_(packing_of(model, options_)),
      tokens_(tokens_of(model, options_.text)),
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
  for (const auto& statistics : packing_.statistics) {
    if (statistics) fingerprint.add(std::as_bytes(std::span(statistics->importance)));
  }
  return fmt::format("model, text and statistics {:016x}, {}, {} chunks of {}, context {}, {} threads, types{}",
                     fingerprint.value(), packing_.options.quantizer->name, options_.text_chunks, options_.text_context,
                     options_.context, options_.threads, types);
}

QualityMeter& TrialRunner::meter() {
  if (!meter_) {
    const auto& prefix = model_.tokenizer->prefix_ids;
    const evaluate::TextOptions text{.context = options_.text_context,
                                     .max_chunks = options_.text_chunks,
                                     .first_token = prefix.empty() ? text::kNoToken : prefix.front()};
    meter_ =
        std::make_unique<QualityMeter>(model_, tokens_, QualityMeterOptions{.text = text, .threads = options_.threads});
  }
  return *meter_;
}

const Sensitivity& TrialRunner::sensitivity() {
  if (sensitivity_) return *sensitivity_;
  SensitivityRequest request{.candidates = candidates_, .packing = packing_, .threads = options_.threads};
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
  reference_perplexity_ = json.at("reference_perplexity");
  return read_json(json, model_.tensors.size(), trial);
}

// The trial that stores all tensors in the same types; null: none yet.
const Trial* TrialRunner::find_same(const std::vector<StorageType>& types) const {
  const auto same = std::ranges::find(trials_, types, &Trial::types);
  return same == trials_.end() ? nullptr : &*same;
}

const Trial& TrialRunner::add(Trial trial) {
  trial.bits_per_weight = 8.0 * static_cast<double>(trial.bytes) / static_cast<double>(model_.tensors.element_count());
  trials_.push_back(std::move(trial));
  return trials_.back();
}

// Speed and memory of the model with its tensors in these types.
void TrialRunner::measure_running(Trial& trial) const {
  throw_if_cancelled(progress_);
  model::Model model = model_;
  model.tensors = Repacking(model_.tensors, plans_of(trial), packing_.options, {}).tensors();
  const auto loaded = std::make_shared<runtime::LoadedModel>(std::move(model), passes::ActivationPolicy::automatic);
  const evaluate::SpeedOptions speed{.prompt_tokens = 0, .generated_tokens = 24, .rounds = 3};
  runtime::Session session(loaded, {.threads = options_.threads, .context_tokens = evaluate::context_for(speed)});
  trial.tokens_per_second = evaluate::measure_speed(session, speed, no_progress()).generated_tokens_per_second;
  trial.memory_bytes = static_cast<int64_t>(loaded->weights().owned_bytes() + session.plan().activation_bytes()) +
                       session.cache().token_bytes() * options_.context;
}

const Trial& TrialRunner::measure(Trial trial, const evaluate::DivergenceResult& quality) {
  trial.divergence = quality.mean_divergence();
  trial.divergence_error = quality.mean_divergence_error();
  trial.perplexity = quality.candidate.perplexity();
  trial.top_agreement = quality.top_agreement();
  reference_perplexity_ = quality.reference.perplexity();
  measure_running(trial);
  remember(trial.name, trial);
  return add(std::move(trial));
}

void TrialRunner::remember(const std::string& name, const Trial& trial) {
  Json json = to_json(trial);
  json["reference_perplexity"] = reference_perplexity_;
  store_.put(setting_, name, json.dump());
}

const Trial& TrialRunner::try_mix(std::string_view name) {
  throw_if_cancelled(progress_);
  Trial trial{.name = std::string(name)};
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
  const auto quality = meter().measure(trial.types, packing_);
  return measure(std::move(trial), quality);
}

const Trial& TrialRunner::try_budget(const Budget& budget) {
  throw_if_cancelled(progress_);
  Trial trial{.name = budget.max_divergence > 0 ? fmt::format("solved for KL {}", budget.max_divergence)
                                                : fmt::format("solved for {} bytes", budget.max_bytes)};
  if (recall(trial)) {
    const Trial* same = find_same(trial.types);
    return same ? *same : add(std::move(trial));
  }
  const BudgetSolution solution = solve_budget(model_, sensitivity(), budget, meter(), packing_, progress_);
  if (const Trial* same = find_same(solution.types)) {
    remember(trial.name, *same);
    return *same;
  }
  trial.types = solution.types;
  trial.bytes = solution.bytes;
  return measure(std::move(trial), solution.measured);
}

bool TrialRunner::knows(std::string_view name) const {
  return std::ranges::find(trials_, name, &Trial::name) != trials_.end();
}

const Trial& TrialRunner::trial_named(std::string_view name) const {
  return *std::ranges::find(trials_, name, &Trial::name);
}

}  // namespace adze::pipeline
