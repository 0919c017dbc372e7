#include "formats/hf_quantized/read_bitsandbytes.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <optional>
#include <unordered_set>

#include "base/error.h"
#include "codecs/codec.h"
#include "codecs/uneven_levels.h"
#include "formats/hf_quantized/grouped_matrix.h"

namespace adze::formats {
namespace {

using codecs::GroupLayout;
using codecs::GroupLevels;
using codecs::GroupScale;

constexpr std::string_view kState = ".quant_state.bitsandbytes__";
constexpr std::string_view kWeight = ".weight";
constexpr std::string_view kRowScales = ".SCB";
constexpr std::string_view kFormat = ".weight_format";
constexpr size_t kLevels = 16;
constexpr size_t kScaleLevels = 256;
constexpr int64_t kMostDims = int64_t{1} << 32;

std::string place_of(const model::Tensor& tensor) {
  return fmt::format("{}: '{}' {}", tensor.source->where(), tensor.name, tensor.shape.to_string());
}

float f32_at(std::span<const std::byte> bytes, int64_t index) {
  float value = 0;
  std::memcpy(&value, bytes.data() + index * static_cast<int64_t>(sizeof value), sizeof value);
  return value;
}

/// The arrays of a folder by name; notes which are used up.
class Arrays {
 public:
  explicit Arrays(const std::vector<model::Tensor>& tensors) {
    for (const auto& tensor : tensors) by_name_.emplace(tensor.name, &tensor);
  }
  bool is_used_up(const std::string& name) const { return used_up_.contains(name); }

  const model::Tensor* find(const std::string& name) const {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : found->second;
  }
  /// Checked for type and number, and used up.
  const model::Tensor& take(const std::string& name, StorageType storage, int64_t count) {
    const auto* found = find(name);
    if (!found) fail(ErrorCode::bad_input, "'{}' is missing", name);
    if (found->storage != storage || found->shape.element_count() != count) {
      fail(ErrorCode::bad_input, "{} of {} must be {} numbers of {}", place_of(*found), found->storage->name, count,
           storage->name);
    }
    used_up_.insert(name);
    return *found;
  }
  void use_up(const std::string& name) { used_up_.insert(name); }

