#include "pipeline/convert.h"

#include <algorithm>
#include <array>

#include "base/clock.h"
#include "base/cpu_features.h"
#include "base/error.h"
#include "base/thread_pool.h"
#include "codecs/codec.h"
#include "formats/gguf/complete_for_gguf.h"
#include "formats/gguf/write_gguf.h"
#include "pipeline/choose_storage.h"
#include "pipeline/conformance.h"
#include "pipeline/repack.h"
#include "pipeline/target_format.h"
#include "pipeline/transform_model.h"

namespace adze::pipeline {
namespace {

const std::array kFloatTypes = {&codecs::f32, &codecs::f16, &codecs::bf16};

// Null for "keep".
StorageType wanted_storage(const std::string& dtype) {
  if (dtype == "keep") return nullptr;
  for (const auto* codec : kFloatTypes) {
    if (codec->info.name == dtype) return &codec->info;
  }
  fail(ErrorCode::bad_input, "dtype \"{}\" is unknown; known are f32, f16, bf16 and keep", dtype);
}

// Numbers that a dtype speaks about: floats and everything packed, not integers.
bool holds_weights(const model::Tensor& tensor) {
  const StorageType storage = tensor.storage;
  return !storage->is_plain() || storage == &codecs::f64.info ||
         std::ranges::any_of(kFloatTypes, [&](const auto* codec) { return &codec->info == storage; });
}

// Values that a transform changed go back to a type of floats, never by themselves to a packed one.
StorageType kept_storage(const transforms::TransformedModel& transformed, const model::Tensor& tensor) {
  const StorageType storage = transformed.original_storage(tensor.name);
  if (storage->is_plain() || !transformed.is_changed(tensor.name)) return storage;
  fail(ErrorCode::bad_input, "'{}' was {} and its values have changed; say with --dtype how to store them", tensor.name,
       storage->name);
}

// A type asked for, or what the customs of the format make of the present one.
TensorPlan plan_floats(const model::Tensor& tensor, const formats::Format& format, StorageType kept,
                       StorageType wanted) {
  StorageType storage = wanted ? wanted : kept;
  if (format.storage_for) storage = format.storage_for(tensor, storage);
  return {.storage = storage, .reason = wanted ? "dtype" : "format"};
}

std::vector<TensorPlan> plan_tensors(const transforms::TransformedModel& transformed, const formats::Format& format,
                                     const ConvertRequest& request) {
  const StorageType wanted = wanted_storage(request.dtype);
  const bool same_format = transformed.model().format == format.name;
  const StorageRules rules{.require_exact = request.require_exact, .allow_requantize = request.allow_requantize};
  std::vector<TensorPlan> plans;
  for (const auto& tensor : transformed.model().tensors) {
    const StorageType kept = wanted ? tensor.storage : kept_storage(transformed, tensor);
    if (!holds_weights(tensor) || (!wanted && same_format)) {
      plans.push_back({.storage = kept, .reason = "format"});
    } else if (wanted || kept->is_plain() || !format.packed_types) {
      plans.push_back(plan_floats(tensor, format, kept, wanted));
    } else if (!holds_packed(format, tensor)) {
      plans.push_back({.storage = request.require_exact ? &codecs::f32.info : &codecs::f16.info, .reason = "format"});
    } else {
      plans.push_back(choose_packed_storage(tensor, format.packed_types(), rules));
    }
  }
  return plans;
}

transforms::TransformedModel transformed_source(const ConvertRequest& request, model::Model model, ThreadPool& pool,
                                                Progress& progress) {
  if (request.require_exact && !request.transforms.empty()) {
    fail(ErrorCode::bad_input, "an exact copy was asked for, and transforms change values");
  }
  TransformRequest transforms;
  for (const auto& name : request.transforms) transforms.transforms.push_back({name});
  const auto others = take_transform_settings(request.settings, transforms.transforms);
  if (!others.empty()) fail(ErrorCode::bad_input, "'{}' is no parameter of a transform", others.front());
  record_transforms(transforms.transforms, model);
  return transform_model(std::move(model), {}, transforms, pool, progress);
}

// The number that names the main type of a file must follow the tensors.
void update_file_type(model::Model& model) {
  if (!model.metadata.contains("file_type")) return;
  if (const auto type = formats::file_type_of(model.tensors)) model.metadata.set("file_type", *type);
}

// GGUF in parts is opened by its first one.
std::string first_file(const model::Model& model, const formats::Format& format, const ConvertRequest& request,
                       const formats::WriteOptions& options) {
  if (format.name != "gguf" || options.max_shard_bytes == 0) return request.target;
  return formats::plan_gguf_files(model, request.target, options).front().path;
}

int64_t total_bytes(const std::vector<TensorOutcome>& tensors) {
  int64_t bytes = 0;
  for (const auto& tensor : tensors) bytes += tensor.bytes;
  return bytes;
}

}  // namespace

Fidelity ConvertReport::fidelity() const {
  Fidelity worst = Fidelity::copied;
  for (const auto& tensor : tensors) worst = std::max(worst, tensor.fidelity);
  return worst;
}

int64_t ConvertReport::count(Fidelity fidelity) const {
  return std::ranges::count(tensors, fidelity, &TensorOutcome::fidelity);
}

ConvertReport convert(const ConvertRequest& request, Progress& progress) {
  const int64_t start = now_ns();
  const auto& format = target_format(request.format, request.target);
  auto model = formats::read_model(request.source);
  if (model.tensors.size() == 0) fail(ErrorCode::bad_input, "{}: holds no tensors to convert", request.source);
  require_rows(model);
  require_conformance(model, request.allow_mismatch);
  ConvertReport report{.source_format = model.format, .target_format = std::string(format.name)};
  report.bytes_read = model.tensors.byte_size();

  const unsigned threads = request.threads > 0 ? request.threads : available_processors();
  ThreadPool pool(threads);
  const auto transformed = transformed_source(request, std::move(model), pool, progress);
  report.folds = transformed.folds();
  model = transformed.model();
  const Repacking repacking(model.tensors, plan_tensors(transformed, format, request), {},
                            {.require_exact = request.require_exact});
  model.tensors = repacking.tensors();
  if (request.dtype != "keep") update_file_type(model);
  attach_conformance_kit(model, format);
  const int64_t held_bytes = transformed.most_held_bytes() + kept_bytes(format, repacking.tensors());
  const auto memory = plan_memory(repacking, threads, request.max_memory_bytes, held_bytes);
  ThreadPool writers(memory.threads);
  const formats::WriteOptions options{.pool = &writers,
                                      .progress = &progress,
                                      .max_shard_bytes = request.max_shard_bytes,
                                      .chunk_bytes = memory.chunk_bytes};
  format.write(model, request.target, options);
  verify_conformance(model, first_file(model, format, request, options));
  report.tensors = repacking.outcomes();
  describe_transformed(transformed, report.tensors);
  report.bytes_written = total_bytes(report.tensors);
  report.seconds = seconds_since(start);
  return report;
}

}  // namespace adze::pipeline
