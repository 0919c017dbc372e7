// lint: foreign names: modes of MLX
#include "pipeline/mlx_recipe.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "architectures/architecture.h"
#include "base/error.h"
#include "base/json.h"
#include "formats/mlx/mlx_names.h"

namespace adze::pipeline {
namespace {

/// A type of MLX that can hold the same codes: w = scale * code + bias in groups along the input.
struct MlxType {
  const codecs::Codec* codec;
  std::string_view mode;
  int bits;
  int group_size;
};

constexpr MlxType kMlxTypes[] = {
    {&codecs::q2_0, "affine", 2, 64}, {&codecs::q4_0, "affine", 4, 32}, {&codecs::q4_1, "affine", 4, 32},
    {&codecs::q5_0, "affine", 5, 32}, {&codecs::q5_1, "affine", 5, 32}, {&codecs::q8_0, "affine", 8, 32},
    {&codecs::mxfp4, "mxfp4", 4, 32}, {&codecs::nvfp4, "nvfp4", 4, 16},
};

const MlxType* mlx_type_of(StorageType storage) {
  const auto found = std::ranges::find_if(kMlxTypes, [&](const MlxType& type) { return &type.codec->info == storage; });
  return found == std::end(kMlxTypes) ? nullptr : found;
}

Json to_json(const MlxType& type) {
  return {{"group_size", type.group_size}, {"bits", type.bits}, {"mode", type.mode}};
}

struct Module {
  std::string path;
  const MlxType* type;  // null: floats
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
    const auto* type = mlx_type_of(types[i]);
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

const MlxType& most_frequent(const std::vector<Module>& modules) {
  std::map<const MlxType*, int> counts;  // of one array: ordered as there
  for (const auto& module : modules) {
    if (module.type) ++counts[module.type];
  }
  if (counts.empty()) fail(ErrorCode::bad_input, "nothing is quantized: there is no \"quantization\" to write for MLX");
  return *std::ranges::max_element(counts, {}, [](const auto& entry) { return entry.second; })->first;
}

bool same(const MlxType& a, const MlxType& b) {
  return a.mode == b.mode && a.bits == b.bits && a.group_size == b.group_size;
}

}  // namespace

std::string mlx_quantization_block(const std::string& architecture, const std::vector<quantize::TensorToStore>& tensors,
                                   const std::vector<StorageType>& types) {
  const auto modules = modules_of(architecture, tensors, types);
  const MlxType& usual = most_frequent(modules);
  Json block = to_json(usual);
  for (const auto& module : modules) {
    if (!module.type) {
      block[module.path] = false;
    } else if (!same(*module.type, usual)) {
      block[module.path] = to_json(*module.type);
    }
  }
  const Json config = {{"quantization", block}, {"quantization_config", block}};
  return config.dump(2) + "\n";
}

}  // namespace adze::pipeline
