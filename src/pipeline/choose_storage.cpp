#include "pipeline/choose_storage.h"

#include <algorithm>
#include <iterator>
#include <vector>

#include "base/error.h"
#include "codecs/code_lattice.h"
#include "codecs/group_codecs.h"
#include "codecs/transcode.h"
#include "model/transcoded_tensor.h"

namespace adze::pipeline {
namespace {

using codecs::TranscodeClass;

// An exact type is taken if it needs no more than this many times the bytes of one with rounded scales.
constexpr double kWorthForExactness = 1.1;

// What has one code per point of a codebook, or its columns in groups of any order, needs more bits where there is one
// code per number and groups are consecutive.
constexpr double kBitsForCodebooks = 1.5;

bool is_smaller(StorageType a, StorageType b) { return !b || a->bits_per_weight() < b->bits_per_weight(); }

void keep_smaller(StorageType candidate, StorageType& best) {
  if (is_smaller(candidate, best)) best = candidate;
}

bool holds(std::span<const StorageType> held, StorageType type) { return std::ranges::find(held, type) != held.end(); }

/// Those whose blocks divide the rows.
std::vector<StorageType> fitting_types(std::span<const StorageType> held, int64_t row_length) {
  std::vector<StorageType> fitting;
  std::ranges::copy_if(held, std::back_inserter(fitting),
                       [&](StorageType type) { return fits_blocks(*type, row_length); });
  return fitting;
}

/// Of the codes and their scales, without what says which group a column is in.
double bits_of_codes(StorageType type) {
  const auto* layout = codecs::column_group_layout_of(type);
  if (!layout) return type->bits_per_weight();
  codecs::GroupLayout consecutive = *layout;
  consecutive.columns = 0;
  return 8.0 * static_cast<double>(consecutive.block_bytes()) / static_cast<double>(consecutive.group);
}

StorageType with_new_codes(StorageType from, std::span<const StorageType> held) {
  const bool has_codes = codecs::code_lattice_of(from) != nullptr;
  const double wanted = bits_of_codes(from) + (has_codes ? 0 : kBitsForCodebooks);
  StorageType best = nullptr, largest = nullptr;
  for (const StorageType type : held) {
    if (type->bits_per_weight() >= wanted) keep_smaller(type, best);
    if (!largest || is_smaller(largest, type)) largest = type;
  }
  return best ? best : largest;
}

/// The smallest type that takes the numbers exactly: one that always does, or one that turns out to.
StorageType exact_for(const model::Tensor& tensor, std::span<const StorageType> held, StorageType exact) {
  for (const StorageType type : held) {
    if (!is_smaller(type, exact)) continue;
    const bool depends = codecs::transcode_class(tensor.storage, type) == TranscodeClass::depends;
    if (depends && model::moves_exactly(tensor, type)) exact = type;
  }
  return exact;
}

bool comes_back_as(const model::Tensor& tensor, std::span<const StorageType> held) {
  const StorageType before = tensor.stored_before;
  return before && holds(held, before) &&
         codecs::transcode_class(tensor.storage, before) != TranscodeClass::impossible &&
         model::moves_exactly(tensor, before);
}

}  // namespace

StorageWays ways_to_store(StorageType from, std::span<const StorageType> held) {
  StorageWays ways;
  if (holds(held, from)) ways.copied = from;
  for (const StorageType type : held) {
    const auto kind = codecs::transcode_class(from, type);
    if (kind == TranscodeClass::exact) keep_smaller(type, ways.exact);
    if (kind == TranscodeClass::depends) keep_smaller(type, ways.depends);
    if (kind == TranscodeClass::rounded) keep_smaller(type, ways.rounded);
  }
  if (ways.depends && !is_smaller(ways.depends, ways.exact)) ways.depends = nullptr;
  ways.requantized = held.empty() ? nullptr : with_new_codes(from, held);
  return ways;
}

StorageType chosen_type(StorageType exact, StorageType rounded, bool require_exact) {
  if (!exact || !rounded) return exact ? exact : rounded;
  const bool is_worth_it = exact->bits_per_weight() <= kWorthForExactness * rounded->bits_per_weight();
  return require_exact || is_worth_it ? exact : rounded;
}

TensorPlan choose_packed_storage(const model::Tensor& tensor, std::span<const StorageType> held_types,
                                 const StorageRules& rules) {
  const auto held = fitting_types(held_types, tensor.shape.row_length());
  const StorageWays ways = ways_to_store(tensor.storage, held);
  if (ways.copied) return {.storage = tensor.storage, .reason = "format"};
  if (comes_back_as(tensor, held)) return {.storage = tensor.stored_before, .reason = "as before", .keeps_codes = true};
  const StorageType exact = exact_for(tensor, held, ways.exact);
  if (const StorageType moved = chosen_type(exact, ways.rounded, rules.require_exact)) {
    return {.storage = moved, .reason = "same codes", .keeps_codes = true};
  }
  if (!ways.requantized || !rules.allow_requantize) {
    fail(ErrorCode::unsupported,
         "{}: tensor '{}': no type of the format holds the codes of {}{}; --dtype f16 stores its values as floats{}",
         tensor.source->where(), tensor.name, tensor.storage->name,
         codecs::column_group_layout_of(tensor.storage) ? ", whose inputs are not in the order of their groups" : "",
         ways.requantized ? fmt::format(", --allow-requantize chooses new codes in {}", ways.requantized->name) : "");
  }
  return {.storage = ways.requantized, .reason = "new codes"};
}

}  // namespace adze::pipeline
