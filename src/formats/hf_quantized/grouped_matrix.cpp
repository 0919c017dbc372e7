#include "formats/hf_quantized/grouped_matrix.h"

#include <cstring>
#include <numeric>
#include <utility>

#include "base/error.h"
#include "codecs/codec.h"
#include "codecs/group_blocks.h"

namespace adze::formats {
namespace {

/// The codes of one row after the other, whatever becomes of them.
class MatrixRows : public model::TensorSource {
 public:
  MatrixRows(MatrixReader reader, int64_t columns, int64_t row_bytes)
      : reader_(std::move(reader)), columns_(columns), row_bytes_(row_bytes) {}

  std::span<const std::byte> rows(int64_t first, int64_t count, std::vector<std::byte>& scratch) const override {
    scratch.resize(static_cast<size_t>(count * row_bytes_));
    std::vector<uint8_t> codes(static_cast<size_t>(columns_));
    for (int64_t i = 0; i < count; ++i) {
      reader_.read_codes(first + i, codes);
      write_row(first + i, codes, scratch.data() + i * row_bytes_);
    }
    return scratch;
  }
  void release(int64_t first, int64_t count) const override { reader_.release(first, count); }
  std::string where() const override { return reader_.where; }

 protected:
  virtual void write_row(int64_t row, std::span<const uint8_t> codes, std::byte* to) const = 0;
  const MatrixReader reader_;

 private:
  const int64_t columns_;
  const int64_t row_bytes_;
};

class GroupedRows final : public MatrixRows {
 public:
  GroupedRows(MatrixReader reader, const codecs::GroupLayout& layout, int64_t columns)
      : MatrixRows(std::move(reader), columns, columns / layout.group * layout.block_bytes()), layout_(layout) {}

 private:
  void write_row(int64_t row, std::span<const uint8_t> codes, std::byte* to) const override {
    const auto groups = static_cast<int64_t>(codes.size()) / layout_.group;
    for (int64_t group = 0; group < groups; ++group, to += layout_.block_bytes()) {
      reader_.read_scale(row, group, to);
      const codecs::MutableGroupBlock block(layout_, to);
      codecs::pack_codes(codes.data() + group * layout_.group, layout_.bits, layout_.group, block.codes);
    }
  }

  const codecs::GroupLayout layout_;
};

class DecodedRows final : public MatrixRows {
 public:
  DecodedRows(MatrixReader reader, int64_t group, std::vector<float> levels, int64_t columns)
      : MatrixRows(std::move(reader), columns, columns * static_cast<int64_t>(sizeof(float))),
        group_(group),
        levels_(std::move(levels)) {}

 private:
  void write_row(int64_t row, std::span<const uint8_t> codes, std::byte* to) const override {
    float scale = 0;
    for (size_t column = 0; column < codes.size(); ++column) {
      const auto place = static_cast<int64_t>(column);
      if (place % group_ == 0) reader_.read_scale(row, place / group_, reinterpret_cast<std::byte*>(&scale));
      const float value = scale * levels_[codes[column]];
      std::memcpy(to + column * sizeof value, &value, sizeof value);
    }
  }

  const int64_t group_;
  const std::vector<float> levels_;
};

}  // namespace

int64_t group_within(int64_t run, int64_t columns, const std::string& what) {
  const int64_t group = run >= columns && run % columns == 0 ? columns : std::gcd(run, columns);
  if (group < codecs::kMinGroup || group > codecs::kMaxGroup) {
    fail(ErrorCode::unsupported,
         "{}: rows of {} numbers with a scale for every {} have groups of {}; can be from {} to {}", what, columns, run,
         group, codecs::kMinGroup, codecs::kMaxGroup);
  }
  return group;
}

model::Tensor grouped_matrix(std::string name, const Shape& shape, const codecs::GroupLayout& layout,
                             MatrixReader reader) {
  auto source = std::make_shared<GroupedRows>(std::move(reader), layout, shape.row_length());
  return {std::move(name), shape, &codecs::group_codec(layout).info, std::move(source)};
}

model::Tensor decoded_matrix(std::string name, const Shape& shape, int64_t group, std::vector<float> levels,
                             MatrixReader reader) {
  auto source = std::make_shared<DecodedRows>(std::move(reader), group, std::move(levels), shape.row_length());
  return {std::move(name), shape, &codecs::f32.info, std::move(source)};
}

std::span<const std::byte> bytes_of(const model::Tensor& array, std::vector<std::byte>& scratch) {
  return array.source->rows(0, array.shape.row_count(), scratch);
}

}  // namespace adze::formats
