#include "pipeline/conversions.h"

#include <algorithm>

#include "formats/format.h"

namespace adze::pipeline {
namespace {

std::vector<StorageType> packed_types_of_all_formats() {
  std::vector<StorageType> types;
  for (const auto& format : formats::all_formats()) {
    if (!format.packed_types) continue;
    for (const StorageType type : format.packed_types()) {
      if (std::ranges::find(types, type) == types.end()) types.push_back(type);
    }
  }
  return types;
}

Conversion conversion(StorageType from, const formats::Format& format) {
  const StorageWays ways = ways_to_store(from, format.packed_types());
  if (ways.copied) return {from, format.name, Fidelity::copied, from};
  const StorageType usual = chosen_type(ways.exact, ways.rounded, false);
  if (!usual) return {from, format.name, Fidelity::requantized, ways.requantized, ways.depends};
  const bool is_exact = usual == ways.exact;
  const bool is_smaller = ways.depends && ways.depends->bits_per_weight() < usual->bits_per_weight();
  return {from,
          format.name,
          is_exact ? Fidelity::exact : Fidelity::rounded,
          usual,
          is_smaller ? ways.depends : nullptr,
          is_exact ? nullptr : ways.exact};
}

}  // namespace

std::vector<Conversion> all_conversions() {
  std::vector<Conversion> conversions;
  for (const StorageType from : packed_types_of_all_formats()) {
    for (const auto& format : formats::all_formats()) {
      if (format.packed_types) conversions.push_back(conversion(from, format));
    }
  }
  return conversions;
}

}  // namespace adze::pipeline
