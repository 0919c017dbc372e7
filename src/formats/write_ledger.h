// Which tensors of a file are complete, so that a run that was stopped goes on behind them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/file.h"

namespace adze::formats {

/// Tensors are numbered in the order in which they are written, through all files of a model. A writer that gets one
/// uses OutputFile::resumable().
class WriteLedger {
 public:
  virtual ~WriteLedger() = default;

  /// The checksum of a tensor that an earlier run completed.
  virtual std::optional<uint64_t> finished(size_t tensor) const = 0;

  /// A tensor of an earlier run was found undamaged in its file.
  virtual void reuse(size_t tensor, OutputFile& file) = 0;

  /// The tensor is in the file, if not yet on the disk.
  virtual void finish(size_t tensor, uint64_t checksum, OutputFile& file) = 0;
};

}  // namespace adze::formats
