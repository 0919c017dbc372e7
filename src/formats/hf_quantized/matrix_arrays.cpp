#include "formats/hf_quantized/matrix_arrays.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "codecs/codec.h"
#include "codecs/column_groups.h"
#include "codecs/group_blocks.h"

namespace adze::formats {
namespace {

using codecs::GroupLayout;
using codecs::GroupOffset;
using codecs::GroupScale;

std::optional<GroupScale> scale_type(StorageType storage) {
  if (storage == &codecs::f16.info) return GroupScale::float16;
  if (storage == &codecs::bf16.info) return GroupScale::bfloat16;
  if (storage == &codecs::f32.info) return GroupScale::float32;
  return std::nullopt;
}

/// What was read of some outputs.
struct Tile {
  std::vector<uint8_t> codes;     // [outputs, inputs]
  std::vector<std::byte> scales;  // [outputs, groups]
  std::vector<uint8_t> zeros;     // [outputs, groups], where there are any
};

void read_zeros(const MatrixArrays& arrays, Outputs outputs, uint8_t* zeros) {
  const MatrixSize of_groups{arrays.size.outputs, arrays.groups()};
  const int64_t total = outputs.count * of_groups.inputs;
  const int codes = 1 << arrays.bits();
  if (!arrays.zeros) {
    std::fill_n(zeros, total, static_cast<uint8_t>(codes / 2));
    return;
  }
  if (arrays.has_one_zero) {
    read_codes(arrays.zeros->tensor, arrays.zeros->layout, {1, 1}, {0, 1}, zeros);
    std::fill_n(zeros, total, zeros[0]);
  } else {
    read_codes(arrays.zeros->tensor, arrays.zeros->layout, of_groups, outputs, zeros);
  }
  for (int64_t i = 0; i < total; ++i) zeros[i] = static_cast<uint8_t>((zeros[i] + arrays.zero_shift) & (codes - 1));
}

class JoinedMatrix final : public model::TensorSource {
 public:
  JoinedMatrix(MatrixArrays arrays, const GroupLayout& layout) : arrays_(std::move(arrays)), layout_(layout) {}

  std::span<const std::byte> rows(int64_t first, int64_t count, std::vector<std::byte>& scratch) const override {
    const auto row_bytes = arrays_.size.inputs / layout_.numbers() * layout_.block_bytes();
    scratch.assign(static_cast<size_t>(count * row_bytes), std::byte{0});
    const Tile tile = read_tile({first, count});
    for (int64_t output = 0; output < count; ++output) {
      auto* row = reinterpret_cast<uint8_t*>(scratch.data()) + output * row_bytes;
      arrays_.column_groups ? write_row(tile, output, row) : write_blocks(tile, output, row);
    }
    return scratch;
  }
  // Rows of the arrays may be columns here.
  void release(int64_t, int64_t count) const override {
    if (count < arrays_.size.outputs) return;
    for (const auto* array : {&arrays_.codes.tensor, &arrays_.scales.tensor}) {
      array->source->release(0, array->shape.row_count());
    }
    if (arrays_.zeros) arrays_.zeros->tensor.source->release(0, arrays_.zeros->tensor.shape.row_count());
  }
  std::string where() const override { return arrays_.codes.tensor.source->where(); }

 private:
  Tile read_tile(Outputs outputs) const {
    const int64_t count = outputs.count;
    const MatrixSize of_groups{arrays_.size.outputs, arrays_.groups()};
    Tile tile;
    tile.codes.resize(static_cast<size_t>(count * arrays_.size.inputs));
    read_codes(arrays_.codes.tensor, arrays_.codes.layout, arrays_.size, outputs, tile.codes.data());
    tile.scales.resize(static_cast<size_t>(count * of_groups.inputs * layout_.scale_bytes()));
    read_scales(arrays_.scales.tensor, arrays_.scales.layout, of_groups, outputs, tile.scales.data());
    if (layout_.offset == GroupOffset::zero_point) {
      tile.zeros.resize(static_cast<size_t>(count * of_groups.inputs));
      read_zeros(arrays_, outputs, tile.zeros.data());
    }
    return tile;
  }

