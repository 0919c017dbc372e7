// Any text as the config.json of an MLX folder, with arrays of any small shapes: an Error, or a tensor whose rows can
// be read and written as arrays again.
//
// The input: five bytes that say what the arrays look like; then the text.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "codecs/codec.h"
#include "formats/mlx/group_arrays.h"
#include "formats/mlx/mlx_quantization.h"
#include "formats/mlx/stored_before.h"
#include "formats/safetensors/dtypes.h"

namespace {

using namespace adze;

model::Tensor zeros(const char* name, const Shape& shape, StorageType storage) {
  const auto bytes = static_cast<size_t>(checked_tensor_bytes(*storage, shape, name));
  return model::owned_tensor(name, shape, storage, std::vector<std::byte>(bytes, std::byte{0x35}));
}

void join_and_split(const formats::GroupArrays& arrays, StorageType storage) {
  const auto joined = formats::joined_arrays(arrays, storage);
  const auto values = model::decode_all(joined);
  if (static_cast<int64_t>(values.size()) != joined.shape.element_count()) __builtin_trap();
  std::vector<std::byte> scratch, original;
  const auto parts = formats::split_arrays(joined);
  const int64_t rows = joined.shape.row_count();
  const auto again = parts.front().source->rows(0, rows, scratch);
  const auto before = arrays.codes.source->rows(0, rows, original);
  if (!std::equal(again.begin(), again.end(), before.begin(), before.end())) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 5) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data + 5), size - 5);
  const StorageType scales[] = {&codecs::f16.info, &codecs::bf16.info, &codecs::f32.info, &codecs::u8.info};
  try {
    const Json config = parse_json(text, "config.json");
    const auto modules = formats::MlxModules::read(config, "config.json");
    formats::mlx_stored_before(config, "a");
    modules.to_json();
    const auto quantization = modules.find("a");
    const StorageType scale = scales[data[0] % 4];
    const StorageType storage = quantization ? formats::storage_of_mlx(*quantization, scale) : nullptr;
    if (!storage) return 0;
    const int64_t rows = data[1] % 4, groups = data[2] % 8;
    formats::GroupArrays arrays{zeros("a.weight", {rows, data[3] % 129}, formats::storage_of_dtype("U32")),
                                zeros("a.scales", {rows, groups}, scale), std::nullopt};
    if (data[4] % 2 == 0) arrays.biases = zeros("a.biases", {rows, groups}, scale);
    join_and_split(arrays, storage);
  } catch (const Error&) {
  }
  return 0;
}
