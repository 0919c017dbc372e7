// Rotation: the sum that runs through all layers is seen in another orthonormal basis, in which no number stands out.
// With x' = Q x, matrices that read x become W Q^T, those that write to it Q W, and RMS norms, whose factors first move
// into the matrices behind them, see the same length. Heads of values are rotated the same way between the matrix that
// makes them and the one that reads them, since attention only ever adds whole heads.
//
// S. Ashkboos et al., "QuaRot: outlier-free 4-bit inference in rotated LLMs", 2024: what folds into weights.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "transforms/changed_statistics.h"
#include "transforms/changed_tensor.h"
#include "transforms/model_structure.h"
#include "transforms/transform.h"

namespace adze::transforms {
namespace {

constexpr std::string_view kKinds[] = {"hadamard", "orthogonal"};
constexpr std::string_view kSwitch[] = {"off", "on"};
constexpr const char* kOutput = "output.weight";

constexpr quantize::Parameter kParameters[] = {
    {.name = "kind",
     .meaning = "random signs and a Hadamard matrix, or a dense random orthogonal one",
     .initial = 0,
     .choices = kKinds},
    {.name = "stream", .meaning = "rotate the sum that runs through all layers", .initial = 1, .choices = kSwitch},
    {.name = "heads", .meaning = "rotate the heads of values", .initial = 1, .choices = kSwitch},
    {.name = "seed", .meaning = "of signs and random matrices", .initial = 0, .maximum = 1e9, .is_integer = true},
};

class Rotating {
 public:
  Rotating(TransformedModel& model, const TransformContext& context)
      : model_(model),
        settings_(context.settings),
        kind_(settings_.integer("kind") == 0 ? RotationKind::hadamard : RotationKind::orthogonal),
        structure_(find_structure(context.graph)) {}

  void run() {
    if (settings_.integer("stream") != 0) rotate_stream();
    if (settings_.integer("heads") != 0) rotate_heads();
  }

 private:
  std::shared_ptr<const Rotation> rotation_of(int64_t size, int64_t place) const {
    return std::make_shared<Rotation>(size, kind_, static_cast<uint64_t>(settings_.integer("seed")) + (place << 32));
  }

  void note(const std::string& what, bool done, const std::string& detail) {
    model_.note({.transform = "rotate", .what = what, .done = done, .detail = detail});
  }

  bool is_embedding(const std::string& weight) const {
    return std::ranges::find(structure_.residual.embeddings, weight) != structure_.residual.embeddings.end();
  }

  // Empty, or which weight does something else too.
  std::string shared_weight() const {
    const auto& stream = structure_.residual;
    const auto is_shared = [&](const std::string& weight) { return structure_.uses.at(weight) > 1; };
    for (const auto& writer : stream.writers) {
      if (is_shared(writer.weight)) return writer.weight;
      if (!writer.bias.empty() && is_shared(writer.bias)) return writer.bias;
    }
    for (const auto& group : stream.readers) {
      if (is_shared(group.norm)) return group.norm;
      for (const auto& reader : group.readers) {
        if (!is_embedding(reader) && is_shared(reader)) return reader;
      }
    }
    return untied_readers() > 1 || (untied_readers() == 1 && model_.model().tensors.contains(kOutput)) ? kOutput : "";
  }

  int64_t untied_readers() const {
    int64_t count = 0;
    for (const auto& group : structure_.residual.readers)
      count += std::ranges::count_if(group.readers, [&](const auto& reader) { return is_embedding(reader); });
    return count;
  }

  void rotate_stream() {
    auto refusals = structure_.stream_refusals;
    if (const auto shared = shared_weight(); !shared.empty()) {
      refusals.push_back(fmt::format("'{}' is used in several places", shared));
    }
    for (const auto& refusal : refusals) note("residual stream", false, refusal);
    if (!refusals.empty()) return;
    const auto q = rotation_of(structure_.residual.features, 0);
    for (const auto& group : structure_.residual.readers) rotate_readers(group, q);
    for (const auto& embedding : structure_.residual.embeddings) {
      model_.replace(with_columns_rotated(model_.tensor(embedding), q));
    }
    for (const auto& writer : structure_.residual.writers) rotate_rows(writer, q);
    note("residual stream", true, q->description());
  }

  // Before the embedding is replaced, which a head may share.
  void rotate_readers(const NormedReaders& group, const std::shared_ptr<const Rotation>& q) {
    const auto factors = std::make_shared<const std::vector<float>>(model::decode_all(model_.tensor(group.norm)));
    auto inverse = std::make_shared<std::vector<float>>();
    for (const float factor : *factors) inverse->push_back(factor != 0 ? 1 / factor : 0);
    StatisticsChange inputs({inverse, q});
    for (const auto& reader : group.readers) {
      auto rotated = with_columns_rotated(with_columns_scaled(model_.tensor(reader), factors), q);
      if (is_embedding(reader)) {
        untie(std::move(rotated), reader);
      } else {
        model_.replace(std::move(rotated));
      }
      change_inputs(inputs, is_embedding(reader) ? kOutput : reader, reader);
    }
    model_.replace(ones(group.norm, static_cast<int64_t>(factors->size())));
  }

  void untie(model::Tensor head, const std::string& embedding) {
    model_.add(model::renamed(std::move(head), kOutput), embedding);
    note(kOutput, true, fmt::format("added: '{}' serves as head no longer, as their rotations differ", embedding));
  }

  // What was known about `before` is known about `weight` from now on.
  void change_inputs(StatisticsChange& change, const std::string& weight, const std::string& before) {
    auto& inputs = model_.statistics().inputs;
    auto known = inputs.find(before);
    if (known == inputs.end()) return;
    change.apply(known->second, before);
    if (weight == before) return;
    auto entry = inputs.extract(known);
    entry.key() = weight;
    inputs.insert(std::move(entry));
  }

  void rotate_rows(const LinearWeights& weights, const std::shared_ptr<const Rotation>& rotation) {
    const auto& matrix = model_.tensor(weights.weight);
    model_.need_memory(matrix.shape.element_count() * static_cast<int64_t>(sizeof(float)));
    model_.replace(with_rows_rotated(matrix, rotation));
    if (!weights.bias.empty()) model_.replace(with_columns_rotated(model_.tensor(weights.bias), rotation));
  }

  void rotate_heads() {
    for (const auto& refusal : structure_.value_refusals) note("heads of values", false, refusal);
    for (size_t i = 0; i < structure_.values.size(); ++i) {
      const auto& path = structure_.values[i];
      const std::string what = fmt::format("{} -> {}", path.values.weight, path.output);
      if (structure_.uses.at(path.values.weight) > 1 || structure_.uses.at(path.output) > 1) {
        note(what, false, "a weight is used in several places");
        continue;
      }
      const auto r = rotation_of(path.head_dim, static_cast<int64_t>(i) + 1);
      rotate_rows(path.values, r);
      model_.replace(with_columns_rotated(model_.tensor(path.output), r));
      StatisticsChange inputs({nullptr, r});
      change_inputs(inputs, path.output, path.output);
      note(what, true, r->description());
    }
  }

  TransformedModel& model_;
  const quantize::Settings& settings_;
  const RotationKind kind_;
  const ModelStructure structure_;
};

void apply_rotation(TransformedModel& model, const TransformContext& context) { Rotating(model, context).run(); }

}  // namespace

constinit const Transform rotate{
    .name = "rotate",
    .summary = "another basis for the residual stream and for heads of values, in which no number stands out",
    .parameters = kParameters,
    .apply = apply_rotation};

}  // namespace adze::transforms