  // Groups one behind the other.
  void write_blocks(const Tile& tile, int64_t output, uint8_t* row) const {
    const int64_t groups = arrays_.groups();
    const int64_t scale_bytes = layout_.scale_bytes();
    for (int64_t group = 0; group < groups; ++group, row += layout_.block_bytes()) {
      const int64_t at = output * groups + group;
      std::memcpy(row, tile.scales.data() + at * scale_bytes, static_cast<size_t>(scale_bytes));
      if (!tile.zeros.empty()) row[scale_bytes] = tile.zeros[static_cast<size_t>(at)];
      codecs::pack_codes(tile.codes.data() + output * arrays_.size.inputs + group * layout_.group, layout_.bits,
                         layout_.group, row + scale_bytes + layout_.offset_bytes());
    }
  }

  // One block, whose columns name their group.
  void write_row(const Tile& tile, int64_t output, uint8_t* row) const {
    const codecs::ColumnGroupParts<uint8_t> parts(layout_, row);
    const auto groups = static_cast<size_t>(arrays_.groups());
    const auto scale_bytes = groups * static_cast<size_t>(layout_.scale_bytes());
    std::memcpy(parts.scales, tile.scales.data() + static_cast<size_t>(output) * scale_bytes, scale_bytes);
    if (!tile.zeros.empty())
      std::copy_n(tile.zeros.data() + static_cast<size_t>(output) * groups, groups, parts.zero_points);
    for (size_t column = 0; column < arrays_.column_groups->size(); ++column) {
      const uint16_t group = (*arrays_.column_groups)[column];
      parts.groups[2 * column] = static_cast<uint8_t>(group);
      parts.groups[2 * column + 1] = static_cast<uint8_t>(group >> 8);
    }
    codecs::pack_codes(tile.codes.data() + output * arrays_.size.inputs, layout_.bits, layout_.columns, parts.codes);
  }

