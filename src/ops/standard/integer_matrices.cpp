#include "ops/standard/integer_matrices.h"

#include <algorithm>

#include "codecs/codec.h"
#include "ops/standard/matrix_product.h"

namespace adze::ops {
namespace {

constexpr int64_t kSharedWork = 1 << 21;
constexpr int64_t kRowsOfPiece = 64;

const uint8_t* bytes_of(const HostTensor& tensor) { return reinterpret_cast<const uint8_t*>(tensor.bytes().data()); }
bool is_signed(const HostTensor& tensor) { return tensor.type() == &codecs::i8.info; }
int64_t steps_of(int64_t depth) { return (depth + kDepthOfStep - 1) / kDepthOfStep; }

/// Rows as signed numbers, with the sum of each, negated.
struct PackedByteRows {
  std::vector<int8_t> rows;
  std::vector<int32_t> negated_sums;
};

PackedByteRows packed_byte_rows(const HostTensor& a, int64_t rows, int64_t depth) {
  const int64_t steps = steps_of(depth), tiles = (rows + kRowTile - 1) / kRowTile;
  const uint8_t flip = is_signed(a) ? 0 : 0x80;
  PackedByteRows packed{std::vector<int8_t>(static_cast<size_t>(tiles * kRowTile * steps * kDepthOfStep), 0), {}};
  for (int64_t row = 0; row < rows; ++row) {
    const uint8_t* from = bytes_of(a) + row * depth;
    int8_t* to = packed.rows.data() + (row / kRowTile * kRowTile * steps + row % kRowTile) * kDepthOfStep;
    int32_t sum = 0;
    for (int64_t k = 0; k < depth; ++k) {
      const auto number = static_cast<int8_t>(from[k] ^ flip);
      to[k / kDepthOfStep * kRowTile * kDepthOfStep + k % kDepthOfStep] = number;
      sum += number;
    }
    packed.negated_sums.push_back(-sum);
  }
  return packed;
}

}  // namespace

PackedByteColumns packed_byte_columns(const HostTensor& b, bool turned, const HostTensor* zeros) {
  PackedByteColumns packed{b.dim(turned ? 1 : 0), b.dim(turned ? 0 : 1), {}, {}, {}};
  const int64_t steps = steps_of(packed.depth), panels = (packed.columns + kPanelColumns - 1) / kPanelColumns;
  const uint8_t flip = is_signed(b) ? 0x80 : 0;
  packed.panels.assign(static_cast<size_t>(panels * steps * kPanelColumns * kDepthOfStep), 0);
  for (int64_t column = 0; column < packed.columns; ++column) {
    uint8_t* to = packed.panels.data() + column / kPanelColumns * steps * kPanelColumns * kDepthOfStep +
                  column % kPanelColumns * kDepthOfStep;
    int32_t sum = 0;
    for (int64_t k = 0; k < packed.depth; ++k) {
      const uint8_t number = bytes_of(b)[turned ? column * packed.depth + k : k * packed.columns + column] ^ flip;
      to[k / kDepthOfStep * kPanelColumns * kDepthOfStep + k % kDepthOfStep] = number;
      sum += number;
    }
    packed.sums.push_back(sum);
    const uint8_t zero = zeros ? bytes_of(*zeros)[zeros->count() == 1 ? 0 : column] : 0;
    packed.zeros.push_back(zero ^ flip);
  }
  return packed;
}

void multiply_integers(const IntegerMatrixProduct& p, HostTensor& result, ThreadPool* pool) {
  const int64_t depth = p.b.depth, columns = p.b.columns, rows = columns == 0 ? 0 : result.count() / columns;
  if (rows == 0) return;
  const int64_t steps = steps_of(depth);
  const auto packed = packed_byte_rows(p.a, rows, depth);
  const int64_t a_zero = p.a_zero - (is_signed(p.a) ? 0 : 128);
  std::vector<int32_t> terms(static_cast<size_t>(columns));
  for (size_t c = 0; c < terms.size(); ++c) {
    terms[c] = wrapped_sum(p.bias ? p.bias[c] : 0, a_zero * (depth * p.b.zeros[c] - p.b.sums[c]));
  }
  ThreadPool* sharing = pool_for(pool, rows * depth * columns, kSharedWork);
  const int64_t panels = (columns + kPanelColumns - 1) / kPanelColumns;
  const int64_t tiles = (rows + kRowTile - 1) / kRowTile;
  const int64_t parts = sharing ? std::max<int64_t>(1, rows / kRowsOfPiece) : 1;
  for_each_index(sharing, panels * parts, [&](int64_t piece) {
    const int64_t first = piece / parts * kPanelColumns;
    const int64_t row = piece % parts * tiles / parts * kRowTile;
    const int64_t last = std::min(rows, (piece % parts + 1) * tiles / parts * kRowTile);
    IntegerEnd end;
    end.column_terms = terms.data() + first;
    end.row_factors = packed.negated_sums.data() + row;
    end.column_factors = p.b.zeros.data() + first;
    IntegerPanelProduct product{packed.rows.data() + row * steps * kDepthOfStep,
                                last - row,
                                steps,
                                p.b.panels.data() + first * steps * kDepthOfStep,
                                std::min(kPanelColumns, columns - first),
                                &end,
                                nullptr,
                                nullptr,
                                columns};
    if (p.quantized) {
      end.column_scales = p.quantized->scales.data() + first;
      end.zero = p.quantized->zero;
      end.least = p.quantized->least;
      end.most = p.quantized->most;
      product.codes = reinterpret_cast<uint8_t*>(result.fill_bytes().data()) + row * columns + first;
    } else {
      product.sums = result.fill<int32_t>().data() + row * columns + first;
    }
    integer_products().multiply(product);
  });
}

}  // namespace adze::ops
