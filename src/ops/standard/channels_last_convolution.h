// Convolutions of [batch, spatial…, channels] over one or two axes (place_products.h): what is multiplied lies where
// the tensor has it, so nothing is laid out, and results of one are read by the next.
#pragma once

#include <cstdint>
#include <vector>

#include "base/aligned_vector.h"
#include "ops/standard/float_convolution.h"
#include "ops/standard/integer_convolution.h"
#include "ops/standard/place_products.h"

namespace adze::ops {

/// Of the processor, or what ADZE_FORCE_ISA pins.
const PlaceProducts& place_products();

/// Multiply-adds that are worth dividing among threads.
inline constexpr int64_t kSharedPlaceWork = 1 << 18;

/// One or two axes.
bool can_convolve_places(const Convolution& c);

/// Filters [outputs, channels / groups, spatial…] as the kernels want them.
struct PlaceFilters {
  AlignedVector<std::byte> strips;  // of each group, or by channel
  std::vector<int32_t> row_sums;    // of signed bytes, by output
  bool winograd = false;            // the strips are those of winograd_filters()
};
PlaceFilters place_filters(const Convolution& c, const float* weights);
/// Nothing where a zero point of the weights, taken as signed numbers, is not 0: the sums would need more.
std::optional<PlaceFilters> signed_place_filters(const Convolution& c, const HostTensor& weights,
                                                 const HostTensor* zeros);

struct FloatPlaceConvolution {
  const Convolution& c;
  const HostTensor& x;  // f32
  const PlaceFilters& filters;
  ProductEnd end;  // its bias by output, its addend as the whole result
  float* out;
};
void convolve_places(const FloatPlaceConvolution& convolution, ThreadPool* pool);

struct BytePlaceConvolution {
  const Convolution& c;
  const HostTensor& x;  // u8 or i8
  int32_t x_zero;
  const PlaceFilters& filters;
  const int32_t* bias;  // null: none
  const IntegerResult& quantized;
};
/// Codes of the given type.
HostTensor convolve_places(const BytePlaceConvolution& convolution, StorageType type, ThreadPool* pool);

}  // namespace adze::ops
