#include "pipeline/quantize.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <utility>

#include "base/checksum.h"
#include "base/clock.h"
#include "base/cpu_features.h"
#include "base/error.h"
#include "base/file.h"
#include "base/thread_pool.h"
#include "calibrate/fingerprint.h"
#include "formats/gguf/read_gguf.h"
#include "pipeline/calibrated_inputs.h"
#include "pipeline/conformance.h"
#include "pipeline/fit_format.h"
#include "pipeline/quantize_journal.h"
#include "pipeline/repack.h"
#include "pipeline/target_format.h"
#include "pipeline/transform_model.h"
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

/// Changed tensors are judged by how they were stored before.
quantize::MixRequest facts_of(const transforms::TransformedModel& transformed) {
  auto facts = quantize::mix_request(transformed.model());
  for (auto& tensor : facts.tensors) tensor.storage = transformed.original_storage(tensor.name);
  return facts;
}

std::vector<quantize::TensorChoice> choose_types(const transforms::TransformedModel& transformed,
                                                 const QuantizeRequest& request) {
  auto facts = facts_of(transformed);
  if (request.recipe) return quantize::choose_tensor_types(*request.recipe, facts, request.overrides);
  facts.has_importance = !transformed.statistics().inputs.empty();
  return quantize::choose_tensor_types(quantize::mix_named(request.type), facts, request.overrides);
}

/// Without the lines for tensors that later transforms add.
quantize::Recipe lines_in_use(quantize::Recipe recipe, const model::TensorList& tensors) {
  std::erase_if(recipe.lines, [&](const auto& line) {
    return std::ranges::none_of(tensors, [&](const auto& tensor) { return quantize::matches(line.name, tensor.name); });
  });
  return recipe;
}

/// As the model is between two transforms.
std::map<std::string, StorageType> types_by_name(const transforms::TransformedModel& transformed,
                                                 QuantizeRequest request) {
  const auto& tensors = transformed.model().tensors;
  if (request.recipe) request.recipe = lines_in_use(std::move(*request.recipe), tensors);
  std::map<std::string, StorageType> types;
  const auto choices = choose_types(transformed, request);
  size_t index = 0;
  for (const auto& tensor : tensors) types[tensor.name] = choices[index++].storage;
  return types;
}

