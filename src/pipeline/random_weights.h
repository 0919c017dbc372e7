// Tensors of random numbers that nobody stores: each row is computed when it is asked for.
#pragma once

#include <cstdint>
#include <string>

#include "model/tensor.h"

namespace adze::pipeline {

/// An f32 tensor drawn from N(0, deviation^2) in 65536 steps of equal probability. A row depends on the seed, the name
/// and its number alone.
model::Tensor random_tensor(std::string name, Shape shape, float deviation, uint64_t seed);

/// An f32 vector of `count` equal numbers.
model::Tensor constant_vector(std::string name, int64_t count, float value);

}  // namespace adze::pipeline
