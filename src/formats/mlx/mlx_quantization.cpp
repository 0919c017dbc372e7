#include "formats/mlx/mlx_quantization.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/error.h"
#include "codecs/codec.h"
#include "codecs/group_codecs.h"

namespace adze::formats {
namespace {

using codecs::GroupLayout;
using codecs::GroupLevels;
using codecs::GroupOffset;
using codecs::GroupScale;

constexpr std::string_view kAffine = "affine";
constexpr std::array<int64_t, 6> kAffineBits = {2, 3, 4, 5, 6, 8};
constexpr std::array<int64_t, 3> kAffineGroups = {32, 64, 128};

// The modes without a choice.
struct FixedMode {
  std::string_view name;
  GroupLayout layout;
};
constexpr std::array kFixedModes = {
    FixedMode{"mxfp4", {GroupLevels::e2m1, GroupOffset::none, GroupScale::e8m0, 4, 32}},
    FixedMode{"nvfp4", {GroupLevels::e2m1, GroupOffset::none, GroupScale::e4m3, 4, 16}},
    FixedMode{"mxfp8", {GroupLevels::e4m3, GroupOffset::none, GroupScale::e8m0, 8, 32}},
};

const FixedMode* fixed_mode(std::string_view name) {
  const auto found = std::ranges::find(kFixedModes, name, &FixedMode::name);
  return found == kFixedModes.end() ? nullptr : &*found;
}

bool is_known(const MlxQuantization& quantization) {
  if (const auto* fixed = fixed_mode(quantization.mode)) {
    return quantization.bits == fixed->layout.bits && quantization.group == fixed->layout.group;
  }
  return quantization.mode == kAffine && std::ranges::find(kAffineBits, quantization.bits) != kAffineBits.end() &&
         std::ranges::find(kAffineGroups, quantization.group) != kAffineGroups.end();
}

int64_t whole_number(const Json& object, const char* key, int64_t fallback, const std::string& where) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return fallback;
  if (!found->is_number_unsigned() || found->get<uint64_t>() > 4096) {
    fail(ErrorCode::bad_input, "{}: \"{}\" is {}, not a small whole number", where, key, found->dump());
  }
  return found->get<int64_t>();
}

MlxQuantization read_one(const Json& object, const std::string& where) {
  MlxQuantization read;
  read.mode = json_value<std::string>(object, "mode", std::string(kAffine), where);
  const auto* fixed = fixed_mode(read.mode);
  read.group = whole_number(object, "group_size", fixed ? fixed->layout.group : 64, where);
  read.bits = whole_number(object, "bits", fixed ? fixed->layout.bits : 4, where);
  if (is_known(read)) return read;
  fail(ErrorCode::unsupported,
       "{}: mode \"{}\" with {} bits and groups of {} is not known; affine has 2, 3, 4, 5, 6 "
       "or 8 bits and groups of 32, 64 or 128, mxfp4 4 and 32, mxfp8 8 and 32, nvfp4 4 and 16",
       where, read.mode, read.bits, read.group);
}

Json json_of(const MlxQuantization& quantization) {
  Json json;
  json["group_size"] = quantization.group;
  json["bits"] = quantization.bits;
  json["mode"] = quantization.mode;
  return json;
}

std::optional<GroupScale> float_scale(StorageType scales) {
  if (scales == &codecs::f16.info) return GroupScale::float16;
  if (scales == &codecs::bf16.info) return GroupScale::bfloat16;
  if (scales == &codecs::f32.info) return GroupScale::float32;
  return std::nullopt;
}

GroupLayout affine_layout(int64_t bits, int64_t group, GroupScale scale) {
  return {GroupLevels::integers, GroupOffset::offset, scale, static_cast<int>(bits), group};
}

}  // namespace

std::string mlx_module_of(std::string_view weight) { return std::string(weight.substr(0, weight.rfind('.'))); }

bool says_mlx_quantization(const Json& config) {
  if (!config.is_object()) return false;
  const auto found = config.find("quantization");
  return found != config.end() && found->is_object();
}

MlxModules MlxModules::read(const Json& config, const std::string& source) {
  MlxModules modules;
  if (!says_mlx_quantization(config)) return modules;
  const auto where = source + ": \"quantization\"";
  const Json& object = config["quantization"];
  modules.rule_ = read_one(object, where);
  for (const auto& [key, value] : object.items()) {
    if (value.is_object()) {
      modules.own_[key] = read_one(value, where + " of '" + key + "'");
    } else if (value.is_boolean() && !value.get<bool>()) {
      modules.plain_.insert(key);
    }
  }
  return modules;
}

std::optional<MlxQuantization> MlxModules::find(std::string_view module) const {
  if (const auto own = own_.find(module); own != own_.end()) return own->second;
  return plain_.contains(module) ? std::nullopt : std::optional(rule_);
}

Json MlxModules::to_json() const {
  std::map<MlxQuantization, int64_t> counts;
  for (const auto& [module, quantization] : own_) ++counts[quantization];
  const auto most = std::ranges::max_element(counts, {}, [](const auto& entry) { return entry.second; });
  const MlxQuantization rule = most == counts.end() ? MlxQuantization{} : most->first;
  Json json = json_of(rule);
  for (const auto& [module, quantization] : own_) {
    if (quantization != rule) json[module] = json_of(quantization);
  }
  return json;
}

StorageType storage_of_mlx(const MlxQuantization& quantization, StorageType scales) {
  if (const auto* fixed = fixed_mode(quantization.mode)) {
    return scales == &codecs::u8.info ? &codecs::group_codec(fixed->layout).info : nullptr;
  }
  const auto scale = float_scale(scales);
  if (!scale || !is_known(quantization)) return nullptr;
  return &codecs::group_codec(affine_layout(quantization.bits, quantization.group, *scale)).info;
}

std::optional<MlxQuantization> mlx_quantization_of(StorageType storage) {
  const GroupLayout* layout = codecs::group_layout_of(storage);
  if (!layout) return std::nullopt;
  for (const auto& fixed : kFixedModes) {
    if (*layout == fixed.layout) return MlxQuantization{std::string(fixed.name), layout->group, layout->bits};
  }
  const MlxQuantization affine{std::string(kAffine), layout->group, layout->bits};
  const bool has_offset = layout->levels == GroupLevels::integers && layout->offset == GroupOffset::offset;
  return has_offset && is_known(affine) ? std::optional(affine) : std::nullopt;
}

std::span<const StorageType> mlx_packed_types() {
  static const auto types = [] {
    std::vector<StorageType> all;
    for (const auto& fixed : kFixedModes) all.push_back(&codecs::group_codec(fixed.layout).info);
    for (const GroupScale scale : {GroupScale::float16, GroupScale::bfloat16, GroupScale::float32}) {
      for (const int64_t bits : kAffineBits) {
        for (const int64_t group : kAffineGroups) {
          all.push_back(&codecs::group_codec(affine_layout(bits, group, scale)).info);
        }
      }
    }
    std::ranges::stable_sort(all, {}, [](StorageType type) { return type->bits_per_weight(); });
    return all;
  }();
  return types;
}

}  // namespace adze::formats
