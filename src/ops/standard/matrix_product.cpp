#include "ops/standard/matrix_product.h"

#include <algorithm>
#include <vector>

#include "base/cpu_features.h"

namespace adze::ops {
namespace {

void pack_panel(const FloatProduct& p, int64_t first, int64_t count, float* panel) {
  for (int64_t k = 0; k < p.depth; ++k, panel += kPanelColumns) {
    const float* from = p.b.numbers + k * p.b.row_step + first * p.b.column_step;
    for (int64_t i = 0; i < count; ++i) panel[i] = from[i * p.b.column_step];
    std::fill(panel + count, panel + kPanelColumns, 0.0f);
  }
}

/// The left matrix with its rows one behind the other.
MatrixView in_rows(const FloatProduct& p, std::vector<float>& copy) {
  if (p.a.column_step == 1 || p.depth == 1) return p.a;
  copy.resize(static_cast<size_t>(p.rows * p.depth));
  for (int64_t r = 0; r < p.rows; ++r) {
    for (int64_t k = 0; k < p.depth; ++k) {
      copy[static_cast<size_t>(r * p.depth + k)] = p.a.numbers[r * p.a.row_step + k * p.a.column_step];
    }
  }
  return {copy.data(), p.depth, 1};
}

}  // namespace

const FloatProducts& float_products() {
  const Isa active = active_isa();
  if constexpr (kIsX86) {
    if (isa_includes(active, Isa::avx512)) return kFloatProductsAvx512;
    if (isa_includes(active, Isa::avx2)) return kFloatProductsAvx2;
  }
  if constexpr (kIsArm64) {
    if (isa_includes(active, Isa::neon)) return kFloatProductsNeon;
  }
  return kFloatProductsPortable;
}

void for_each_index(ThreadPool* pool, int64_t count, const std::function<void(int64_t)>& body) {
  if (pool && pool->size() > 1 && count > 1) {
    pool->for_each(static_cast<size_t>(count), [&](size_t index) { body(static_cast<int64_t>(index)); });
  } else {
    for (int64_t index = 0; index < count; ++index) body(index);
  }
}

void multiply_floats(const FloatProduct& p, ThreadPool* pool) {
  const auto& kernels = float_products();
  std::vector<float> copy;
  const MatrixView a = in_rows(p, copy);
  for_each_index(pool, (p.columns + kPanelColumns - 1) / kPanelColumns, [&](int64_t index) {
    static thread_local std::vector<float> panel;
    panel.resize(static_cast<size_t>(std::max<int64_t>(p.depth, 1) * kPanelColumns));
    const int64_t first = index * kPanelColumns, count = std::min(kPanelColumns, p.columns - first);
    pack_panel(p, first, count, panel.data());
    kernels.multiply({a.numbers, a.row_step, p.rows, p.depth, panel.data(), p.out + first, p.columns, count});
  });
}

}  // namespace adze::ops