 private:
  std::map<std::string, const model::Tensor*, std::less<>> by_name_;
  std::unordered_set<std::string> used_up_;
};

// ---- four bits

/// What the tensor of JSON beside a weight says.
struct QuantState {
  Shape shape;
  int64_t block = 64;  // consecutive numbers of all rows that share a scale
  std::optional<int64_t> nested_block = std::nullopt;
  float nested_offset = 0;
};

int64_t checked_size(const Json& json, const char* key, const std::string& source) {
  const auto size = json_value<int64_t>(json, key, 0, source);
  if (size < 1 || size > (1 << 20)) {
    fail(ErrorCode::bad_input, "{}: \"{}\" is {}, must be from 1 to 2^20", source, key, size);
  }
  return size;
}

Shape stated_shape(const Json& json, const std::string& source) {
  const auto dims = json_value<std::vector<int64_t>>(json, "shape", {}, source);
  const bool fits = dims.size() == 2 && std::ranges::all_of(dims, [](int64_t d) { return d > 0 && d < kMostDims; });
  if (!fits) fail(ErrorCode::bad_input, "{}: \"shape\" must be two positive numbers", source);
  if (dims[0] > (int64_t{1} << 48) / dims[1]) fail(ErrorCode::bad_input, "{}: \"shape\" is beyond reason", source);
  return Shape(dims);
}

QuantState read_state(const model::Tensor& array) {
  const auto source = place_of(array);
  if (array.storage != &codecs::u8.info)
    fail(ErrorCode::bad_input, "{} of {} must be text", source, array.storage->name);
  std::vector<std::byte> scratch;
  const auto bytes = bytes_of(array, scratch);
  const Json json = parse_json({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, source);
  if (!json.is_object()) fail(ErrorCode::bad_input, "{}: not an object", source);
  QuantState state{.shape = stated_shape(json, source), .block = checked_size(json, "blocksize", source)};
  if (json.contains("nested_blocksize")) {
    state.nested_block = checked_size(json, "nested_blocksize", source);
    state.nested_offset = static_cast<float>(json_value<double>(json, "nested_offset", 0, source));
  }
  return state;
}

/// The scales of blocks, which may be codes with scales of their own.
struct Scales {
  model::Tensor stored;                             // f32, or u8 codes
  std::optional<model::Tensor> nested, nested_map;  // f32
  int64_t nested_block = 1;
  float offset = 0;

  // In the order of the definition, each step rounded to f32.
  float at(int64_t block) const {
    std::vector<std::byte> own, map, outer;
    const auto bytes = bytes_of(stored, own);
    if (!nested) return f32_at(bytes, block);
    const auto code = static_cast<int64_t>(bytes[static_cast<size_t>(block)]);
    const float product =
        f32_at(bytes_of(*nested_map, map), code) * f32_at(bytes_of(*nested, outer), block / nested_block);
    return product + offset;
  }
};

int64_t blocks_in(int64_t count, int64_t block) { return (count + block - 1) / block; }

Scales take_scales(const std::string& weight, const QuantState& state, Arrays& arrays) {
  const int64_t blocks = blocks_in(state.shape.element_count(), state.block);
  if (!state.nested_block) return {arrays.take(weight + ".absmax", &codecs::f32.info, blocks), {}, {}};
  const int64_t outer = blocks_in(blocks, *state.nested_block);
  return {arrays.take(weight + ".absmax", &codecs::u8.info, blocks),
          arrays.take(weight + ".nested_absmax", &codecs::f32.info, outer),
          arrays.take(weight + ".nested_quant_map", &codecs::f32.info, kScaleLevels), *state.nested_block,
          state.nested_offset};
}

std::vector<float> take_levels(const std::string& weight, Arrays& arrays) {
  std::vector<std::byte> scratch;
  const auto bytes = bytes_of(arrays.take(weight + ".quant_map", &codecs::f32.info, kLevels), scratch);
  std::vector<float> levels(kLevels);
  std::memcpy(levels.data(), bytes.data(), kLevels * sizeof(float));
  return levels;
}

// Two codes to a byte, the first in the high half, through all rows.
MatrixReader reader_of(const model::Tensor& packed, const Shape& shape, int64_t block, int64_t group, Scales scales) {
  const int64_t columns = shape.row_length();
  const auto read_codes = [packed, columns](int64_t row, std::span<uint8_t> codes) {
    std::vector<std::byte> scratch;
    const auto bytes = bytes_of(packed, scratch);
    for (int64_t column = 0; column < columns; ++column) {
      const int64_t place = row * columns + column;
      const auto both = static_cast<uint8_t>(bytes[static_cast<size_t>(place / 2)]);
      codes[static_cast<size_t>(column)] = static_cast<uint8_t>(place % 2 == 0 ? both >> 4 : both & 15);
    }
  };
  const auto read_scale = [=, scales = std::move(scales)](int64_t row, int64_t of_row, std::byte* to) {
    const float scale = scales.at((row * columns + of_row * group) / block);
    std::memcpy(to, &scale, sizeof scale);
  };
  const auto release = [packed, columns](int64_t first, int64_t count) {
    if (packed.shape.row_length() == 1) packed.source->release(first * columns / 2, count * columns / 2);
  };
  return {read_codes, read_scale, release, packed.source->where()};
}

model::Tensor four_bits(const std::string& name, const model::Tensor& state_array, Arrays& arrays) {
  const QuantState state = read_state(state_array);
  arrays.use_up(state_array.name);
  const auto& packed = arrays.take(name, &codecs::u8.info, blocks_in(state.shape.element_count(), 2));
  auto levels = take_levels(name, arrays);
  const int64_t group = group_within(state.block, state.shape.row_length(), place_of(packed));
  auto reader = reader_of(packed, state.shape, state.block, group, take_scales(name, state, arrays));
  if (!std::ranges::equal(levels, codecs::kNf4Levels)) {
    return decoded_matrix(name, state.shape, group, std::move(levels), std::move(reader));
  }
  const GroupLayout layout{.levels = GroupLevels::nf4, .scale = GroupScale::float32, .bits = 4, .group = group};
  return grouped_matrix(name, state.shape, layout, std::move(reader));
}

// ---- eight bits

// Rows of int8, each with the magnitude that 127 stands for. Other orders are those of matrix units.
void require_rows_in_order(const std::string& module, Arrays& arrays) {
  const auto name = module + std::string(kFormat);
  if (!arrays.find(name)) return;
  std::vector<std::byte> scratch;
  const auto& format = arrays.take(name, &codecs::u8.info, 1);
  if (const auto order = static_cast<int>(bytes_of(format, scratch)[0]); order != 0) {
    fail(ErrorCode::unsupported,
         "{} is {}: its rows are tiled for a processor; save the model again with a newer version", place_of(format),
         order);
  }
}

model::Tensor eight_bits(const std::string& module, Arrays& arrays) {
  const auto name = module + std::string(kWeight);
  const auto* found = arrays.find(name);
  if (!found || found->storage != &codecs::i8.info || found->shape.rank() != 2) {
    fail(ErrorCode::bad_input, "'{}{}' is there, but no matrix '{}' of i8", module, kRowScales, name);
  }
  require_rows_in_order(module, arrays);
  const model::Tensor weight = *found;
  arrays.use_up(name);
  const auto& scales = arrays.take(module + std::string(kRowScales), &codecs::f32.info, weight.shape[0]);
  constexpr float kLargestCode = 127;
  constexpr uint8_t kSign = 0x80;  // codes of the family count from 0
  MatrixReader reader{[source = weight.source](int64_t row, std::span<uint8_t> codes) {
                        std::vector<std::byte> scratch;
                        const auto bytes = source->rows(row, 1, scratch);
                        for (size_t i = 0; i < codes.size(); ++i) codes[i] = static_cast<uint8_t>(bytes[i]) ^ kSign;
                      },
                      [scales](int64_t row, int64_t, std::byte* to) {
                        std::vector<std::byte> scratch;
                        const float scale = f32_at(bytes_of(scales, scratch), row) / kLargestCode;
                        std::memcpy(to, &scale, sizeof scale);
                      },
                      [source = weight.source](int64_t first, int64_t count) { source->release(first, count); },
                      weight.source->where()};
  const int64_t group = group_within(weight.shape[1], weight.shape[1], place_of(weight));
  const GroupLayout layout{.scale = GroupScale::float32, .bits = 8, .group = group};
  return grouped_matrix(name, weight.shape, layout, std::move(reader));
}

}  // namespace

std::vector<model::Tensor> arrange_bitsandbytes(std::vector<model::Tensor> tensors, const FolderQuantization&) {
  Arrays arrays(tensors);
  std::map<std::string, model::Tensor> matrices;  // by name
  for (const auto& tensor : tensors) {
    const auto state = tensor.name.find(kState);
    if (state != std::string::npos) {
      const auto name = tensor.name.substr(0, state);
      matrices.emplace(name, four_bits(name, tensor, arrays));
    } else if (tensor.name.ends_with(kRowScales)) {
      const auto module = tensor.name.substr(0, tensor.name.size() - kRowScales.size());
      matrices.emplace(module + std::string(kWeight), eight_bits(module, arrays));
    }
  }
  std::vector<model::Tensor> arranged;
  for (const auto& tensor : tensors) {
    if (const auto matrix = matrices.find(tensor.name); matrix != matrices.end()) {
      arranged.push_back(matrix->second);
    } else if (!arrays.is_used_up(tensor.name)) {
      arranged.push_back(tensor);
    }
  }
  return arranged;
}

}  // namespace adze::formats
