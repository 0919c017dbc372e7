// What happened to the numbers of one tensor on the way from one file to another.
#pragma once

#include <cstdint>
#include <string>

#include "tensor/shape.h"

namespace adze::pipeline {

enum class Fidelity {
  copied,       // the same bytes
  exact,        // other bytes, the same values
  transformed,  // other values that a transform of the model made, stored as they are
  rounded,      // other values: of packed tensors only scales or offsets are rounded, the codes are kept
  requantized,  // new codes for a tensor that was packed already: the errors of both add up
};

/// "copied", "exact", "transformed", "rounded" or "requantized".
const char* fidelity_name(Fidelity fidelity);

struct TensorOutcome {
  std::string name;
  Shape shape;
  StorageType from = nullptr;
  StorageType to = nullptr;
  int64_t bytes = 0;   // as written
  std::string reason;  // why this storage type, where there was a choice
  Fidelity fidelity = Fidelity::copied;
  double max_error = 0;           // largest |written - read|
  double root_mean_square = 0;    // of written - read
  double signal_to_noise = 0;     // in dB; infinite unless values were measured to differ
  double max_error_steps = 0;     // of scales and offsets that were rounded: of a value, in steps between its codes
  int64_t non_finite_values = 0;  // NaN and infinities of the source

  double bits_per_weight() const {
    return shape.element_count() > 0 ? 8.0 * static_cast<double>(bytes) / static_cast<double>(shape.element_count())
                                     : 0;
  }
};

}  // namespace adze::pipeline
