#include "pipeline/conversions.h"

#include <algorithm>

#include "codecs/code_lattice.h"
#include "codecs/transcode.h"
#include "formats/format.h"

namespace adze::pipeline {
namespace {

std::vector<StorageType> packed_types_to_read() {
  std::vector<StorageType> types;
  for (const auto& format : formats::all_formats()) {
    if (!format.packed_types || !format.read) continue;
    for (const StorageType type : format.packed_types()) {
      if (std::ranges::find(types, type) == types.end()) types.push_back(type);
    }
  }
  return types;
}

int code_count(StorageType type) {
  const auto* lattice = codecs::code_lattice_of(type);
  return lattice ? lattice->code_count() : 0;
}

/// The smallest whose further codes may take up an offset that would be rounded, and that is worth its bytes.
StorageType larger_type(StorageType from, StorageType rounded, std::span<const StorageType> held) {
  StorageType best = nullptr;
  for (const StorageType type : held) {
    const bool is_larger =
        type->bits_per_weight() > rounded->bits_per_weight() && code_count(type) > code_count(rounded);
    if (!is_larger || chosen_type(type, rounded, false) != type) continue;
    if (codecs::transcode_class(from, type) != codecs::TranscodeClass::depends) continue;
    if (!best || type->bits_per_weight() < best->bits_per_weight()) best = type;
  }
  return best;
}

Conversion conversion(StorageType from, const formats::Format& format) {
  const auto held = format.packed_types();
  const StorageWays ways = ways_to_store(from, held);
  if (ways.copied) return {from, format.name, Fidelity::copied, from};
  const StorageType usual = chosen_type(ways.exact, ways.rounded, false);
  if (!usual) return {from, format.name, Fidelity::requantized, ways.requantized, ways.depends};
  const bool is_exact = usual == ways.exact;
  const bool is_smaller = ways.depends && ways.depends->bits_per_weight() < usual->bits_per_weight();
  return {.from = from,
          .format = format.name,
          .fidelity = is_exact ? Fidelity::exact : Fidelity::rounded,
          .to = usual,
          .smaller_if_exact = is_smaller ? ways.depends : nullptr,
          .larger_if_exact = is_exact ? nullptr : larger_type(from, usual, held),
          .larger_if_required = is_exact ? nullptr : ways.exact};
}

}  // namespace

std::vector<Conversion> all_conversions() {
  std::vector<Conversion> conversions;
  for (const StorageType from : packed_types_to_read()) {
    for (const auto& format : formats::all_formats()) {
      if (format.packed_types) conversions.push_back(conversion(from, format));
    }
  }
  return conversions;
}

}  // namespace adze::pipeline
