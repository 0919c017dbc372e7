#include "formats/hf/latent_heads.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/error.h"
#include "formats/hf/weight_names.h"
#include "model/chosen_rows.h"
#include "model/derived_tensors.h"

namespace adze::formats {
namespace {

using architectures::LatentHeads;

struct HeadSizes {
  int64_t heads, keys, values;

  int64_t both() const { return keys + values; }
};

HeadSizes sizes_in(const model::KeyValues& config) {
  const int64_t keys = config.require_int("attention.key_length_mla") - config.require_int("rope.dimension_count");
  return {config.require_int("attention.head_count"), keys, config.require_int("attention.value_length_mla")};
}

void check_shape(const model::Tensor& both, const HeadSizes& sizes) {
  const bool fits = both.shape.rank() == 2 && sizes.heads > 0 && sizes.keys > 0 && sizes.values > 0 &&
                    both.shape[0] % sizes.heads == 0 && both.shape[0] / sizes.heads == sizes.both();
  if (fits) return;
  fail(ErrorCode::bad_input, "{}: tensor '{}' {} is not {} heads of {} rows of keys and {} of values",
       both.source->where(), both.name, both.shape.to_string(), sizes.heads, sizes.keys, sizes.values);
}

// Quantized along the short row, keys cannot be turned round: both become floats.
void append_apart(const model::Tensor& stored, const HeadSizes& sizes, const std::string& keys_name,
                  const std::string& values_name, std::vector<model::Tensor>& apart) {
  check_shape(stored, sizes);
  const model::Tensor both = model::as_floats(stored);
  const int64_t latent = both.shape[1];
  auto keys = model::chosen_rows(keys_name, {sizes.heads, sizes.keys, latent}, {both}, [sizes](int64_t row) {
    return model::RowPlace{0, row / sizes.keys * sizes.both() + row % sizes.keys};
  });
  apart.push_back(model::matrices_transposed(std::move(keys)));
  apart.push_back(model::chosen_rows(values_name, {sizes.heads, sizes.values, latent}, {both}, [sizes](int64_t row) {
    return model::RowPlace{0, row / sizes.values * sizes.both() + sizes.keys + row % sizes.values};
  }));
}

model::Tensor together(std::string name, const model::Tensor& keys, const model::Tensor& values) {
  const bool fits = keys.shape.rank() == 3 && values.shape.rank() == 3 && keys.shape[0] == values.shape[0] &&
                    keys.shape[1] == values.shape[2] && keys.storage == values.storage;
  if (!fits) {
    fail(ErrorCode::bad_input, "{}: '{}' {} {} and '{}' {} {} are not keys and values of the same heads",
         keys.source->where(), keys.name, keys.storage->name, keys.shape.to_string(), values.name, values.storage->name,
         values.shape.to_string());
  }
  if (!keys.storage->is_plain()) {
    fail(ErrorCode::unsupported,
         "'{}' {}: keys and values are one matrix in this folder, which cannot be put together of quantized ones; keep "
         "attn_k_b and attn_v_b as floats",
         keys.name, keys.storage->name);
  }
  const HeadSizes sizes{keys.shape[0], keys.shape[2], values.shape[1]};
  return model::chosen_rows(std::move(name), {sizes.heads * sizes.both(), values.shape[2]},
                            {model::matrices_transposed(keys), values}, [sizes](int64_t row) {
                              const int64_t head = row / sizes.both(), within = row % sizes.both();
                              const bool is_key = within < sizes.keys;
                              return model::RowPlace{
                                  is_key ? size_t{0} : size_t{1},
                                  is_key ? head * sizes.keys + within : head * sizes.values + within - sizes.keys};
                            });
}

}  // namespace

std::vector<model::Tensor> with_latent_heads_apart(std::vector<model::Tensor> tensors,
                                                   const architectures::Architecture& architecture,
                                                   const model::KeyValues& config) {
  if (architecture.latent_heads.empty()) return tensors;
  const HeadSizes sizes = sizes_in(config);
  std::vector<model::Tensor> apart;
  for (auto& tensor : tensors) {
    bool found = false;
    for (const LatentHeads& heads : architecture.latent_heads) {
      const auto layer = layer_in(tensor.name, heads.hugging_face);
      if (!layer) continue;
      append_apart(tensor, sizes, filled(heads.keys, *layer), filled(heads.values, *layer), apart);
      found = true;
      break;
    }
    if (!found) apart.push_back(std::move(tensor));
  }
  return apart;
}

std::vector<model::Tensor> with_latent_heads_together(std::vector<model::Tensor> tensors,
                                                      const architectures::Architecture& architecture) {
  for (const LatentHeads& heads : architecture.latent_heads) {
    for (auto& tensor : tensors) {
      const auto layer = layer_in(tensor.name, heads.keys);
      if (!layer) continue;
      const auto values = std::ranges::find(tensors, filled(heads.values, *layer), &model::Tensor::name);
      if (values == tensors.end()) {
        fail(ErrorCode::bad_input, "{}: '{}' is there without its values", tensor.source->where(), tensor.name);
      }
      tensor = together(filled(heads.hugging_face, *layer), tensor, *values);
      *values = {};
    }
  }
  std::erase_if(tensors, [](const model::Tensor& tensor) { return tensor.source == nullptr; });
  return tensors;
}

}  // namespace adze::formats
