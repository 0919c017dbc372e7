#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "adapters/adapter_folder.h"
#include "adapters/module_changes.h"
#include "adapters/peft_adapter.h"
#include "adapters/peft_config.h"
#include "base/error.h"
#include "base/log.h"
#include "formats/pytorch/read_pytorch.h"
#include "formats/safetensors/read_safetensors.h"
#include "model/derived_tensors.h"

namespace adze::adapters {
namespace {

using model::Tensor;

constexpr const char* kSafetensors = "adapter_model.safetensors";
constexpr const char* kPytorch = "adapter_model.bin";
constexpr std::string_view kPrefix = "base_model.model.";

// What a tensor is to its module, by the end of its name.
enum class Part { a, b, embedding_a, embedding_b, magnitude, whole, base_weight, refused };
struct Ending {
  std::string_view text;
  Part part;
  std::string_view left = {};  // of the ending in the module's own name
};
// Longest first. "default" is the name of the adapter, which some programs leave in.
constexpr std::array kEndings = {
    Ending{".lora_A.weight", Part::a},
    Ending{".lora_B.weight", Part::b},
    Ending{".lora_A.default.weight", Part::a},
    Ending{".lora_B.default.weight", Part::b},
    Ending{".lora_B.bias", Part::refused},
    Ending{".lora_embedding_A", Part::embedding_a},
    Ending{".lora_embedding_B", Part::embedding_b},
    Ending{".lora_embedding_A.default", Part::embedding_a},
    Ending{".lora_embedding_B.default", Part::embedding_b},
    Ending{".lora_magnitude_vector", Part::magnitude},
    Ending{".lora_magnitude_vector.weight", Part::magnitude},
    Ending{".lora_magnitude_vector.default.weight", Part::magnitude},
    Ending{".trainable_tokens_delta", Part::refused},
    Ending{".modules_to_save.weight", Part::whole, ".weight"},
    Ending{".modules_to_save.bias", Part::whole, ".bias"},
    Ending{".modules_to_save.default.weight", Part::whole, ".weight"},
    Ending{".modules_to_save.default.bias", Part::whole, ".bias"},
    Ending{".original_module.weight", Part::base_weight},
    Ending{".base_layer.weight", Part::base_weight},
    Ending{".base_layer.bias", Part::whole, ".bias"},
    Ending{".weight", Part::whole, ".weight"},
    Ending{".bias", Part::whole, ".bias"},
};

struct ModuleTensors {
  std::optional<Tensor> a, b, magnitude;
  bool is_embedding = false;
};

const Ending* ending_of(std::string_view name) {
  const Ending* longest = nullptr;
  for (const Ending& ending : kEndings) {
    if (name.ends_with(ending.text) && (!longest || ending.text.size() > longest->text.size())) longest = &ending;
  }
  return longest;
}

void put(std::optional<Tensor>& place, Tensor tensor) {
  if (place) fail(ErrorCode::bad_input, "'{}' and '{}' say the same", place->name, tensor.name);
  place = std::move(tensor);
}

class PeftReader {
 public:
  PeftReader(const PeftConfig& config, const model::Model& base) : config_(config), base_(base) {}

  void add(Tensor tensor) {
    const std::string name = tensor.name;
    if (!name.starts_with(kPrefix)) fail(ErrorCode::bad_input, "the name '{}' does not begin with '{}'", name, kPrefix);
    const Ending* ending = ending_of(name);
    if (!ending || ending->part == Part::refused) {
      fail(ErrorCode::unsupported, "'{}' is no part of an adapter that can be read here", name);
    }
    const auto module = name.substr(kPrefix.size(), name.size() - kPrefix.size() - ending->text.size());
    if (ending->part == Part::base_weight) return note_base_weight(tensor);
    if (ending->part == Part::whole) {
      whole_.push_back(model::renamed(std::move(tensor), module + std::string(ending->left)));
      return;
    }
    put_part(modules_[module], ending->part, std::move(tensor));
  }

  void finish(model::Adapter& adapter) {
    std::vector<ModuleChange> changes;
    for (auto& [module, tensors] : modules_) changes.push_back(change_of(module, std::move(tensors)));
    warn_of_modules_without_a_name(changes);
    adapter.changes = canonical_changes(std::move(changes), base_);
    adapter.replaced = canonical_tensors(std::move(whole_), base_);
  }

