#include "pipeline/merge_adapter.h"

#include <algorithm>
#include <memory>

#include "adapters/adapter_format.h"
#include "base/clock.h"
#include "base/cpu_features.h"
#include "base/error.h"
#include "base/thread_pool.h"
#include "codecs/codec.h"
#include "evaluate/divergence.h"
#include "formats/format.h"
#include "formats/gguf/complete_for_gguf.h"
#include "model/changed_weight.h"
#include "model/pooling.h"
#include "pipeline/conformance.h"
#include "pipeline/repack.h"
#include "pipeline/target_format.h"
#include "pipeline/text_of_model.h"
#include "runtime/session.h"

namespace adze::pipeline {
namespace {

StorageType wanted_storage(const std::string& type) {
  if (type == "keep") return nullptr;
  const auto& codec = codecs::require_codec(type);
  if (!codec.encode) fail(ErrorCode::unsupported, "{} can be read, but not written", type);
  return &codec.info;
}

// ---- the merged model

struct MergedModel {
  model::TensorList tensors;      // changed ones in f32
  std::vector<TensorPlan> plans;  // for each
  std::vector<bool> is_changed;   // each
  bool untied_head = false;
};

class Merging {
 public:
  Merging(const model::Model& base, const model::Adapter& adapter, double strength)
      : base_(base), adapter_(adapter), strength_(strength) {}

  MergedModel run() {
    for (const auto& tensor : base_.tensors) add(tensor.name, tensor);
    if (!base_.tensors.contains(model::kOutputWeight) && needs_own_head()) {
      const model::Tensor& shared = base_.tensors.at(model::kEmbeddingWeight);
      add(std::string(model::kOutputWeight), model::renamed(shared, std::string(model::kOutputWeight)));
      merged_.untied_head = true;
    }
    return std::move(merged_);
  }

 private:
  bool changes(std::string_view name) const {
    return std::ranges::find(adapter_.changes, name, &model::LowRankChange::weight) != adapter_.changes.end() ||
           std::ranges::find(adapter_.replaced, name, &model::Tensor::name) != adapter_.replaced.end();
  }
  bool needs_own_head() const {
    return base_.tensors.contains(model::kEmbeddingWeight) &&
           (changes(model::kEmbeddingWeight) || changes(model::kOutputWeight));
  }

  void add(const std::string& name, const model::Tensor& old) {
    const auto whole = std::ranges::find(adapter_.replaced, name, &model::Tensor::name);
    const auto change = std::ranges::find(adapter_.changes, name, &model::LowRankChange::weight);
    const bool is_whole = whole != adapter_.replaced.end();
    const bool is_change = change != adapter_.changes.end();
    merged_.tensors.add(is_whole ? *whole : is_change ? model::merged_tensor(old, *change, strength_) : old);
    merged_.plans.push_back({old.storage, is_whole ? "whole" : is_change ? "merged" : "unchanged"});
    merged_.is_changed.push_back(is_whole || is_change);
  }

