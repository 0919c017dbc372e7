// lint: foreign names: modes of MLX
#include "pipeline/mlx_recipe.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "architectures/architecture.h"
#include "base/error.h"
#include "base/json.h"
#include "formats/mlx/mlx_names.h"
#include "formats/mlx/mlx_quantization.h"
#include "pipeline/choose_storage.h"

namespace adze::pipeline {
namespace {

using formats::MlxQuantization;

/// MLX's equal of a storage type: the same codes with scales that are always held, in no more bits than an offset that
/// the type lacks costs. Q2_0 is one too, though none of its blocks can be moved without decoding yet.
std::optional<MlxQuantization> mlx_equal_of(StorageType storage) {
  constexpr double kWorthOfOffset = 1.2;
  if (storage == &codecs::q2_0.info) return MlxQuantization{"affine", storage->block_elements, 2};
  const auto ways = ways_to_store(storage, formats::mlx_packed_types());
  const StorageType exact = ways.copied ? ways.copied : ways.exact;
  if (!exact || exact->bits_per_weight() > kWorthOfOffset * storage->bits_per_weight()) return std::nullopt;
  return formats::mlx_quantization_of(exact);
}

Json to_json(const MlxQuantization& type) {
  return {{"group_size", type.group}, {"bits", type.bits}, {"mode", type.mode}};
}

struct Module {
  std::string path;
  std::optional<MlxQuantization> type;  // empty: floats
};

constexpr size_t kShownProblems = 8;

[[noreturn]] void fail_unequal(std::vector<std::string> problems) {
  const size_t count = problems.size();
  problems.resize(std::min(count, kShownProblems));
  fail(ErrorCode::unsupported,
       "MLX has no equal for {}{}; it has one for q2_0, q4_0, q4_1, q5_0, q5_1, q8_0, mxfp4, nvfp4 and floats",
       fmt::join(problems, ", "), count > kShownProblems ? fmt::format(" and {} more", count - kShownProblems) : "");
}

std::vector<Module> modules_of(const std::string& architecture, const std::vector<quantize::TensorToStore>& tensors,
                               const std::vector<StorageType>& types) {
  constexpr std::string_view kWeight = ".weight";
  const auto& table = architectures::architecture_named(architecture);
  const auto names = formats::WeightNames::to_hugging_face(table);
  std::vector<Module> modules;
  std::vector<std::string> problems;
  for (size_t i = 0; i < tensors.size(); ++i) {
    if (tensors[i].shape.rank() < 2) continue;
    const auto type = mlx_equal_of(types[i]);
    auto name = names.find(tensors[i].name);
    if (name) name = formats::mlx_names.from_hugging_face(table, std::move(*name));
    if ((!type && !types[i]->is_plain()) || !name || !name->name.ends_with(kWeight)) {
      problems.push_back(fmt::format("'{}' as {}", tensors[i].name, types[i]->name));
      continue;
    }
    modules.push_back({name->name.substr(0, name->name.size() - kWeight.size()), type});
  }
  if (!problems.empty()) fail_unequal(std::move(problems));
  return modules;
}

MlxQuantization most_frequent(const std::vector<Module>& modules) {
  std::map<MlxQuantization, int> counts;
  for (const auto& module : modules) {
    if (module.type) ++counts[*module.type];
  }
  if (counts.empty()) fail(ErrorCode::bad_input, "nothing is quantized: there is no \"quantization\" to write for MLX");
  return std::ranges::max_element(counts, {}, [](const auto& entry) { return entry.second; })->first;
}

}  // namespace

std::string mlx_quantization_block(const std::string& architecture, const std::vector<quantize::TensorToStore>& tensors,
                                   const std::vector<StorageType>& types) {
  const auto modules = modules_of(architecture, tensors, types);
  const MlxQuantization usual = most_frequent(modules);
  Json block = to_json(usual);
  for (const auto& module : modules) {
    if (!module.type) {
      block[module.path] = false;
    } else if (*module.type != usual) {
      block[module.path] = to_json(*module.type);
    }
  }
  const Json config = {{"quantization", block}, {"quantization_config", block}};
  return config.dump(2) + "\n";
}

}  // namespace adze::pipeline
