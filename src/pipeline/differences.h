// Compares what is written with where it came from, while it is written.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "codecs/rounding_error.h"
#include "pipeline/tensor_outcome.h"
#include "quantize/packed_tensor.h"

namespace adze::pipeline {

struct MeasureOptions {
  bool require_exact = false;  // a changed value is Error(bad_input) naming tensor, row and value
};

/// Differences between a tensor's original values and those that its new storage gives back. Filled from several
/// threads; the sums do not depend on who packed what.
class Differences final : public quantize::PackingObserver {
 public:
  /// `where` names the tensor in messages.
  Differences(std::string where, const MeasureOptions& options) : where_(std::move(where)), options_(options) {}

  void packed(const quantize::Rows& rows, const codecs::Codec& codec, const std::byte* bytes) override;

  /// Of all rows, once each of them was packed.
  codecs::RoundingError total() const;

  /// Takes over what an earlier run measured, instead of packing.
  void restore(const codecs::RoundingError& total);

 private:
  struct Part {
    int64_t rows;
    codecs::RoundingError error;
  };

  void add(int64_t first_row, const Part& part);
  [[noreturn]] void fail_rounded(const quantize::Rows& rows, int64_t at, float after, const codecs::Codec& codec) const;

  const std::string where_;
  const MeasureOptions options_;
  mutable std::mutex mutex_;
  int64_t next_row_ = 0;  // rows before it are in the total: added up in this order, whatever threads do
  codecs::RoundingError total_;
  std::map<int64_t, Part> waiting_;  // by first row
};

/// What the differences say after every row was packed once.
void describe_differences(const Differences& differences, TensorOutcome& outcome);

}  // namespace adze::pipeline