  const model::Model& base_;
  const model::Adapter& adapter_;
  const double strength_;
  MergedModel merged_;
};

void choose_storages(MergedModel& merged, const std::string& source_format, const formats::Format& target,
                     StorageType wanted) {
  size_t index = 0;
  for (const auto& tensor : merged.tensors) {
    TensorPlan& plan = merged.plans[index];
    if (wanted && merged.is_changed[index]) plan.storage = wanted;
    const bool is_integer = tensor.storage == &codecs::i32.info || tensor.storage == &codecs::i64.info;
    if (source_format != target.name && target.storage_for && !is_integer) {
      plan.storage = target.storage_for(tensor, plan.storage);
    }
    ++index;
  }
}

void write_merged(const MergeRequest& request, model::Model model, const model::Adapter& adapter, MergeReport& report,
                  Progress& progress) {
  const auto& format = target_format(request.format, request.target);
  report.target_format = format.name;
  MergedModel merged = Merging(model, adapter, request.strength).run();
  choose_storages(merged, model.format, format, wanted_storage(request.type));
  report.changed = std::ranges::count(merged.is_changed, true);
  report.untied_head = merged.untied_head;
  const Repacking repacking(merged.tensors, merged.plans, {}, {});
  model.tensors = repacking.tensors();
  if (model.metadata.contains("file_type")) {
    if (const auto type = formats::file_type_of(model.tensors)) model.metadata.set("file_type", *type);
  }
  attach_conformance_kit(model, format);
  const unsigned threads = request.threads > 0 ? request.threads : available_processors();
  const auto memory = plan_memory(repacking, threads, request.max_memory_bytes);
  ThreadPool writers(memory.threads);
  format.write(model, request.target, {.pool = &writers, .progress = &progress, .chunk_bytes = memory.chunk_bytes});
  verify_conformance(model, request.target);
  report.tensors = repacking.outcomes();
  for (const auto& tensor : report.tensors) report.bytes_written += tensor.bytes;
}

// ---- how the merged model behaves

std::unique_ptr<runtime::Session> open(model::Model model, std::span<const runtime::AppliedAdapter> adapters,
                                       const evaluate::TextOptions& text, unsigned threads) {
  auto loaded =
      std::make_shared<runtime::LoadedModel>(std::move(model), passes::ActivationPolicy::f32,
                                             runtime::WeightMemory::mapped, passes::default_pipeline(), adapters);
  const int64_t batch = std::min(kBatchTokens, text.context);
  return std::make_unique<runtime::Session>(
      std::move(loaded),
      runtime::SessionOptions{
          .threads = threads, .context_tokens = text.context, .batch_tokens = batch, .logit_rows = batch});
}

void measure(const MergeRequest& request, const model::Model& base, std::shared_ptr<const model::Adapter> adapter,
             MergeReport& report, Progress& progress) {
  const MeasuredText wanted = or_built_in(request.text);
  const auto text = tokenized(base, wanted.content, wanted.context, wanted.chunks);
  const runtime::AppliedAdapter applied{std::move(adapter), request.strength};
  const auto reference = open(base, {&applied, 1}, text.options, request.threads);
  const auto candidate =
      open(formats::read_model(request.target, {.tokenizer = false}), {}, text.options, request.threads);
  report.quality =
      evaluate::summary_of(evaluate::measure_divergence(*candidate, *reference, text.tokens, text.options, progress));
  report.text_name = wanted.name;
}

}  // namespace

MergeReport merge_adapter(const MergeRequest& request, Progress& progress) {
  const int64_t start = now_ns();
  const model::Model base = formats::read_model(request.source);
  require_rows(base);
  require_conformance(base, false);
  const auto adapter = std::make_shared<const model::Adapter>(adapters::read_adapter(request.adapter, base));
  MergeReport report{.adapter_format = adapter->format};
  write_merged(request, base, *adapter, report, progress);
  if (request.measure && base.tokenizer && !model::is_encoder(base)) measure(request, base, adapter, report, progress);
  report.seconds = seconds_since(start);
  return report;
}

AdapterConvertReport convert_adapter(const AdapterConvertRequest& request) {
  const auto base = formats::read_model(request.base, {.tokenizer = false});
  const auto& format = request.format.empty() ? adapters::adapter_format_for(request.target)
                                              : adapters::adapter_format_named(request.format);
  const auto adapter = adapters::read_adapter(request.source, base);
  with_context(request.source, [&] { format.write(adapter, base, request.target); });
  AdapterConvertReport report{.source_format = adapter.format, .target_format = std::string(format.name)};
  report.changes = static_cast<int64_t>(adapter.changes.size());
  report.replaced = static_cast<int64_t>(adapter.replaced.size());
  for (const auto& change : adapter.changes) {
    report.largest_rank = std::max(report.largest_rank, change.rank());
    report.smallest_rank = report.smallest_rank ? std::min(report.smallest_rank, change.rank()) : change.rank();
    report.magnitudes += change.magnitude.has_value();
  }
  return report;
}

}  // namespace adze::pipeline
