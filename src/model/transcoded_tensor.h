// A lazy tensor in another packed storage type, with the codes of the original: nothing is decoded.
#pragma once

#include <map>
#include <memory>
#include <mutex>

#include "codecs/transcode.h"
#include "model/tensor.h"

namespace adze::model {

/// What moving the rows did. Filled from several threads while rows are read.
class TranscodeRecord {
 public:
  void add(int64_t first_row, const codecs::TranscodeResult& result);
  codecs::TranscodeResult total() const;

 private:
  mutable std::mutex mutex_;
  std::map<int64_t, codecs::TranscodeResult> by_first_row_;
};

/// REQUIRES: transcode_class() is not impossible, rows of whole blocks. Reading a row that `target` cannot hold, or
/// that is rounded where `require_exact` is set, is Error(bad_input) naming tensor and row.
Tensor transcoded_tensor(const Tensor& tensor, StorageType target, std::shared_ptr<TranscodeRecord> record,
                         bool require_exact);

/// What moving the rows would do. Reads all of them, or up to the first that `target` cannot hold, or that would be
/// rounded where `up_to_rounding` is set.
codecs::TranscodeResult tried_transcoding(const Tensor& tensor, StorageType target, bool up_to_rounding);

/// Whether every row can be moved, and without rounding.
bool moves_exactly(const Tensor& tensor, StorageType target);

}  // namespace adze::model
