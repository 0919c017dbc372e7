// Tells whether a stopped calibration was of the same model, text and options.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "model/model.h"

namespace adze::calibrate {

/// FNV-1a over everything that it was given.
class Fingerprint {
 public:
  void add(std::span<const std::byte> bytes);
  void add(int64_t number) { add(std::as_bytes(std::span(&number, 1))); }
  /// Names, shapes, types and the first row of every tensor.
  void add(const model::Model& model);
  uint64_t value() const { return value_; }

 private:
  uint64_t value_ = 0xcbf29ce484222325u;
};

}  // namespace adze::calibrate
