#include "ops/standard/matrix_product.h"

#include <algorithm>
#include <vector>

#include "base/aligned_vector.h"
#include "base/cpu_features.h"
#include "ops/standard/float_functions.h"

namespace adze::ops {
namespace {

// Products smaller than this are not worth a second thread.
constexpr int64_t kSharedProducts = 1 << 20;
// Rows of a piece of work: what a panel is used for before the next.
constexpr int64_t kRowsOfPiece = 64;

void pack_panel(const MatrixView& b, int64_t depth, int64_t first, int64_t count, float* panel) {
  if (b.column_step == 1) {
    for (int64_t k = 0; k < depth; ++k, panel += kPanelColumns) {
      std::copy_n(b.numbers + k * b.row_step + first, count, panel);
      std::fill(panel + count, panel + kPanelColumns, 0.0f);
    }
    return;
  }
  for (int64_t i = 0; i < kPanelColumns; ++i) {
    const float* from = b.numbers + (first + i) * b.column_step;
    for (int64_t k = 0; k < depth; ++k) panel[k * kPanelColumns + i] = i < count ? from[k * b.row_step] : 0.0f;
  }
}

int64_t panel_count(int64_t columns) { return (columns + kPanelColumns - 1) / kPanelColumns; }

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

const FloatFunctions* float_functions() {
  const Isa active = active_isa();
  if constexpr (kIsX86) {
    if (isa_includes(active, Isa::avx512)) return &kFloatFunctionsAvx512;
    if (isa_includes(active, Isa::avx2)) return &kFloatFunctionsAvx2;
  }
  if constexpr (kIsArm64) {
    if (isa_includes(active, Isa::neon)) return &kFloatFunctionsNeon;
  }
  return nullptr;
}

void for_each_index(ThreadPool* pool, int64_t count, const std::function<void(int64_t)>& body) {
  if (pool && pool->size() > 1 && count > 1) {
    pool->for_each(static_cast<size_t>(count), [&](size_t index) { body(static_cast<int64_t>(index)); });
  } else {
    for (int64_t index = 0; index < count; ++index) body(index);
  }
}

ThreadPool* pool_for(ThreadPool* pool, int64_t work, int64_t least) {
  constexpr int64_t kWaking = 16;  // times as much work
  const bool shares = work >= least && pool && (work / kWaking >= least || pool->is_awake());
  return shares ? pool : nullptr;
}

std::vector<float> packed_panels(const MatrixView& b, int64_t depth, int64_t columns) {
  std::vector<float> panels(static_cast<size_t>(panel_count(columns) * depth * kPanelColumns));
  for (int64_t first = 0; first < columns; first += kPanelColumns) {
    pack_panel(b, depth, first, std::min(kPanelColumns, columns - first), panels.data() + first * depth);
  }
  return panels;
}

std::vector<float> packed_rows(const float* rows, int64_t row_count, int64_t depth) {
  const int64_t tiles = (row_count + kRowTile - 1) / kRowTile;
  std::vector<float> packed(static_cast<size_t>(tiles * kRowTile * depth), 0.0f);
  for (int64_t row = 0; row < row_count; ++row) {
    float* to = packed.data() + row / kRowTile * kRowTile * depth + row % kRowTile;
    for (int64_t k = 0; k < depth; ++k) to[k * kRowTile] = rows[row * depth + k];
  }
  return packed;
}

void multiply_floats(const FloatProduct& p, ThreadPool* pool) {
  const auto& kernels = float_products();
  std::vector<float> copy;
  const MatrixView a = in_rows(p, copy);
  const int64_t panels = panel_count(p.columns);
  ThreadPool* sharing = pool_for(pool, p.rows * p.depth * p.columns, kSharedProducts);
  // Without packed panels, a piece packs its own: rows are divided only where there are too few panels.
  const bool divides = sharing && (p.panels || panels < sharing->size());
  const int64_t parts = divides ? std::max<int64_t>(1, p.rows / kRowsOfPiece) : 1;
  for_each_index(sharing, panels * parts, [&](int64_t index) {
    static thread_local AlignedVector<float> own;
    const int64_t first = index / parts * kPanelColumns, count = std::min(kPanelColumns, p.columns - first);
    const int64_t row = index % parts * p.rows / parts, end = (index % parts + 1) * p.rows / parts;
    const float* panel = p.panels ? p.panels + first * p.depth : nullptr;
    if (!panel) {
      own.resize(static_cast<size_t>(std::max<int64_t>(p.depth, 1) * kPanelColumns));
      pack_panel(p.b, p.depth, first, count, own.data());
      panel = own.data();
    }
    kernels.multiply({a.numbers + row * a.row_step, std::max<int64_t>(a.row_step, 1), p.depth, end - row, p.depth,
                      panel, kPanelColumns, p.out + row * p.columns + first, p.columns, count, false, nullptr});
  });
}

}  // namespace adze::ops
