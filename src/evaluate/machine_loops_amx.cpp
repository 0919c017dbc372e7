// AMX: products of tiles, 16 x 64 by 64 x 16 bytes in one instruction. The rest is AVX-512's.
#include "evaluate/machine_loops.h"
#include "ops/linear/tiles_amx.h"

namespace adze::evaluate {
namespace {

constexpr int64_t kPerProduct = 16 * 16 * 64;

void repeat_products(int64_t rounds) {
  using namespace ops;
  configure_tiles(64);
  for (int64_t round = 0; round < rounds; ++round) {
    add_tile_products<0, 4, 6>();
    add_tile_products<1, 4, 7>();
    add_tile_products<2, 5, 6>();
    add_tile_products<3, 5, 7>();
  }
  release_tiles();
}

}  // namespace

const MultiplyAddLoop kInt8LoopAmx = {"tdpbssd, tiles of 1024 bytes", 4 * kPerProduct, repeat_products};

}  // namespace adze::evaluate
