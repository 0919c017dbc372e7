#include <algorithm>
#include <map>
#include <optional>

#include "adapters/adapter_folder.h"
#include "adapters/mlx_adapter.h"
#include "adapters/mlx_names.h"
#include "adapters/module_changes.h"
#include "base/error.h"
#include "formats/safetensors/read_safetensors.h"
#include "model/derived_tensors.h"

namespace adze::adapters {
namespace {

using model::LowRankChange;
using model::Tensor;

constexpr const char* kTensorFile = "adapters.safetensors";
constexpr std::string_view kA = ".lora_a";
constexpr std::string_view kB = ".lora_b";
constexpr std::string_view kMagnitude = ".m";
constexpr std::string_view kWeight = ".weight";

struct Settings {
  std::string fine_tune_type;  // "lora", "dora" or "full"
  double scale = 0;
  double dropout = 0;
  std::string base_model;
};

Settings read_settings(const std::string& path) {
  const Json config = read_json_file(path);
  if (!config.is_object()) fail(ErrorCode::bad_input, "{}: is no JSON object", path);
  Settings settings;
  settings.fine_tune_type = json_value<std::string>(config, "fine_tune_type", "lora", path);
  settings.base_model = json_value<std::string>(config, "model", "", path);
  if (settings.fine_tune_type == "full") return settings;
  if (settings.fine_tune_type != "lora" && settings.fine_tune_type != "dora") {
    fail(ErrorCode::unsupported, "{}: fine_tune_type \"{}\"; known are lora, dora and full", path,
         settings.fine_tune_type);
  }
  const auto parameters = config.find("lora_parameters");
  if (parameters == config.end() || !parameters->is_object() || !parameters->contains("scale")) {
    fail(ErrorCode::bad_input, "{}: has no \"lora_parameters\" with a \"scale\"", path);
  }
  settings.scale = json_value<double>(*parameters, "scale", 0, path);
  settings.dropout = json_value<double>(*parameters, "dropout", 0, path);
  return settings;
}

struct Parts {
  std::optional<Tensor> a, b, magnitude;
};

Tensor checked_rank(Tensor tensor, size_t rank) {
  if (tensor.shape.rank() == rank) return tensor;
  fail(ErrorCode::bad_input, "'{}' {} should have {} dimensions", tensor.name, tensor.shape.to_string(), rank);
}

// mlx-lm keeps A [in, rank] and B [rank, out] of a matrix, but A [experts, rank, in] and B [experts, out, rank] of a
// stack. Of an embedding, A [tokens, rank] is looked up.
LowRankChange change_of(const std::string& weight, Parts parts, const Settings& settings, const model::Model& base) {
  if (!parts.a || !parts.b) fail(ErrorCode::bad_input, "'{}' has half a pair", weight);
  const Tensor* changed = model::adapted_tensor(base.tensors, weight);
  LowRankChange change{.weight = weight, .scale = settings.scale};
  if (changed && changed->shape.rank() == 3) {
    change.a = checked_rank(std::move(*parts.a), 3);
    change.b = checked_rank(std::move(*parts.b), 3);
  } else if (weight == model::kEmbeddingWeight) {
    change.a = checked_rank(std::move(*parts.b), 2);
    change.b = checked_rank(std::move(*parts.a), 2);
  } else {
    change.a = model::transposed(checked_rank(std::move(*parts.a), 2));
    change.b = model::transposed(checked_rank(std::move(*parts.b), 2));
  }
  change.magnitude = std::move(parts.magnitude);
  if (change.magnitude) change.magnitude = checked_rank(std::move(*change.magnitude), 1);
  return with_canonical_rows(std::move(change), base);
}

class MlxReader {
 public:
  MlxReader(const Settings& settings, const model::Model& base) : settings_(settings), base_(base), names_(base) {}

  void add(const Tensor& tensor) {
    if (settings_.fine_tune_type == "full") {
      add_whole(tensor);
    } else if (tensor.name.ends_with(kA)) {
      parts_of(tensor, kA).a = tensor;
    } else if (tensor.name.ends_with(kB)) {
      parts_of(tensor, kB).b = tensor;
    } else if (tensor.name.ends_with(kMagnitude)) {
      parts_of(tensor, kMagnitude).magnitude = tensor;
    } else {
      fail(ErrorCode::unsupported, "'{}' is no part of a {} adapter", tensor.name, settings_.fine_tune_type);
    }
  }

  void finish(model::Adapter& adapter) {
    const bool wants_magnitudes = settings_.fine_tune_type == "dora";
    for (auto& [weight, parts] : parts_) {
      if (parts.magnitude.has_value() != wants_magnitudes) {
        fail(ErrorCode::bad_input, "'{}' has {} magnitude, but the fine_tune_type is \"{}\"", weight,
             parts.magnitude ? "a" : "no", settings_.fine_tune_type);
      }
      adapter.changes.push_back(change_of(weight, std::move(parts), settings_, base_));
    }
    adapter.replaced = std::move(whole_);
    change_shared_head(adapter);
  }

 private:
  Parts& parts_of(const Tensor& tensor, std::string_view ending) {
    const std::string module = tensor.name.substr(0, tensor.name.size() - ending.size());
    const auto weight = names_.to_canonical(module + std::string(kWeight));
    if (weight) return parts_[*weight];
    fail(ErrorCode::bad_input, "changes the module '{}', which {} does not have", module, base_.source);
  }

  void add_whole(const Tensor& tensor) {
    const auto canonical = names_.to_canonical(tensor.name);
    if (!canonical) fail(ErrorCode::bad_input, "has a whole '{}', which {} does not have", tensor.name, base_.source);
    whole_.push_back(with_canonical_rows(model::renamed(tensor, *canonical), base_));
  }

  // mlx-lm's embedding multiplies as the head too, with its change.
  void change_shared_head(model::Adapter& adapter) const {
    if (base_.tensors.contains(model::kOutputWeight)) return;
    const auto change = std::ranges::find(adapter.changes, model::kEmbeddingWeight, &LowRankChange::weight);
    if (change != adapter.changes.end()) {
      LowRankChange head = *change;
      head.weight = model::kOutputWeight;
      adapter.changes.push_back(std::move(head));
    }
    const auto whole = std::ranges::find(adapter.replaced, model::kEmbeddingWeight, &Tensor::name);
    if (whole != adapter.replaced.end()) {
      adapter.replaced.push_back(model::renamed(*whole, std::string(model::kOutputWeight)));
    }
  }

  const Settings& settings_;
  const model::Model& base_;
  MlxNames names_;
  std::map<std::string, Parts> parts_;  // by canonical name of the weight
  std::vector<Tensor> whole_;
};

}  // namespace

bool is_mlx_adapter(const std::string& path) {
  return has_file(path, kAdapterConfigFile) && has_file(path, kTensorFile);
}

model::Adapter read_mlx_adapter(const std::string& path, const model::Model& base) {
  const Settings settings = read_settings(path_in(path, kAdapterConfigFile));
  model::Adapter adapter{.source = path, .format = "mlx", .architecture = base.architecture};
  adapter.base_model = settings.base_model;
  adapter.dropout = settings.dropout;
  with_context(path, [&] {
    MlxReader reader(settings, base);
    for (const Tensor& tensor : formats::read_safetensors(path_in(path, kTensorFile)).tensors) reader.add(tensor);
    reader.finish(adapter);
  });
  return adapter;
}

}  // namespace adze::adapters
