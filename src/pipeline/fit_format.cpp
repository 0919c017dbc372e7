#include "pipeline/fit_format.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "codecs/codec.h"
#include "codecs/group_codecs.h"

namespace adze::pipeline {
namespace {

bool fits_all(StorageType type, const formats::Format& format, const model::TensorList& tensors) {
  return std::ranges::all_of(tensors, [&](const auto& tensor) {
    return !format.packs(tensor) || fits_blocks(*type, tensor.shape.row_length());
  });
}

/// Those that differ from `wanted` in the size of their groups alone.
std::vector<std::string_view> types_that_fit(StorageType wanted, const formats::Format& format,
                                             const model::TensorList& tensors) {
  std::vector<std::string_view> names;
  for (const StorageType type : format.packed_types()) {
    auto layout = *codecs::group_layout_of(type);
    layout.group = codecs::group_layout_of(wanted)->group;
    if (layout == *codecs::group_layout_of(wanted) && fits_all(type, format, tensors)) names.push_back(type->name);
  }
  return names;
}

// 4 bits in groups of 64 where the format has that: rows of nearly every model divide into them.
std::string_view example_of(std::span<const StorageType> held) {
  const auto found = std::ranges::find_if(held, [](StorageType type) {
    const auto* layout = codecs::group_layout_of(type);
    return layout && layout->levels == codecs::GroupLevels::integers && layout->bits == 4 && layout->group == 64;
  });
  return found == held.end() ? held.front()->name : (*found)->name;
}

}  // namespace

void keep_floats(const formats::Format& format, std::vector<TensorPlan>& plans, const model::TensorList& tensors) {
  size_t index = 0;
  for (const auto& tensor : tensors) {
    TensorPlan& plan = plans[index++];
    if (plan.storage->is_plain() || holds_packed(format, tensor)) continue;
    plan = {.storage = &codecs::f16.info, .reason = fmt::format("{} has floats there", format.name)};
  }
}

void refuse_types(const formats::Format& format, const std::vector<TensorPlan>& plans,
                  const model::TensorList& tensors) {
  const auto held = format.packed_types();
  size_t index = 0;
  for (const auto& tensor : tensors) {
    const StorageType type = plans[index++].storage;
    if (type->is_plain() || std::ranges::find(held, type) != held.end()) continue;
    fail(ErrorCode::unsupported,
         "tensor '{}': {} cannot hold {}; `adze list codecs` has the types, for {} for example --type {}", tensor.name,
         format.name, type->name, format.name, example_of(held));
  }
}

void refuse_wide_blocks(const formats::Format& format, std::span<const quantize::TensorChoice> choices,
                        const model::TensorList& tensors) {
  if (!format.packs) return;
  const auto held = format.packed_types();
  size_t index = 0;
  for (const auto& tensor : tensors) {
    const StorageType wanted = choices[index++].too_wide;
    if (!wanted || !format.packs(tensor) || std::ranges::find(held, wanted) == held.end()) continue;
    fail(ErrorCode::unsupported, "tensor '{}': rows of {} do not divide into groups of {}; all matrices fit --type {}",
         tensor.name, tensor.shape.row_length(), wanted->block_elements,
         fmt::join(types_that_fit(wanted, format, tensors), " or "));
  }
}

}  // namespace adze::pipeline
