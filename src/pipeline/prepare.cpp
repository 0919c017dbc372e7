#include "pipeline/prepare.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "base/cpu_features.h"
#include "base/error.h"
#include "base/thread_pool.h"
#include "codecs/codec.h"
#include "formats/format.h"
#include "formats/gguf/kernel_rows.h"
#include "pipeline/conformance.h"
#include "pipeline/repack.h"
#include "runtime/loaded_model.h"
#include "runtime/plan.h"

namespace adze::pipeline {
namespace {

constexpr uint32_t kAlignment = 4096;  // of tensors in the file: a page, so that each is mapped by itself

// The groups of a tensor as rows of bytes, packed when asked for.
class PackedGroups final : public model::TensorSource {
 public:
  PackedGroups(model::Tensor tensor, const ops::WeightPacking& packing)
      : tensor_(std::move(tensor)),
        packing_(packing),
        group_bytes_(packing.group_bytes(tensor_.storage, tensor_.shape.row_length())) {}

  std::span<const std::byte> rows(int64_t first, int64_t count, std::vector<std::byte>& scratch) const override {
    scratch.resize(static_cast<size_t>(count * group_bytes_));
    std::vector<std::byte> rows_scratch;
    for (int64_t i = 0; i < count; ++i) {
      const auto [row, rows] = rows_of_groups(first + i, 1);
      packing_.pack_group(tensor_.storage, tensor_.source->rows(row, rows, rows_scratch).data(), rows,
                          tensor_.shape.row_length(), scratch.data() + i * group_bytes_);
    }
    return scratch;
  }
  void release(int64_t first, int64_t count) const override {
    const auto [row, rows] = rows_of_groups(first, count);
    tensor_.source->release(row, rows);
  }
  std::string where() const override { return tensor_.source->where(); }

  Shape shape() const {
    return {(tensor_.shape.row_count() + packing_.group_rows - 1) / packing_.group_rows, group_bytes_};
  }

 private:
  std::pair<int64_t, int64_t> rows_of_groups(int64_t first, int64_t count) const {
    const int64_t row = first * packing_.group_rows;
    return {row, std::min(count * packing_.group_rows, tensor_.shape.row_count() - row)};
  }

  model::Tensor tensor_;
  const ops::WeightPacking& packing_;
  int64_t group_bytes_;
};

model::Tensor packed_tensor(const model::Tensor& tensor, const ops::WeightPacking& packing) {
  auto groups = std::make_shared<PackedGroups>(tensor, packing);
  return {formats::kernel_rows_name(tensor.name), groups->shape(), &codecs::i8.info, groups};
}

// Which weights the kernels of this machine want packed and which as rows; packs nothing.
void ask_kernels(runtime::LoadedModel& model) {
  const runtime::KvCache cache(model.graph(), &codecs::f16.info, 1);
  const runtime::Plan plan(model.graph(), model.weights(), cache, {.max_tokens = 1, .max_logit_rows = 1});
}

// All that was asked for must be one layout: the keys name only one.
const ops::WeightPacking& only_packing(const runtime::WeightStore& weights, const std::string& source) {
  const auto packings = weights.packings();
  if (packings.empty()) {
    fail(ErrorCode::unsupported, "{}: no kernel for {} packs a weight of this model, so there is nothing to prepare",
         source, isa_name(active_isa()));
  }
  for (const auto& [name, packing] : packings) {
    if (packing == packings.begin()->second) continue;
    fail(ErrorCode::internal, "'{}' is wanted as {}, others as {}", name, packing->name,
         packings.begin()->second->name);
  }
  return *packings.begin()->second;
}

}  // namespace

PrepareReport prepare(const PrepareRequest& request, Progress& progress) {
  const int64_t start = now_ns();
  auto model = formats::read_model(request.source);
  require_rows(model);
  require_conformance(model, false);
  runtime::LoadedModel loaded(model, passes::activation_policy_named("auto"));
  ask_kernels(loaded);
  const auto& packing = only_packing(loaded.weights(), model.source);

  PrepareReport report{.layout = std::string(packing.name), .layout_version = packing.version};
  report.bytes_read = model.tensors.byte_size();
  model::TensorList tensors;
  std::vector<model::Tensor> packed;
  const auto packings = loaded.weights().packings();
  for (const auto& tensor : model.tensors) {
    const bool is_packed = packings.contains(tensor.name);
    if (!is_packed || loaded.weights().was_asked_for_plain(tensor.name)) tensors.add(tensor);
    if (!is_packed) continue;
    tensors.add(packed_tensor(tensor, packing));
    packed.push_back(tensor);
  }
  model.tensors = std::move(tensors);
  for (auto& [key, value] : formats::keys_of_kernel_rows(packing.name, packing.version, packed).take_all()) {
    model.other.set(key, std::move(value));
  }
  model.metadata.set("alignment", kAlignment);

  const auto& format = formats::format_named("gguf");
  attach_conformance_kit(model, format);
  ThreadPool pool(request.threads);
  format.write(model, request.target, {.pool = &pool, .progress = &progress});
  verify_conformance(model, request.target);
  report.tensors = static_cast<int64_t>(loaded.model().tensors.size());
  report.packed_tensors = static_cast<int64_t>(packed.size());
  report.bytes_written = model.tensors.byte_size();
  report.seconds = seconds_since(start);
  return report;
}

}  // namespace adze::pipeline
