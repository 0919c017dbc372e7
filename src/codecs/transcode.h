// From one packed storage type to another without decoding: the codes stay what they are, or move by a whole number,
// and scales and offsets are stored in another type.
//
// Both types must have one code per number (code_lattice.h). A source level is an integer of its table, or a float of
// the same table as the target's; a group of the target lies within groups of the source, or joins some that share
// scale and offset.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "tensor/codec_info.h"

namespace adze::codecs {

/// What is known of a pair of storage types before any number is seen.
enum class TranscodeClass {
  exact,       // always the same values (unless a scale leaves the target's range)
  rounded,     // scales or offsets may have to be rounded
  depends,     // possible only for some numbers: offsets that are whole steps, groups that share their scale
  impossible,  // codes or groups do not fit
};

TranscodeClass transcode_class(StorageType from, StorageType to);

/// What became of the groups that were moved.
struct TranscodeResult {
  double largest_error = 0;       // of a value, in steps of its group
  double largest_difference = 0;  // of a value
  double largest_step = 0;        // between codes, of all groups
  int64_t rounded_groups = 0;     // of the target
  int64_t impossible_groups = 0;  // that the target cannot hold; what was written for them has no meaning

  void add(const TranscodeResult& other);
};

class Transcoder {
 public:
  /// REQUIRES: transcode_class(from, to) is not impossible.
  Transcoder(StorageType from, StorageType to);
  ~Transcoder();
  Transcoder(Transcoder&&) noexcept;

  /// Moves `count` numbers, whole blocks of both types. Safe from several threads.
  TranscodeResult run(const std::byte* from, std::byte* to, int64_t count) const;

 private:
  struct Plan;
  std::unique_ptr<const Plan> plan_;
};

}  // namespace adze::codecs