 private:
  // Saved along with a changed embedding. It must be the base's own, or the adapter is one of a resized vocabulary.
  void note_base_weight(const Tensor& tensor) const {
    const Tensor* embedding = base_.tensors.find(model::kEmbeddingWeight);
    if (embedding && embedding->shape == tensor.shape) {
      log_message(LogLevel::warning,
                  fmt::format("'{}' is taken for a copy of the base model's weight and not used", tensor.name));
      return;
    }
    fail(ErrorCode::bad_input, "'{}' {} is a weight of another base model", tensor.name, tensor.shape.to_string());
  }

  static void put_part(ModuleTensors& module, Part part, Tensor tensor) {
    const size_t rank = part == Part::magnitude ? 1 : 2;
    if (tensor.shape.rank() != rank) {
      fail(ErrorCode::bad_input, "'{}' {} should have {} dimensions", tensor.name, tensor.shape.to_string(), rank);
    }
    module.is_embedding |= part == Part::embedding_a || part == Part::embedding_b;
    const bool is_a = part == Part::a || part == Part::embedding_a;
    put(part == Part::magnitude ? module.magnitude : is_a ? module.a : module.b, std::move(tensor));
  }

  ModuleChange change_of(const std::string& module, ModuleTensors tensors) const {
    if (!tensors.a || !tensors.b) fail(ErrorCode::bad_input, "the module '{}' has half a pair", module);
    const int64_t rank = tensors.a->shape[0];
    if (rank != config_.rank_of(module)) {
      fail(ErrorCode::bad_input, "'{}' {} has rank {}, but adapter_config.json says {}", tensors.a->name,
           tensors.a->shape.to_string(), rank, config_.rank_of(module));
    }
    if (tensors.magnitude.has_value() != config_.use_dora()) {
      fail(ErrorCode::bad_input, "the module '{}' has {} magnitude, but adapter_config.json says use_dora {}", module,
           tensors.magnitude ? "a" : "no", config_.use_dora());
    }
    if (!tensors.is_embedding) {
      return {module, std::move(*tensors.a), std::move(*tensors.b), config_.scale_of(module),
              std::move(tensors.magnitude)};
    }
    if (tensors.magnitude) fail(ErrorCode::unsupported, "the module '{}' has a magnitude for an embedding", module);
    // PEFT's A [rank, tokens] and B [features, rank] make the transposed weight.
    return {module, model::transposed(std::move(*tensors.b)), model::transposed(std::move(*tensors.a)),
            config_.scale_of(module)};
  }

  void warn_of_modules_without_a_name(const std::vector<ModuleChange>& changes) const {
    const auto unnamed = [&](const ModuleChange& change) { return !config_.names(change.module); };
    const auto first = std::ranges::find_if(changes, unnamed);
    if (first == changes.end()) return;
    log_message(LogLevel::warning,
                fmt::format("{} modules, '{}' among them, are changed though target_modules does not name them; PEFT "
                            "itself would leave them as they are",
                            std::ranges::count_if(changes, unnamed), first->module));
  }

  const PeftConfig& config_;
  const model::Model& base_;
  std::map<std::string, ModuleTensors> modules_;
  std::vector<Tensor> whole_;
};

model::Model read_tensors(const std::string& folder) {
  if (has_file(folder, kSafetensors)) return formats::read_safetensors(path_in(folder, kSafetensors));
  return formats::read_pytorch(path_in(folder, kPytorch));
}

}  // namespace

bool is_peft_adapter(const std::string& path) {
  return has_file(path, kAdapterConfigFile) && (has_file(path, kSafetensors) || has_file(path, kPytorch));
}

model::Adapter read_peft_adapter(const std::string& path, const model::Model& base) {
  const std::string config_path = path_in(path, kAdapterConfigFile);
  const PeftConfig config(read_json_file(config_path), config_path);
  model::Adapter adapter{.source = path, .format = "peft", .architecture = base.architecture};
  adapter.base_model = config.base_model();
  adapter.dropout = config.dropout();
  with_context(path, [&] {
    PeftReader reader(config, base);
    for (const Tensor& tensor : read_tensors(path).tensors) reader.add(tensor);
    reader.finish(adapter);
  });
  return adapter;
}

}  // namespace adze::adapters