  const MatrixArrays arrays_;
  const GroupLayout layout_;
};

std::vector<uint16_t> consecutive_groups(int64_t inputs, int64_t group) {
  std::vector<uint16_t> groups;
  for (int64_t input = 0; input < inputs; ++input) groups.push_back(static_cast<uint16_t>(input / group));
  return groups;
}

std::vector<uint16_t> named_groups(const model::Tensor& order, int64_t inputs, int64_t groups) {
  require_shape(order, {inputs}, "the group of every input");
  if (order.storage != &codecs::i32.info) {
    fail(ErrorCode::bad_input, "{}: '{}' is {}; the group of every input is i32", order.source->where(), order.name,
         order.storage->name);
  }
  std::vector<std::byte> scratch;
  const auto bytes = order.source->rows(0, 1, scratch);
  std::vector<uint16_t> of_column;
  for (int64_t input = 0; input < inputs; ++input) {
    int32_t group;
    std::memcpy(&group, bytes.data() + 4 * input, sizeof group);
    if (group < 0 || group >= groups) {
      fail(ErrorCode::bad_input, "{}: '{}': input {} is in group {} of {}", order.source->where(), order.name, input,
           group, groups);
    }
    of_column.push_back(static_cast<uint16_t>(group));
  }
  return of_column;
}

std::string place_of(const MatrixArrays& arrays) {
  return fmt::format("{}: '{}'", arrays.codes.tensor.source->where(), arrays.codes.tensor.name);
}

void check_words(const CodeArray& array, MatrixSize size, const std::string& what) {
  require_shape(array.tensor, code_array_shape(array.layout, size),
                fmt::format("{} of a matrix of {} outputs and {} inputs", what, size.outputs, size.inputs));
  if (static_cast<int>(array.tensor.storage->block_bytes) == array.layout.packing->word_bytes &&
      array.tensor.storage->is_plain()) {
    return;
  }
  fail(ErrorCode::bad_input, "{}: '{}' is {}, which does not hold {}", array.tensor.source->where(), array.tensor.name,
       array.tensor.storage->name, what);
}

}  // namespace

std::shared_ptr<const std::vector<uint16_t>> read_column_groups(const model::Tensor* order, int64_t inputs,
                                                                int64_t group) {
  const int64_t groups = (inputs + group - 1) / group;
  if (!order && inputs % group == 0) return nullptr;
  if (groups > codecs::kMaxColumnGroups || inputs > codecs::kMaxGroup) {
    fail(ErrorCode::unsupported, "{} inputs in groups of {} are too many", inputs, group);
  }
  const auto of_column = order ? named_groups(*order, inputs, groups) : consecutive_groups(inputs, group);
  return inputs % group == 0 && of_column == consecutive_groups(inputs, group)
             ? nullptr
             : std::make_shared<const std::vector<uint16_t>>(of_column);
}

void check_arrays(const MatrixArrays& arrays) {
  // Products of these stay far below 2^63.
  constexpr int64_t kMost = int64_t{1} << 28;
  const auto [outputs, inputs] = arrays.size;
  if (outputs < 1 || inputs < 1 || outputs > kMost || inputs > kMost || arrays.group < 1) {
    fail(ErrorCode::bad_input, "{}: a matrix of {} outputs and {} inputs in groups of {}", place_of(arrays), outputs,
         inputs, arrays.group);
  }
  if (!arrays.column_groups && inputs % arrays.group != 0) {
    fail(ErrorCode::bad_input, "{}: {} inputs do not divide into groups of {}", place_of(arrays), inputs, arrays.group);
  }
  check_words(arrays.codes, arrays.size, fmt::format("codes of {} bits", arrays.bits()));
  const MatrixSize of_groups{outputs, arrays.groups()};
  const MatrixSize of_zeros = arrays.has_one_zero ? MatrixSize{1, 1} : of_groups;
  if (arrays.zeros) check_words(*arrays.zeros, of_zeros, fmt::format("zero points of {} bits", arrays.bits()));
  if (arrays.scales.layout != ScaleLayout::one || arrays.scales.tensor.shape.element_count() != 1) {
    require_shape(arrays.scales.tensor, scale_array_shape(arrays.scales.layout, of_groups),
                  fmt::format("scales of groups of {}", arrays.group));
  }
  if (!scale_type(arrays.scales.tensor.storage)) {
    fail(ErrorCode::bad_input, "{}: '{}' are {}; scales are f16, bf16 or f32", place_of(arrays),
         arrays.scales.tensor.name, arrays.scales.tensor.storage->name);
  }
}

bool is_symmetric(const MatrixArrays& arrays) {
  if (!arrays.zeros) return true;
  constexpr int64_t kOutputsAtATime = 256;
  const auto middle = static_cast<uint8_t>(1 << (arrays.bits() - 1));
  std::vector<uint8_t> zeros;
  for (int64_t first = 0; first < arrays.size.outputs; first += kOutputsAtATime) {
    const int64_t count = std::min(kOutputsAtATime, arrays.size.outputs - first);
    zeros.resize(static_cast<size_t>(count * arrays.groups()));
    read_zeros(arrays, {first, count}, zeros.data());
    if (std::ranges::any_of(zeros, [&](uint8_t zero) { return zero != middle; })) return false;
  }
  return true;
}

model::Tensor joined_matrix(std::string name, const MatrixArrays& arrays, bool has_zeros) {
  const GroupLayout layout{.levels = arrays.levels,
                           .offset = has_zeros ? GroupOffset::zero_point : GroupOffset::none,
                           .scale = *scale_type(arrays.scales.tensor.storage),
                           .bits = arrays.bits(),
                           .group = arrays.group,
                           .columns = arrays.column_groups ? arrays.size.inputs : 0};
  if (!codecs::is_group_layout(layout)) {
    fail(ErrorCode::unsupported, "{}: codes of {} bits in groups of {} are not known", place_of(arrays), layout.bits,
         layout.group);
  }
  const StorageType storage = &codecs::group_codec(layout).info;
  Shape shape{arrays.size.outputs, arrays.size.inputs};
  checked_tensor_bytes(*storage, shape, name);
  return {std::move(name), std::move(shape), storage, std::make_shared<JoinedMatrix>(arrays, layout)};
}

std::map<std::string, model::Tensor> joined_matrices(const std::map<std::string, MatrixArrays>& by_module) {
  const bool has_zeros =
      !std::ranges::all_of(by_module, [](const auto& module) { return is_symmetric(module.second); });
  std::map<std::string, model::Tensor> matrices;
  for (const auto& [module, arrays] : by_module) {
    const bool has_own = has_zeros && arrays.levels == codecs::GroupLevels::integers;
    matrices.emplace(module, joined_matrix(module + ".weight", arrays, has_own));
  }
  return matrices;
}

}  // namespace adze::formats
