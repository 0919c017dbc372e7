// Products of float matrices in plain C++.
#include "ops/standard/float_products.h"

namespace adze::ops {
namespace {

void multiply_panel(const PanelProduct& p) {
  for (int64_t row = 0; row < p.row_count; ++row) {
    float sums[kPanelColumns] = {};
    const float* x = p.rows + row * p.row_step;
    for (int64_t k = 0; k < p.depth; ++k) {
      for (int64_t i = 0; i < kPanelColumns; ++i) sums[i] += x[k] * p.panel[k * kPanelColumns + i];
    }
    for (int64_t i = 0; i < p.columns; ++i) p.out[row * p.out_step + i] = sums[i];
  }
}

}  // namespace

const FloatProducts kFloatProductsPortable = {multiply_panel};

}  // namespace adze::ops
