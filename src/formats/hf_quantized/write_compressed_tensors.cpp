#include <algorithm>
#include <map>
#include <tuple>

#include "base/error.h"
#include "formats/hf_quantized/write_quantized.h"

namespace adze::formats {
namespace {

using codecs::GroupLevels;

constexpr const char* kPacked = "pack-quantized";
constexpr const char* kFloats = "float-quantized";

bool is_float(const codecs::GroupLayout& layout) {
  return layout.levels == GroupLevels::e4m3 || layout.levels == GroupLevels::e5m2;
}

MatrixForm compressed_matrix_form(const codecs::GroupLayout& layout) {
  const bool has_scales = layout.scale != codecs::GroupScale::e8m0 && layout.scale != codecs::GroupScale::e4m3;
  const bool is_integer = layout.levels == GroupLevels::integers && layout.offset != codecs::GroupOffset::offset;
  if (is_float(layout) && has_scales) return byte_form(byte_packing);
  if (is_integer) return packed_form(stream_packing(layout.bits));
  fail(ErrorCode::unsupported,
       "compressed-tensors cannot hold {} here; integers with or without zero points, and 8-bit floats, can be written",
       codecs::group_codec_name(layout));
}

/// Modules that share one of these are one of "config_groups".
struct Scheme {
  bool is_float;
  int bits;
  bool is_symmetric;
  int64_t group;  // -1: all inputs
  bool has_order;

  auto operator<=>(const Scheme&) const = default;
};

Scheme scheme_of(const QuantizedModule& module, bool whole_rows) {
  const auto& layout = module.layout;
  return {is_float(layout), layout.bits, module.is_symmetric(), whole_rows ? -1 : layout.group, layout.columns > 0};
}

Json json_of(const Scheme& scheme) {
  Json weights;
  weights["num_bits"] = scheme.bits;
  weights["type"] = scheme.is_float ? "float" : "int";
  weights["symmetric"] = scheme.is_symmetric;
  weights["strategy"] = scheme.group < 0 ? "channel" : "group";
  weights["group_size"] = scheme.group < 0 ? Json() : Json(scheme.group);
  weights["block_structure"] = Json();
  weights["dynamic"] = false;
  weights["actorder"] = scheme.has_order ? Json("group") : Json();
  weights["observer"] = "minmax";
  weights["observer_kwargs"] = Json::object();
  return weights;
}

const char* format_of(const Scheme& scheme) { return scheme.is_float ? kFloats : kPacked; }

using ModulesByScheme = std::map<Scheme, std::vector<std::string>>;

ModulesByScheme by_scheme(const ModulesToWrite& modules) {
  const bool whole_rows = std::ranges::all_of(modules.quantized, &QuantizedModule::has_one_group);
  ModulesByScheme schemes;
  for (const auto& module : modules.quantized) schemes[scheme_of(module, whole_rows)].push_back(module.name);
  return schemes;
}

// What most modules have is said of their class, the others are named.
Json config_groups(const ModulesByScheme& schemes, bool is_mixed) {
  const auto most = std::ranges::max_element(schemes, {}, [](const auto& entry) { return entry.second.size(); });
  Json groups = Json::object();
  for (const auto& [scheme, names] : schemes) {
    Json group;
    group["targets"] = scheme == most->first ? Json::array({"Linear"}) : Json(names);
    group["weights"] = json_of(scheme);
    group["input_activations"] = Json();
    group["output_activations"] = Json();
    if (is_mixed) group["format"] = format_of(scheme);
    groups["group_" + std::to_string(groups.size())] = std::move(group);
  }
  return groups;
}

WrittenQuantization compressed_settings(const ModulesToWrite& modules, const Json&) {
  const auto schemes = by_scheme(modules);
  const bool is_mixed = std::ranges::any_of(
      schemes, [&](const auto& entry) { return entry.first.is_float != schemes.begin()->first.is_float; });
  Json ignored = Json::array({"lm_head"});
  for (const auto& module : modules.plain) ignored.push_back(module);
  Json settings;
  settings["quant_method"] = "compressed-tensors";
  settings["quantization_status"] = "compressed";
  settings["format"] = is_mixed ? "mixed-precision" : format_of(schemes.begin()->first);
  settings["config_groups"] = config_groups(schemes, is_mixed);
  settings["ignore"] = std::move(ignored);
  settings["kv_cache_scheme"] = Json();
  settings["global_compression_ratio"] = Json();
  return {std::move(settings)};
}

}  // namespace

const QuantWriter compressed_tensors_writer{compressed_matrix_form, compressed_settings};

}  // namespace adze::formats
