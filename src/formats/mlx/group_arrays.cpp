#include "formats/mlx/group_arrays.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "codecs/codec.h"
#include "codecs/group_codecs.h"
#include "formats/group_planes.h"
#include "formats/safetensors/dtypes.h"

namespace adze::formats {
namespace {

using codecs::GroupLayout;

constexpr int64_t kWordBits = 32;

void scatter(std::span<const std::byte> array, Plane plane, int64_t block_bytes, std::byte* blocks) {
  for (size_t at = 0; at < array.size(); at += static_cast<size_t>(plane.bytes), blocks += block_bytes) {
    std::memcpy(blocks + plane.begin, array.data() + at, static_cast<size_t>(plane.bytes));
  }
}

class JoinedRows final : public model::TensorSource {
 public:
  JoinedRows(GroupArrays arrays, const GroupLayout& layout, int64_t row_bytes)
      : arrays_(std::move(arrays)), layout_(layout), row_bytes_(row_bytes) {}

  std::span<const std::byte> rows(int64_t first, int64_t count, std::vector<std::byte>& scratch) const override {
    scratch.resize(static_cast<size_t>(count * row_bytes_));
    std::vector<std::byte> own;
    const int64_t block = layout_.block_bytes();
    scatter(arrays_.codes.source->rows(first, count, own), code_plane(layout_), block, scratch.data());
    scatter(arrays_.scales.source->rows(first, count, own), scale_plane(layout_), block, scratch.data());
    if (arrays_.biases) {
      scatter(arrays_.biases->source->rows(first, count, own), offset_plane(layout_), block, scratch.data());
    }
    return scratch;
  }
  void release(int64_t first, int64_t count) const override {
    arrays_.codes.source->release(first, count);
    arrays_.scales.source->release(first, count);
    if (arrays_.biases) arrays_.biases->source->release(first, count);
  }
  std::string where() const override { return arrays_.codes.source->where(); }

 private:
  const GroupArrays arrays_;
  const GroupLayout layout_;
  const int64_t row_bytes_;
};

bool same_leading_dims(const Shape& a, const Shape& b) {
  return a.rank() == b.rank() && std::equal(a.dims().begin(), a.dims().end() - 1, b.dims().begin());
}

/// The numbers in a row, checked against both arrays.
int64_t checked_columns(const GroupArrays& arrays, const GroupLayout& layout) {
  const auto& codes = arrays.codes.shape;
  const auto& scales = arrays.scales.shape;
  const bool has_rows = codes.rank() >= 2 && same_leading_dims(codes, scales);
  const auto where = [&] { return fmt::format("{}: '{}'", arrays.codes.source->where(), arrays.codes.name); };
  // Both lengths are below 2^60, and so are their products with a few bits only if the array is in the file.
  if (!has_rows || scales.row_length() > (int64_t{1} << 40) ||
      codes.row_length() * kWordBits != scales.row_length() * layout.group * layout.bits) {
    fail(ErrorCode::bad_input, "{} {} does not fit its scales {} with {} bits and groups of {}", where(),
         codes.to_string(), scales.to_string(), layout.bits, layout.group);
  }
  const bool wants_biases = layout.offset_bytes() > 0;
  if (wants_biases != arrays.biases.has_value()) {
    fail(ErrorCode::bad_input, "{} {}", where(),
         wants_biases ? "has scales but no biases" : "has biases, but none in its mode");
  }
  if (arrays.biases && (arrays.biases->shape != scales || arrays.biases->storage != arrays.scales.storage)) {
    fail(ErrorCode::bad_input, "{}: biases {} {} do not fit scales {} {}", where(), arrays.biases->storage->name,
         arrays.biases->shape.to_string(), arrays.scales.storage->name, scales.to_string());
  }
  return scales.row_length() * layout.group;
}

}  // namespace

model::Tensor joined_arrays(const GroupArrays& arrays, StorageType storage) {
  const GroupLayout& layout = *codecs::group_layout_of(storage);
  const int64_t columns = checked_columns(arrays, layout);
  Shape shape = with_row_length(arrays.codes.shape, columns);
  checked_tensor_bytes(*storage, shape, arrays.codes.name);
  auto source = std::make_shared<JoinedRows>(arrays, layout, row_bytes(*storage, columns));
  return {arrays.codes.name, std::move(shape), storage, std::move(source)};
}

std::vector<model::Tensor> split_arrays(const model::Tensor& tensor) {
  constexpr std::string_view kWeight = ".weight";
  const GroupLayout& layout = *codecs::group_layout_of(tensor.storage);
  const int64_t columns = tensor.shape.row_length();
  if (columns * layout.bits % kWordBits != 0 || !tensor.name.ends_with(kWeight)) {
    fail(ErrorCode::unsupported, "tensor '{}' {}: MLX holds quantized weights whose rows fill 32-bit words",
         tensor.name, tensor.shape.to_string());
  }
  GroupPlanes planes = split_planes(tensor);
  const std::string module = tensor.name.substr(0, tensor.name.size() - kWeight.size());
  planes.codes.shape = with_row_length(tensor.shape, columns * layout.bits / kWordBits);
  planes.codes.storage = storage_of_dtype("U32");
  std::vector<model::Tensor> arrays;
  arrays.push_back(model::renamed(planes.codes, module + ".weight"));
  arrays.push_back(model::renamed(planes.scales, module + ".scales"));
  if (planes.offsets) arrays.push_back(model::renamed(*planes.offsets, module + ".biases"));
  return arrays;
}

}  // namespace adze::formats
