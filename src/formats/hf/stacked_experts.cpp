#include "formats/hf/stacked_experts.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "formats/hf/weight_names.h"
#include "model/alternating_rows.h"
#include "model/derived_tensors.h"

namespace adze::formats {
namespace {

using architectures::Architecture;
using architectures::StackedExperts;

// [experts, in, out] <-> [experts, out, in]. Quantized weights are never turned round.
model::Tensor in_order(model::Tensor tensor, const StackedExperts& experts) {
  if (!experts.floats_transposed || !tensor.storage->is_plain()) return tensor;
  return model::matrices_transposed(tensor);
}

void append_apart(model::Tensor tensor, const StackedExperts& experts, const std::string& layer,
                  std::vector<model::Tensor>& apart) {
  const auto first = filled(experts.first, layer);
  tensor = in_order(std::move(tensor), experts);
  if (experts.second.empty()) {
    apart.push_back(model::renamed(std::move(tensor), first));
    return;
  }
  apart.push_back(model::every_second(tensor, 0, first));
  apart.push_back(model::every_second(tensor, 1, filled(experts.second, layer)));
}

/// Puts the tensors of a list together; a pair stands where its last part was.
class Joiner {
 public:
  explicit Joiner(std::vector<model::Tensor> tensors) : tensors_(std::move(tensors)) {}

  void join(const StackedExperts& experts) {
    for (auto& tensor : tensors_) {
      const auto layer = layer_in(tensor.name, experts.first);
      if (!layer) continue;
      const auto name = filled(experts.hugging_face, *layer);
      if (experts.second.empty()) {
        tensor = model::renamed(in_order(std::move(tensor), experts), name);
        continue;
      }
      model::Tensor& other = partner(tensor, filled(experts.second, *layer));
      model::Tensor& last = &other > &tensor ? other : tensor;
      model::Tensor& gone = &other > &tensor ? tensor : other;
      auto both = in_order(model::in_turns(tensor, other, name), experts);
      gone = {};
      last = std::move(both);
    }
    std::erase_if(tensors_, [](const model::Tensor& tensor) { return tensor.source == nullptr; });
  }
  std::vector<model::Tensor> take() && { return std::move(tensors_); }

 private:
  model::Tensor& partner(const model::Tensor& tensor, const std::string& name) {
    const auto found = std::ranges::find(tensors_, name, &model::Tensor::name);
    if (found != tensors_.end()) return *found;
    fail(ErrorCode::bad_input, "{}: '{}' is there, but not '{}', with which it takes turns", tensor.source->where(),
         tensor.name, name);
  }

  std::vector<model::Tensor> tensors_;
};

}  // namespace

const StackedExperts* find_stacked_experts(std::string_view name, const Architecture& architecture) {
  for (const auto& experts : architecture.stacked_experts) {
    if (layer_in(name, experts.hugging_face)) return &experts;
  }
  return nullptr;
}

std::vector<std::string> names_apart(const std::string& name, const Architecture& architecture) {
  if (const auto* experts = find_stacked_experts(name, architecture)) {
    const auto layer = *layer_in(name, experts->hugging_face);
    if (experts->second.empty()) return {filled(experts->first, layer)};
    return {filled(experts->first, layer), filled(experts->second, layer)};
  }
  for (const auto& heads : architecture.latent_heads) {
    const auto layer = layer_in(name, heads.hugging_face);
    if (layer) return {filled(heads.keys, *layer), filled(heads.values, *layer)};
  }
  return {name};
}

std::vector<model::Tensor> with_experts_apart(std::vector<model::Tensor> tensors, const Architecture& architecture) {
  if (architecture.stacked_experts.empty()) return tensors;
  std::vector<model::Tensor> apart;
  for (auto& tensor : tensors) {
    if (const auto* experts = find_stacked_experts(tensor.name, architecture)) {
      const auto layer = *layer_in(tensor.name, experts->hugging_face);
      append_apart(std::move(tensor), *experts, layer, apart);
    } else {
      apart.push_back(std::move(tensor));
    }
  }
  return apart;
}

std::vector<model::Tensor> with_experts_together(std::vector<model::Tensor> tensors, const Architecture& architecture) {
  Joiner joiner(std::move(tensors));
  for (const auto& experts : architecture.stacked_experts) joiner.join(experts);
  return std::move(joiner).take();
}

}  // namespace adze::formats
