#include "adapters/module_changes.h"

#include <fmt/format.h>

#include <map>
#include <utility>

#include "adapters/module_names.h"
#include "base/error.h"
#include "formats/hf/weight_names.h"
#include "formats/hf/weight_stacks.h"
#include "formats/hf/weight_transforms.h"
#include "model/derived_tensors.h"

namespace adze::adapters {
namespace {

using architectures::Transform;
using formats::Direction;
using formats::MappedWeight;
using formats::WeightNames;
using model::LowRankChange;
using model::Tensor;

constexpr std::string_view kWeight = ".weight";

const architectures::Architecture& architecture_of(const model::Model& base) {
  return architectures::architecture_named(base.architecture);
}

// Rows of the product are rows of B. Of transposed weights the product is the transposed one too: A and B stay.
Tensor with_rows(Tensor rows, Transform transform, const model::Model& base, Direction direction) {
  if (transform == Transform::transpose) return rows;
  if (transform == Transform::add_one) {
    fail(ErrorCode::bad_input, "'{}' changes a norm by a product", rows.name);
  }
  return formats::transformed(std::move(rows), transform, base.config, direction);
}

template <typename Change>
void turn_rows(Change& change, Transform transform, const model::Model& base, Direction direction) {
  change.b = with_rows(std::move(change.b), transform, base, direction);
  if (change.magnitude) change.magnitude = with_rows(std::move(*change.magnitude), transform, base, direction);
}

MappedWeight require_module_weight(const WeightNames& names, const std::string& module, const model::Model& base) {
  const auto found = names.find(module + std::string(kWeight));
  if (found) return *found;
  fail(ErrorCode::bad_input, "changes the module '{}', which models of the architecture '{}' do not have", module,
       base.architecture);
}

MappedWeight require_name(const ModuleNames& names, const std::string& weight, const model::Model& base) {
  const auto found = names.find(weight);
  if (found) return *found;
  fail(ErrorCode::unsupported, "'{}' has no name in Hugging Face's form of '{}'", weight, base.architecture);
}

// ---- experts

struct ExpertPairs {
  std::map<int64_t, ModuleChange> parts;  // by number of the expert
};

Tensor zeros_like(const Tensor& tensor) {
  return model::owned_tensor(tensor.name, tensor.shape, tensor.storage,
                             std::vector<std::byte>(static_cast<size_t>(tensor.byte_size())));
}

int64_t expert_count(const std::string& weight, const model::Model& base) {
  const Tensor* stack = base.tensors.find(weight);
  if (stack && stack->shape.rank() == 3) return stack->shape[0];
  fail(ErrorCode::bad_input, "changes experts of '{}', which {} does not have", weight, base.source);
}

void check_experts(const std::string& weight, const ExpertPairs& pairs, int64_t experts) {
  const ModuleChange& first = pairs.parts.begin()->second;
  for (const auto& [number, part] : pairs.parts) {
    if (number >= experts) {
      fail(ErrorCode::bad_input, "'{}' changes expert {} of {}", part.module, number, experts);
    }
    if (part.magnitude) fail(ErrorCode::unsupported, "'{}': magnitudes (DoRA) of experts", part.module);
    if (part.scale != first.scale || part.a.shape != first.a.shape || part.b.shape != first.b.shape) {
      fail(ErrorCode::unsupported, "'{}' and '{}' differ in rank or scale; experts of '{}' must have the same",
           first.module, part.module, weight);
    }
  }
}

LowRankChange stacked_experts(const std::string& weight, ExpertPairs pairs, const model::Model& base) {
  const int64_t experts = expert_count(weight, base);
  check_experts(weight, pairs, experts);
  const ModuleChange first = pairs.parts.begin()->second;
  std::vector<Tensor> a;
  std::vector<Tensor> b;
  for (int64_t expert = 0; expert < experts; ++expert) {
    const auto found = pairs.parts.find(expert);
    a.push_back(found == pairs.parts.end() ? zeros_like(first.a) : found->second.a);
    b.push_back(found == pairs.parts.end() ? zeros_like(first.b) : found->second.b);
  }
  return {weight, model::stacked(first.a.name, std::move(a)), model::stacked(first.b.name, std::move(b)), first.scale};
}

void append_modules(const LowRankChange& change, const MappedWeight& target, const model::Model& base,
                    std::vector<ModuleChange>& modules) {
  const auto module_named = [&](const std::string& name) {
    return name.ends_with(kWeight) ? name.substr(0, name.size() - kWeight.size()) : name;
  };
  if (target.name.find("{}") == std::string::npos) {
    modules.push_back({module_named(target.name), change.a, change.b, change.scale, change.magnitude});
    turn_rows(modules.back(), target.transform, base, Direction::to_hugging_face);
    return;
  }
  for (int64_t expert = 0; expert < change.b.shape[0]; ++expert) {
    const std::string name = module_named(formats::filled(target.name, std::to_string(expert)));
    modules.push_back({name, model::part_of(change.a, expert, name), model::part_of(change.b, expert, name),
                       change.scale, std::nullopt});
    turn_rows(modules.back(), target.transform, base, Direction::to_hugging_face);
  }
}

Transform transform_of(const std::string& weight, const model::Model& base) {
  return require_name(ModuleNames(base), weight, base).transform;
}

Tensor untransposed(Tensor tensor, const model::Model& base, Direction direction) {
  const Transform transform = transform_of(tensor.name, base);
  if (transform == Transform::transpose) return tensor;
  return formats::transformed(std::move(tensor), transform, base.config, direction);
}

}  // namespace

std::vector<LowRankChange> canonical_changes(std::vector<ModuleChange> modules, const model::Model& base) {
  const auto names = WeightNames::to_canonical(architecture_of(base));
  std::vector<LowRankChange> changes;
  std::map<std::string, ExpertPairs> stacks;
  for (ModuleChange& module : modules) {
    const MappedWeight target = require_module_weight(names, module.module, base);
    turn_rows(module, target.transform, base, Direction::to_canonical);
    if (!target.part) {
      changes.push_back(
          {target.name, std::move(module.a), std::move(module.b), module.scale, std::move(module.magnitude)});
      continue;
    }
    auto& parts = stacks[target.name].parts;
    if (!parts.emplace(*target.part, std::move(module)).second) {
      fail(ErrorCode::bad_input, "changes expert {} of '{}' twice", *target.part, target.name);
    }
  }
  for (auto& [weight, pairs] : stacks) changes.push_back(stacked_experts(weight, std::move(pairs), base));
  return changes;
}

std::vector<ModuleChange> module_changes(const model::Adapter& adapter, const model::Model& base) {
  const ModuleNames names(base);
  std::vector<ModuleChange> modules;
  for (const LowRankChange& change : adapter.changes) {
    append_modules(change, require_name(names, change.weight, base), base, modules);
  }
  return modules;
}

std::vector<Tensor> canonical_tensors(std::vector<Tensor> tensors, const model::Model& base) {
  const auto names = WeightNames::to_canonical(architecture_of(base));
  formats::WeightStacks stacks;
  for (Tensor& tensor : tensors) {
    const auto target = names.find(tensor.name);
    if (!target) {
      fail(ErrorCode::bad_input, "has a whole '{}', which models of the architecture '{}' do not have", tensor.name,
           base.architecture);
    }
    tensor = formats::transformed(std::move(tensor), target->transform, base.config, Direction::to_canonical);
    stacks.add(std::move(tensor), *target);
  }
  return std::move(stacks).take();
}

std::vector<Tensor> module_tensors(const model::Adapter& adapter, const model::Model& base) {
  const ModuleNames names(base);
  std::vector<Tensor> tensors;
  for (const Tensor& tensor : adapter.replaced) {
    const MappedWeight target = require_name(names, tensor.name, base);
    if (target.name.find("{}") != std::string::npos) {
      fail(ErrorCode::unsupported, "a whole stack of experts, '{}'", tensor.name);
    }
    tensors.push_back(model::renamed(
        formats::transformed(tensor, target.transform, base.config, Direction::to_hugging_face), target.name));
  }
  return tensors;
}

LowRankChange with_module_rows(LowRankChange change, const model::Model& base) {
  turn_rows(change, transform_of(change.weight, base), base, Direction::to_hugging_face);
  return change;
}

LowRankChange with_canonical_rows(LowRankChange change, const model::Model& base) {
  turn_rows(change, transform_of(change.weight, base), base, Direction::to_canonical);
  return change;
}

Tensor with_module_rows(Tensor tensor, const model::Model& base) {
  return untransposed(std::move(tensor), base, Direction::to_hugging_face);
}

Tensor with_canonical_rows(Tensor tensor, const model::Model& base) {
  return untransposed(std::move(tensor), base, Direction::to_canonical);
}

}  // namespace adze::adapters
