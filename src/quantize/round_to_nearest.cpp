// Round to nearest: each block for itself, with the codec's own search for the scale. `nearest` needs no data;
// `importance` weights the squared error of a column by its mean squared input.
#include <vector>

#include "base/error.h"
#include "quantize/quantizer.h"
#include "tensor/shape.h"

namespace adze::quantize {
namespace {

bool can_be_written(const codecs::Codec& codec) { return codec.encode != nullptr; }

void pack_nearest(const Rows& rows, const codecs::Codec& codec, const InputStatistics*, std::byte* packed) {
  codec.encode(rows.values, nullptr, packed, rows.count * rows.columns);
}

void pack_by_importance(const Rows& rows, const codecs::Codec& codec, const InputStatistics* statistics,
                        std::byte* packed) {
  if (!statistics || statistics->importance.empty()) return pack_nearest(rows, codec, statistics, packed);
  const int64_t packed_row = row_bytes(codec.info, rows.columns);
  for (int64_t row = 0; row < rows.count; ++row) {
    const auto at = static_cast<size_t>((rows.first + row) / rows.rows_per_matrix * rows.columns);
    if (at + static_cast<size_t>(rows.columns) > statistics->importance.size()) {
      fail(ErrorCode::bad_input, "importance has {} values, row {} of {} columns needs more",
           statistics->importance.size(), rows.first + row, rows.columns);
    }
    codec.encode(rows.values + row * rows.columns, statistics->importance.data() + at, packed + row * packed_row,
                 rows.columns);
  }
}

}  // namespace

constinit const Quantizer nearest{"nearest", "round to nearest with least-squares scales, needs no data",
                                  can_be_written, pack_nearest};
constinit const Quantizer importance{"importance", "as nearest, errors weighted by the mean squared input per column",
                                     can_be_written, pack_by_importance};

}  // namespace adze::quantize
