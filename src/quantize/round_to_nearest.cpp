// Round to nearest: each block for itself, with the codec's own search for the scale. `nearest` needs no data;
// `importance` weights the squared error of a column by its mean squared input.
#include <vector>

#include "base/error.h"
#include "quantize/quantizer.h"
#include "tensor/shape.h"

namespace adze::quantize {
namespace {

bool can_be_written(const codecs::Codec& codec) { return static_cast<bool>(codec.encode); }

void pack_nearest(const Rows& rows, const PackingJob& job, std::byte* packed) {
  job.codec.encode(rows.values, nullptr, packed, rows.count * rows.columns);
}

void pack_by_importance(const Rows& rows, const PackingJob& job, std::byte* packed) {
  if (!job.statistics || job.statistics->importance.empty()) return pack_nearest(rows, job, packed);
  const int64_t packed_row = row_bytes(job.codec.info, rows.columns);
  for (int64_t row = 0; row < rows.count; ++row) {
    job.codec.encode(rows.values + row * rows.columns, importance_of_row(job.statistics, rows, row),
                     packed + row * packed_row, rows.columns);
  }
}

}  // namespace

const float* importance_of_row(const InputStatistics* statistics, const Rows& rows, int64_t row) {
  if (!statistics || statistics->importance.empty()) return nullptr;
  const auto columns = static_cast<size_t>(rows.columns);
  const auto at = static_cast<size_t>((rows.first + row) / rows.rows_per_matrix) * columns;
  if (at + columns > statistics->importance.size()) {
    fail(ErrorCode::bad_input, "importance has {} values, row {} of {} columns needs more",
         statistics->importance.size(), rows.first + row, rows.columns);
  }
  return statistics->importance.data() + at;
}

constinit const Quantizer nearest{"nearest", "round to nearest with least-squares scales, needs no data",
                                  can_be_written, pack_nearest};
constinit const Quantizer importance{.name = "importance",
                                     .summary = "as nearest, errors weighted by the mean squared input per column",
                                     .supports = can_be_written,
                                     .pack = pack_by_importance,
                                     .reads_importance = true};

}  // namespace adze::quantize
