// How MLX says that a weight is quantized: mode, bits and group, for all modules and for single ones.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "base/json.h"
#include "tensor/codec_info.h"

namespace adze::formats {

struct MlxQuantization {
  std::string mode = "affine";
  int64_t group = 64;
  int64_t bits = 4;

  auto operator<=>(const MlxQuantization&) const = default;
};

/// The "quantization" object of config.json.
class MlxModules {
 public:
  /// Error(bad_input) naming `source` and the key for what no version of MLX writes.
  static MlxModules read(const Json& config, const std::string& source);

  /// `module` is the weight's name without ".weight". Empty where the module is said not to be quantized.
  std::optional<MlxQuantization> find(std::string_view module) const;

  void set(const std::string& module, const MlxQuantization& quantization) { own_[module] = quantization; }
  /// What most modules have becomes the rule; the others keep an entry.
  Json to_json() const;
  bool is_empty() const { return own_.empty(); }

 private:
  MlxQuantization rule_;
  std::map<std::string, MlxQuantization, std::less<>> own_;
  std::set<std::string, std::less<>> plain_;
};

/// The module that a weight belongs to: its name up to the last dot.
std::string mlx_module_of(std::string_view weight);

/// True for a config.json of a quantized MLX folder.
bool says_mlx_quantization(const Json& config);

/// The member of the family of group codecs for such a weight with scales of type `scales`; null when there is none.
StorageType storage_of_mlx(const MlxQuantization& quantization, StorageType scales);

/// Empty for a storage type that MLX cannot hold.
std::optional<MlxQuantization> mlx_quantization_of(StorageType storage);

/// Every storage type of quantized weights, fewest bits first; scales in f16 before bf16 before f32.
std::span<const StorageType> mlx_packed_types();

}  // namespace adze::formats
