#include "pipeline/quantize.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory_use.h"
#include "base/thread_pool.h"
#include "formats/gguf/read_gguf.h"
#include "formats/tensor_stream.h"
#include "pipeline/calibrated_inputs.h"
#include "pipeline/repack.h"
#include "quantize/mix.h"

namespace adze::pipeline {
namespace {

constexpr uint32_t kQuantizationVersion = 2;

void refuse_quantized(const model::Model& model) {
  for (const auto& tensor : model.tensors) {
    if (tensor.storage->is_plain()) continue;
    fail(ErrorCode::bad_input,
         "{}: tensor '{}' is quantized already ({}), and a second rounding adds its error; start from the original "
         "weights, or pass --allow-requantize",
         model.source, tensor.name, tensor.storage->name);
  }
}

/// Very low-bit types without importance give models that do not work.
void refuse_without_importance(const quantize::Mix& mix, const quantize::TensorToStore& tensor, StorageType storage) {
  if (tensor.storage == storage || !quantize::needs_importance(mix, tensor.name, storage)) return;
  fail(ErrorCode::bad_input,
       "{}: '{}' would become {}, which loses too much where nothing says which columns matter; give statistics of "
       "`adze calibrate` with --imatrix, choose a type of more bits, or pass --without-importance",
       mix.name, tensor.name, storage->name);
}

std::vector<TensorPlan> plan_tensors(const model::Model& model, const quantize::Mix& mix,
                                     const QuantizeRequest& request, const CalibratedInputs& inputs) {
  auto facts = quantize::mix_request(model);
  facts.has_importance = inputs.are_known();
  auto choices = quantize::choose_tensor_types(mix, facts, request.overrides);
  std::vector<TensorPlan> plans;
  for (size_t i = 0; i < choices.size(); ++i) {
    const bool is_known = inputs.know(facts.tensors[i].name) || request.without_importance;
    if (!is_known) refuse_without_importance(mix, facts.tensors[i], choices[i].storage);
    plans.push_back({choices[i].storage, std::move(choices[i].reason)});
  }
  return plans;
}

std::vector<TensorPlan> plan_by_recipe(const model::Model& model, const quantize::Recipe& recipe) {
  std::vector<TensorPlan> plans;
  for (auto& choice : quantize::choose_tensor_types(recipe, quantize::mix_request(model))) {
    plans.push_back({choice.storage, std::move(choice.reason)});
  }
  return plans;
}

// That of the mix whose main type has most bytes: readers show it as the model's type.
uint32_t file_type_of(const model::TensorList& tensors) {
  std::map<StorageType, int64_t> bytes;
  for (const auto& tensor : tensors) bytes[tensor.storage] += tensor.byte_size();
  const auto most = std::ranges::max_element(bytes, {}, [](const auto& entry) { return entry.second; });
  for (const auto& mix : quantize::all_mixes()) {
    if (most != bytes.end() && mix.base == most->first) return mix.file_type;
  }
  return quantize::mix_named("F32").file_type;
}

}  // namespace

std::string quantizer_name(const QuantizeRequest& request) {
  return request.quantizer.empty() && request.recipe ? request.recipe->quantizer : request.quantizer;
}

double QuantizeReport::bits_per_weight() const {
  return weights > 0 ? 8.0 * static_cast<double>(bytes_written) / static_cast<double>(weights) : 0;
}

QuantizeReport quantize(const QuantizeRequest& request, Progress& progress) {
  const int64_t start = now_ns();
  const quantize::Mix* mix = request.recipe ? nullptr : &quantize::mix_named(request.type);
  const auto& quantizer = chosen_quantizer(quantizer_name(request), request.statistics);
  const quantize::Settings settings(quantizer.parameters, request.settings);
  const CalibratedInputs inputs(quantizer, request.statistics);
  auto model = formats::read_model(request.source);
  require_rows(model);
  if (!request.allow_requantize) refuse_quantized(model);

  QuantizeReport report{.type = mix ? std::string(mix->name) : "recipe", .quantizer = std::string(quantizer.name)};
  report.bytes_read = model.tensors.byte_size();
  report.weights = model.tensors.element_count();
  auto plans = mix ? plan_tensors(model, *mix, request, inputs) : plan_by_recipe(model, *request.recipe);
  inputs.add_to(plans, model.tensors);
  const Repacking repacking(model.tensors, plans, {.quantizer = &quantizer, .settings = settings}, {});
  model.tensors = repacking.tensors();
  model.metadata.set("file_type", mix ? mix->file_type : file_type_of(model.tensors));
  model.metadata.set("quantization_version", kQuantizationVersion);
  inputs.record_in(model);

  ThreadPool pool(request.threads);
  formats::WriteOptions options{.pool = &pool, .progress = &progress, .sink = request.sink};
  if (request.keep_split) options.tensors_per_shard = formats::gguf_tensors_per_part(request.source);
  report.files = formats::plan_gguf_files(model, request.target, options);
  report.memory_bytes = memory_use().anonymous_bytes + formats::stream_memory_bytes(model.tensors, pool.size());
  if (!request.dry_run) formats::format_named("gguf").write(model, request.target, options);
  report.tensors = repacking.outcomes();
  report.bytes_written = model.tensors.byte_size();
  report.seconds = seconds_since(start);
  return report;
}

}  // namespace adze::pipeline
