// Convolutions whose channels come last on AVX-512 with VNNI.
// clang-format off: the operations come first
#include "ops/lanes_avx512.h"
#include "ops/standard/float_products_lanes.h"
#include "ops/standard/float_places_lanes.h"
#include "ops/standard/dot_places_lanes.h"
#include "ops/standard/winograd_lanes.h"
#include "ops/standard/byte_places_avx512.h"
#include "ops/standard/byte_channels_avx512.h"
// clang-format on

namespace adze::ops {

const PlaceProducts kPlaceProductsAvx512 = {multiply_places<FloatArithmetic>,
                                            multiply_places<ByteArithmetic>,
                                            filter_channels<FloatArithmetic>,
                                            filter_byte_channels,
                                            dot_places,
                                            {transform_tiles, finish_tiles}};

}  // namespace adze::ops
