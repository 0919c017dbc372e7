#include <algorithm>
#include <charconv>
#include <cstring>
#include <set>

#include "adapters/adapter_folder.h"
#include "adapters/mlx_adapter.h"
#include "adapters/mlx_names.h"
#include "adapters/module_changes.h"
#include "base/error.h"
#include "model/derived_tensors.h"

namespace adze::adapters {
namespace {

using model::LowRankChange;
using model::Tensor;

constexpr const char* kTensorFile = "adapters.safetensors";
constexpr std::string_view kWeight = ".weight";
constexpr std::string_view kBlock = "blk.";

std::string require_mlx_name(const MlxNames& names, const std::string& weight, const model::Model& base) {
  const auto name = names.to_mlx(weight);
  if (name) return *name;
  fail(ErrorCode::unsupported, "'{}' has no name in mlx-lm's form of '{}'", weight, base.architecture);
}

std::vector<std::byte> all_bytes(const Tensor& tensor) {
  std::vector<std::byte> scratch;
  const auto rows = tensor.source->rows(0, tensor.shape.row_count(), scratch);
  return {rows.begin(), rows.end()};
}

bool same_numbers(const Tensor& one, const Tensor& other) {
  return one.shape == other.shape && one.storage == other.storage && all_bytes(one) == all_bytes(other);
}

// ---- what mlx-lm has one of

void refuse_differences(const std::vector<LowRankChange>& changes) {
  for (const LowRankChange& change : changes) {
    const LowRankChange& first = changes.front();
    if (change.rank() != first.rank() || change.scale != first.scale) {
      fail(ErrorCode::unsupported, "'{}' has rank {} and scale {}, '{}' has {} and {}: mlx-lm has one of each for all",
           first.weight, first.rank(), first.scale, change.weight, change.rank(), change.scale);
    }
    if (change.magnitude.has_value() != first.magnitude.has_value()) {
      fail(ErrorCode::unsupported, "of '{}' and '{}' only one has a magnitude: mlx-lm has DoRA for all or for none",
           first.weight, change.weight);
    }
  }
}

[[noreturn]] void fail_one_of_shared() {
  fail(ErrorCode::unsupported,
       "embedding and head are one weight in the base model, and mlx-lm cannot change one of them by itself");
}

// Where embedding and head are one weight, mlx-lm changes both or none: the head's change goes without saying.
std::vector<LowRankChange> without_shared_head(const model::Adapter& adapter, const model::Model& base) {
  std::vector<LowRankChange> changes = adapter.changes;
  if (base.tensors.contains(model::kOutputWeight)) return changes;
  const auto head = std::ranges::find(changes, model::kOutputWeight, &LowRankChange::weight);
  const auto embedding = std::ranges::find(changes, model::kEmbeddingWeight, &LowRankChange::weight);
  if (head == changes.end() && embedding == changes.end()) return changes;
  const bool both = head != changes.end() && embedding != changes.end();
  if (!both || head->scale != embedding->scale || !same_numbers(head->a, embedding->a) ||
      !same_numbers(head->b, embedding->b)) {
    fail_one_of_shared();
  }
  changes.erase(head);
  return changes;
}

std::vector<Tensor> without_shared_head(const std::vector<Tensor>& replaced, const model::Model& base) {
  std::vector<Tensor> tensors = replaced;
  if (base.tensors.contains(model::kOutputWeight)) return tensors;
  const auto head = std::ranges::find(tensors, model::kOutputWeight, &Tensor::name);
  const auto embedding = std::ranges::find(tensors, model::kEmbeddingWeight, &Tensor::name);
  if (head == tensors.end() && embedding == tensors.end()) return tensors;
  if (head == tensors.end() || embedding == tensors.end() || !same_numbers(*head, *embedding)) fail_one_of_shared();
  tensors.erase(head);
  return tensors;
}

// ---- names of modules

// "blk.3.attn_q.weight" -> 3; empty outside of layers.
std::optional<int64_t> layer_of(std::string_view weight) {
  if (!weight.starts_with(kBlock)) return std::nullopt;
  int64_t layer = 0;
  const char* end = weight.data() + weight.size();
  const auto [rest, error] = std::from_chars(weight.data() + kBlock.size(), end, layer);
  return error == std::errc() ? std::optional(layer) : std::nullopt;
}

// "model.layers.3.self_attn.q_proj" -> "self_attn.q_proj"
std::string within_layer(const std::string& module, int64_t layer) {
  const std::string number = "." + std::to_string(layer) + ".";
  const size_t found = module.find(number);
  return found == module.npos ? module : module.substr(found + number.size());
}

struct Reach {
  std::set<std::string> keys;
  int64_t layers = 0;  // counted from the last one
};

Reach reach_of(const std::vector<LowRankChange>& changes, const MlxNames& names, const model::Model& base) {
  const int64_t all = base.config.require_int("block_count");
  Reach reach;
  for (const LowRankChange& change : changes) {
    const std::string name = require_mlx_name(names, change.weight, base);
    const std::string module = name.substr(0, name.size() - kWeight.size());
    const auto layer = layer_of(change.weight);
    reach.keys.insert(layer ? within_layer(module, *layer) : module);
    if (layer) reach.layers = std::max(reach.layers, all - *layer);
  }
  return reach;
}

// ---- tensors

void append_tensors(const LowRankChange& canonical, const MlxNames& names, const model::Model& base,
                    std::vector<Tensor>& tensors) {
  const LowRankChange change = with_module_rows(canonical, base);
  const std::string name = require_mlx_name(names, change.weight, base);
  const std::string module = name.substr(0, name.size() - kWeight.size());
  const bool is_stack = change.b.shape.rank() == 3;
  const bool is_embedding = change.weight == model::kEmbeddingWeight;
  const Tensor a = is_stack ? change.a : is_embedding ? change.b : model::transposed(change.a);
  const Tensor b = is_stack ? change.b : is_embedding ? change.a : model::transposed(change.b);
  tensors.push_back(model::renamed(a, module + ".lora_a"));
  tensors.push_back(model::renamed(b, module + ".lora_b"));
  if (change.magnitude) tensors.push_back(model::renamed(*change.magnitude, module + ".m"));
}

Json config_of(const model::Adapter& adapter, const std::vector<LowRankChange>& changes, const Reach& reach) {
  Json config;
  config["fine_tune_type"] = changes.empty() ? "full" : changes.front().magnitude ? "dora" : "lora";
  config["model"] = adapter.base_model;
  config["num_layers"] = reach.layers;
  if (changes.empty()) return config;
  Json& parameters = config["lora_parameters"];
  parameters["rank"] = changes.front().rank();
  parameters["scale"] = changes.front().scale;
  parameters["dropout"] = adapter.dropout;
  parameters["keys"] = reach.keys;
  return config;
}

}  // namespace

void write_mlx_adapter(const model::Adapter& adapter, const model::Model& base, const std::string& path) {
  const auto changes = without_shared_head(adapter, base);
  const auto replaced = without_shared_head(adapter.replaced, base);
  if (!changes.empty() && !replaced.empty()) {
    fail(ErrorCode::unsupported, "the whole '{}' beside pairs: mlx-lm has either whole weights or pairs",
         replaced.front().name);
  }
  refuse_differences(changes);
  const MlxNames names(base);
  std::vector<Tensor> tensors;
  for (const LowRankChange& change : changes) append_tensors(change, names, base, tensors);
  for (const Tensor& whole : replaced) {
    tensors.push_back(model::renamed(with_module_rows(whole, base), require_mlx_name(names, whole.name, base)));
  }
  write_adapter_folder(path, config_of(adapter, changes, reach_of(changes, names, base)), std::move(tensors),
                       kTensorFile);
}

}  // namespace adze::adapters
