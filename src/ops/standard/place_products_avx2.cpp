// Convolutions whose channels come last on AVX2.
// clang-format off: the operations come first
#include "ops/lanes_avx2.h"
#include "ops/standard/float_products_lanes.h"
#include "ops/standard/float_places_lanes.h"
#include "ops/standard/dot_places_lanes.h"
#include "ops/standard/winograd_lanes.h"
#include "ops/standard/byte_places_avx2.h"
#include "ops/standard/byte_channels_avx2.h"
// clang-format on

namespace adze::ops {

const PlaceProducts kPlaceProductsAvx2 = {multiply_places<FloatArithmetic>,
                                          multiply_places<ByteArithmetic>,
                                          filter_channels<FloatArithmetic>,
                                          filter_byte_channels,
                                          dot_places,
                                          {transform_tiles, finish_tiles},
                                          2};

}  // namespace adze::ops
