#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>

#include "adapters/adapter_folder.h"
#include "adapters/module_changes.h"
#include "adapters/module_names.h"
#include "adapters/peft_adapter.h"
#include "architectures/architecture.h"
#include "base/error.h"
#include "model/derived_tensors.h"

namespace adze::adapters {
namespace {

using model::Tensor;

constexpr std::string_view kPrefix = "base_model.model.";
constexpr std::string_view kWeight = ".weight";
constexpr std::string_view kBias = ".bias";

std::string without_ending(std::string_view name, std::string_view ending) {
  return std::string(name.substr(0, name.size() - ending.size()));
}

std::string last_part(std::string_view module) { return std::string(module.substr(module.rfind('.') + 1)); }

// ---- numbers

// Most ranks and alphas are whole numbers that a division made fractions of.
Json plain_number(double value) {
  const double whole = std::round(value);
  if (std::abs(value - whole) <= 1e-9 * std::abs(value) && std::abs(whole) < 1e15) return static_cast<int64_t>(whole);
  return value;
}

double alpha_of(const ModuleChange& change) { return change.scale * static_cast<double>(change.b.shape[1]); }

// The value that most modules have.
template <typename Value>
Value most_frequent(const std::map<Value, int64_t>& counts) {
  return std::ranges::max_element(counts, {}, [](const auto& entry) { return entry.second; })->first;
}

void put_ranks(const std::vector<ModuleChange>& changes, Json& config) {
  std::map<int64_t, int64_t> ranks;
  std::map<double, int64_t> alphas;
  for (const auto& change : changes) {
    ++ranks[change.b.shape[1]];
    ++alphas[alpha_of(change)];
  }
  const int64_t rank = changes.empty() ? 8 : most_frequent(ranks);
  const double alpha = changes.empty() ? 8 : most_frequent(alphas);
  config["r"] = rank;
  config["lora_alpha"] = plain_number(alpha);
  config["rank_pattern"] = Json::object();
  config["alpha_pattern"] = Json::object();
  for (const auto& change : changes) {
    if (change.b.shape[1] != rank) config["rank_pattern"][change.module] = change.b.shape[1];
    if (alpha_of(change) != alpha) config["alpha_pattern"][change.module] = plain_number(alpha_of(change));
  }
}

// ---- names of modules

// The weights of the base under the names of their modules.
std::vector<std::string> modules_of(const model::Model& base, std::string_view ending) {
  const ModuleNames names(base);
  std::vector<std::string> modules;
  for (const Tensor& tensor : base.tensors) {
    const auto target = names.find(tensor.name);
    if (!target || !target->name.ends_with(ending)) continue;
    const std::string module = without_ending(target->name, ending);
    const bool is_stack = module.find("{}") != std::string::npos;
    for (int64_t part = 0; part < (is_stack ? tensor.shape[0] : 1); ++part) {
      modules.push_back(is_stack ? formats::filled(module, std::to_string(part)) : module);
    }
  }
  return modules;
}

// Ends of names ("q_proj") where all modules with such an end are changed, else names in full.
Json target_modules(const std::vector<ModuleChange>& changes, const model::Model& base) {
  std::set<std::string> changed;
  for (const auto& change : changes) changed.insert(change.module);
  std::map<std::string, std::vector<std::string>> by_ending;
  for (const auto& module : modules_of(base, kWeight)) by_ending[last_part(module)].push_back(module);
  std::set<std::string> targets;
  for (const auto& module : changed) {
    const auto& alike = by_ending[last_part(module)];
    const bool all = std::ranges::all_of(alike, [&](const auto& one) { return changed.contains(one); });
    targets.insert(all && !alike.empty() ? last_part(module) : module);
  }
  return Json(targets);
}

// ---- whole tensors

// "all", "lora_only" or "none", as the biases that are there can be said in one word.
std::string kind_of_biases(const std::set<std::string>& biases, const std::vector<ModuleChange>& changes,
                           const model::Model& base) {
  if (biases.empty()) return "none";
  const auto with_bias = modules_of(base, kBias);
  if (std::ranges::all_of(with_bias, [&](const auto& module) { return biases.contains(module); })) return "all";
  std::set<std::string> of_changed;
  for (const auto& change : changes) {
    if (std::ranges::find(with_bias, change.module) != with_bias.end()) of_changed.insert(change.module);
  }
  if (biases == of_changed) return "lora_only";
  fail(ErrorCode::unsupported,
       "PEFT cannot hold the bias of '{}' alone: it knows all biases, those of all changed "
       "modules, or whole modules",
       *biases.begin());
}

struct WholeModules {
  std::set<std::string> to_save;  // modules whose weight is there
  std::set<std::string> biases;   // modules of which the bias alone is there
};

WholeModules whole_modules(const std::vector<Tensor>& tensors) {
  WholeModules modules;
  for (const Tensor& tensor : tensors) {
    if (tensor.name.ends_with(kWeight)) modules.to_save.insert(without_ending(tensor.name, kWeight));
  }
  for (const Tensor& tensor : tensors) {
    if (!tensor.name.ends_with(kBias)) continue;
    const std::string module = without_ending(tensor.name, kBias);
    if (!modules.to_save.contains(module)) modules.biases.insert(module);
  }
  return modules;
}

// ---- tensors

// Modules that look rows up instead of multiplying.
std::set<std::string> embeddings_of(const model::Model& base) {
  const ModuleNames names(base);
  std::set<std::string> modules;
  for (const std::string_view weight : {model::kEmbeddingWeight, model::kPositionWeight}) {
    if (const auto found = names.find(weight)) modules.insert(without_ending(found->name, kWeight));
  }
  return modules;
}

void append_tensors(const ModuleChange& change, bool embedding, std::vector<Tensor>& tensors) {
  const std::string at = std::string(kPrefix) + change.module;
  if (embedding) {
    tensors.push_back(model::renamed(model::transposed(change.b), at + ".lora_embedding_A"));
    tensors.push_back(model::renamed(model::transposed(change.a), at + ".lora_embedding_B"));
    return;
  }
  tensors.push_back(model::renamed(change.a, at + ".lora_A.weight"));
  tensors.push_back(model::renamed(change.b, at + ".lora_B.weight"));
  if (change.magnitude) {
    tensors.push_back(model::renamed(*change.magnitude, at + ".lora_magnitude_vector"));
  }
}

// The module inside a changed one is its base layer.
std::string name_of_whole(const std::string& name, const std::vector<ModuleChange>& changes) {
  const std::string module = name.substr(0, name.rfind('.'));
  const bool is_changed = std::ranges::find(changes, module, &ModuleChange::module) != changes.end();
  return std::string(kPrefix) + module + (is_changed ? ".base_layer" : "") + name.substr(module.size());
}

bool uses_dora(const std::vector<ModuleChange>& changes) {
  const auto with = std::ranges::count_if(changes, [](const auto& change) { return change.magnitude.has_value(); });
  if (with == 0 || with == static_cast<int64_t>(changes.size())) return with > 0;
  fail(ErrorCode::unsupported, "PEFT has magnitudes (DoRA) for all modules or for none; here {} of {} have one", with,
       changes.size());
}

bool has_transposed_weights(const model::Adapter& adapter, const model::Model& base) {
  const ModuleNames names(base);
  return std::ranges::any_of(adapter.changes, [&](const auto& change) {
    const auto found = names.find(change.weight);
    return found && found->transform == architectures::Transform::transpose;
  });
}

}  // namespace

void write_peft_adapter(const model::Adapter& adapter, const model::Model& base, const std::string& path) {
  const auto changes = module_changes(adapter, base);
  const auto whole = module_tensors(adapter, base);
  const WholeModules modules = whole_modules(whole);
  if (changes.empty()) fail(ErrorCode::unsupported, "PEFT cannot hold whole tensors without any low-rank change");
  Json config;
  config["peft_type"] = "LORA";
  config["task_type"] = "CAUSAL_LM";
  config["base_model_name_or_path"] = adapter.base_model;
  config["inference_mode"] = true;
  put_ranks(changes, config);
  config["lora_dropout"] = adapter.dropout;
  config["use_rslora"] = false;
  config["use_dora"] = uses_dora(changes);
  config["bias"] = kind_of_biases(modules.biases, changes, base);
  config["fan_in_fan_out"] = has_transposed_weights(adapter, base);
  config["target_modules"] = target_modules(changes, base);
  config["modules_to_save"] = modules.to_save.empty() ? Json() : Json(modules.to_save);

  std::vector<Tensor> tensors;
  const auto embeddings = embeddings_of(base);
  for (const auto& change : changes) append_tensors(change, embeddings.contains(change.module), tensors);
  for (const Tensor& tensor : whole) tensors.push_back(model::renamed(tensor, name_of_whole(tensor.name, changes)));
  write_adapter_folder(path, config, std::move(tensors), "adapter_model.safetensors");
}

}  // namespace adze::adapters