std::vector<TensorPlan> plan_tensors(const transforms::TransformedModel& transformed, const QuantizeRequest& request,
                                     const formats::Format& format) {
  const auto facts = facts_of(transformed);
  auto choices = choose_types(transformed, request);
  refuse_wide_blocks(format, choices, transformed.model().tensors);
  std::vector<TensorPlan> plans;
  for (size_t i = 0; i < choices.size(); ++i) {
    const auto& tensor = facts.tensors[i];
    const bool is_known = request.recipe || request.without_importance || transformed.statistics().find(tensor.name);
    if (!is_known) refuse_without_importance(quantize::mix_named(request.type), tensor, choices[i].storage);
    plans.push_back({choices[i].storage, std::move(choices[i].reason)});
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

/// Of names, shapes, types and the first row of every tensor: enough to notice another source.
uint64_t fingerprint_of(const model::Model& model) {
  calibrate::Fingerprint fingerprint;
  fingerprint.add(model);
  return fingerprint.value();
}

uint64_t fingerprint_of_file(const std::string& path) {
  return path.empty() ? 0 : checksum(MappedFile::open(path)->bytes());
}

uint64_t fingerprint_of_types(const std::vector<TensorOutcome>& tensors) {
  calibrate::Fingerprint fingerprint;
  for (const auto& tensor : tensors) fingerprint.add(std::as_bytes(std::span(tensor.to->name)));
  return fingerprint.value();
}

/// What decides the bytes of the target.
Json identity_of(const QuantizeRequest& request, const QuantizeReport& report, const Repacking& repacking,
                 uint64_t source) {
  const auto hexadecimal = [](uint64_t value) { return fmt::format("{:016x}", value); };
  return Json{{"adze", ADZE_VERSION},
              {"source", hexadecimal(source)},
              {"type", report.type},
              {"tensor types", hexadecimal(fingerprint_of_types(repacking.outcomes()))},
              {"quantizer", report.quantizer},
              {"settings", request.settings},
              {"transforms", text_of(report.transforms)},
              {"statistics", hexadecimal(fingerprint_of_file(request.statistics))},
              {"files", report.files.size()}};
}

/// Returns how many tensors an earlier run had completed.
size_t write_resumably(const model::Model& model, const QuantizeJournal::Options& wanted, const Repacking& repacking,
                       formats::WriteOptions options) {
  QuantizeJournal journal(wanted, repacking);
  options.ledger = &journal;
  try {
    formats::format_named("gguf").write(model, wanted.target, options);
  } catch (const Error& error) {
    if (journal.complete() == 0) throw;
    throw Error(error.code(), fmt::format("{}; {} of {} tensors are complete, --resume goes on with them", error.what(),
                                          journal.complete(), model.tensors.size()));
  }
  journal.close();
  return journal.reused();
}

/// Where no architecture says what tensors are for, everything may end up copied, which is no quantized model.
void refuse_mere_copies(const model::Model& model, const std::vector<TensorPlan>& plans) {
  size_t index = 0;
  const auto is_copied = [&](const auto& tensor) { return plans[index++].storage == tensor.storage; };
  if (!model.architecture.empty() || !std::ranges::all_of(model.tensors, is_copied)) return;
  fail(
      ErrorCode::unsupported,
      "{}: these are tensors without an architecture, and none of them would be quantized; start from a language model",
      model.source);
}

}  // namespace

std::string quantizer_name(const QuantizeRequest& request) {
  return request.quantizer.empty() && request.recipe ? request.recipe->quantizer : request.quantizer;
}

std::vector<quantize::RecipeTransform> transforms_of(const QuantizeRequest& request, std::vector<std::string>& others) {
  std::vector<quantize::RecipeTransform> steps;
  if (request.transforms.empty() && request.recipe) steps = request.recipe->transforms;
  for (const auto& name : request.transforms) steps.push_back({std::string(transforms::transform_named(name).name)});
  others = take_transform_settings(request.settings, steps);
  return steps;
}

namespace {

std::string quantized_format_names() {
  std::vector<std::string_view> names;
  for (const auto& format : formats::all_formats()) {
    if (format.packed_types) names.push_back(format.name);
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

// Without a name, GGUF, unless the target is a folder, or its name says MLX, GPTQ …: plain folders of Hugging Face hold
// no packed types.
const formats::Format& quantized_format(const std::string& name, const std::string& target) {
  if (name.empty()) {
    const bool is_folder = target.ends_with('/') || std::filesystem::is_directory(target);
    const auto& named = target_format(name, target);
    return named.packed_types ? named : formats::format_named(is_folder ? "mlx" : "gguf");
  }
  const auto& format = target_format(name, target);
  if (!format.packed_types) {
    fail(ErrorCode::unsupported, "{} holds no packed types; choose {}", format.name, quantized_format_names());
  }
  return format;
}

std::vector<formats::PlannedFile> files_in(const std::string& folder) {
  std::vector<formats::PlannedFile> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    files.push_back({entry.path().string(), entry.file_size(), 0});
  }
  std::ranges::sort(files, {}, &formats::PlannedFile::path);
  return files;
}

}  // namespace

double QuantizeReport::bits_per_weight() const {
  return weights > 0 ? 8.0 * static_cast<double>(bytes_written) / static_cast<double>(weights) : 0;
}

QuantizeReport quantize(const QuantizeRequest& request, Progress& progress) {
  const int64_t start = now_ns();
  const auto& format = quantized_format(request.format, request.target);
  const quantize::Mix* mix = request.recipe ? nullptr : &quantize::mix_named(request.type);
  const auto& quantizer = chosen_quantizer(quantizer_name(request), request.statistics);
  std::vector<std::string> words;
  auto steps = transforms_of(request, words);
  const quantize::Settings settings(quantizer.parameters, words);
  CalibratedInputs inputs(quantizer, request.statistics);
  auto model = formats::read_model(request.source);
  require_rows(model);
  if (!request.allow_requantize) refuse_quantized(model);
  require_conformance(model, request.allow_mismatch);

  QuantizeReport report{.architecture = model.architecture,
                        .type = mix ? std::string(mix->name) : "recipe",
                        .quantizer = std::string(quantizer.name)};
  report.bytes_read = model.tensors.byte_size();
  const unsigned threads = request.threads > 0 ? request.threads : available_processors();
  const uint64_t source_fingerprint = fingerprint_of(model);
  ThreadPool pool(threads);
  const auto types = [&](const auto& transformed) { return types_by_name(transformed, request); };
  const auto transformed = transform_model(
      std::move(model), inputs.statistics(),
      {.transforms = steps, .quantizer = &quantizer, .types = types, .is_dry_run = request.dry_run}, pool, progress);
  inputs.replace(transformed.statistics());
  report.transforms = std::move(steps);
  report.folds = transformed.folds();
  model = transformed.model();
  report.weights = model.tensors.element_count();
  auto plans = plan_tensors(transformed, request, format);
  keep_floats(format, plans, model.tensors);
  refuse_types(format, plans, model.tensors);
  refuse_mere_copies(model, plans);
  inputs.add_to(plans, model.tensors);
  const Repacking repacking(model.tensors, plans, {.quantizer = &quantizer, .settings = settings}, {});
  model.tensors = repacking.tensors();
  model.metadata.set("file_type", mix ? mix->file_type : file_type_of(model.tensors));
  model.metadata.set("quantization_version", kQuantizationVersion);
  inputs.record_in(model);
  record_transforms(report.transforms, model);
  attach_conformance_kit(model, format);

  const int64_t held_bytes = transformed.most_held_bytes() + kept_bytes(format, repacking.tensors());
  const auto memory = plan_memory(repacking, threads, request.max_memory_bytes, held_bytes);
  report.memory_bytes = memory.predicted_bytes;
  report.least_memory_bytes = memory.floor_bytes;
  report.threads = memory.threads;
  ThreadPool writers(memory.threads);
  formats::WriteOptions options{.pool = &writers,
                                .progress = &progress,
                                .max_shard_bytes = request.max_shard_bytes,
                                .sink = request.sink,
                                .chunk_bytes = memory.chunk_bytes};
  if (request.keep_split) options.tensors_per_shard = formats::gguf_tensors_per_part(request.source);
  const bool is_gguf = format.name == "gguf";
  if (is_gguf) report.files = formats::plan_gguf_files(model, request.target, options);
  if (request.sink || (!is_gguf && !request.dry_run)) {
    format.write(model, request.target, options);
    if (!request.sink) report.files = files_in(request.target);
  } else if (!request.dry_run) {
    const Json identity = identity_of(request, report, repacking, source_fingerprint);
    report.resumed_tensors = write_resumably(model, {request.target, identity, request.resume}, repacking, options);
  }
  if (!request.sink && !request.dry_run)
    verify_conformance(model, is_gguf ? report.files.front().path : request.target);
  report.tensors = repacking.outcomes();
  describe_transformed(transformed, report.tensors);
  report.bytes_written = model.tensors.byte_size();
  report.seconds = seconds_since(start);
  return report;
}

}  // namespace adze::pipeline
