// What is complete of a file that is being quantized, beside it as "<target>.journal", so that a run that was stopped,
// killed or out of disk goes on where it was. The first line says what was asked for, every other line is about one
// complete tensor: its checksum and what packing it did to its values.
//
// Lines are written without waiting for the disk. After a loss of power they may tell more than the target holds, so a
// tensor counts only if its bytes have their checksum. Now and then both files are synced.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/line_log.h"
#include "formats/write_ledger.h"
#include "pipeline/repack.h"

namespace adze::pipeline {

class QuantizeJournal final : public formats::WriteLedger {
 public:
  struct Options {
    std::string target;
    Json request;  // an object: what must be the same for a run to go on with another's tensors
    bool resume = false;
  };

  /// Error(bad_input) where it is to go on with a run that was asked for something else, naming what differs. Without
  /// `resume` that run's work is given up, with a warning.
  QuantizeJournal(const Options& options, const Repacking& repacking);
  ~QuantizeJournal() override;

  static std::string path_for(const std::string& target) { return target + ".journal"; }

  std::optional<uint64_t> finished(size_t tensor) const override;
  void reuse(size_t tensor, OutputFile& file) override;
  void finish(size_t tensor, uint64_t checksum, OutputFile& file) override;

  /// Tensors of the earlier run that did not have to be packed again.
  size_t reused() const { return reused_; }
  /// Tensors that a further run would not have to pack again.
  size_t complete() const { return complete_; }

  /// The target is in place: the journal goes.
  void close() { is_done_ = true; }

 private:
  struct Entry {
    uint64_t checksum;
    codecs::RoundingError error;
  };

  void take_over(const std::vector<std::string>& lines);
  std::optional<Entry> parse_entry(const std::string& line) const;

  const Options options_;
  const Repacking& repacking_;
  std::vector<Entry> earlier_;
  LineLog log_;
  size_t reused_ = 0;
  size_t complete_ = 0;
  bool is_done_ = false;
  int64_t synced_ns_;
};

}  // namespace adze::pipeline
