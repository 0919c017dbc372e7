// GPTQ: columns are rounded one after the other, and the error of each is made up for in the columns that are still to
// come, as the Hessian of the layer's squared error says. The scales of a block are fixed by the codec's own weighted
// search when its first column is reached, on values that already make up for what was rounded before; so the result
// is a plain file of that codec.
//
// E. Frantar et al., "GPTQ: accurate post-training quantization for generative pre-trained transformers", 2022.
#include <algorithm>
#include <numeric>

#include "codecs/code_lattice.h"
#include "quantize/hessian_factor.h"
#include "quantize/lattice_rows.h"
#include "quantize/quantizer.h"
#include "quantize/refine_rows.h"
#include "tensor/shape.h"

namespace adze::quantize {
namespace {

constexpr std::string_view kOrders[] = {"blocks", "given", "columns"};
enum Order { kBlocks, kGiven, kColumns };
constexpr std::string_view kWeights[] = {"inverse", "diagonal", "codec"};
enum Weights { kInverse, kDiagonal, kCodec };

constexpr Parameter kParameters[] = {
    {.name = "damping",
     .meaning = "share of the mean of the Hessian's diagonal that is added to it",
     .initial = 0.01,
     .maximum = 10},
    {.name = "order",
     .meaning =
         "which column first: blocks, and columns in them, by size of input; as given; or all columns by size of "
         "input, with scales fixed beforehand",
     .initial = kBlocks,
     .choices = kOrders},
    {.name = "scale_weights",
     .meaning = "how the search for scales weights errors: by what later columns cannot make up for, by size of input, "
                "or as the codec does without data",
     .initial = kInverse,
     .choices = kWeights},
    {.name = "sweeps",
     .meaning = "rounds afterwards in which every code, then every scale is bettered with all others as they are",
     .initial = 0,
     .maximum = 100,
     .is_integer = true},
    {.name = "update_columns",
     .meaning = "columns after which the others are brought up to date; changes the speed alone",
     .initial = 128,
     .minimum = 1,
     .maximum = 4096,
     .is_integer = true},
};

/// What the rows of a weight share.
struct Prepared {
  HessianFactor factor;
  std::vector<float> scale_weights;  // by column; empty: the codec's own
  std::vector<float> hessian;        // damped, whole: [columns, columns]; empty without sweeps
};

bool can_be_written(const codecs::Codec& codec) { return static_cast<bool>(codec.encode); }
bool has_lattice(const codecs::Codec& codec) { return codec.encode && codecs::code_lattice_of(&codec.info); }

std::vector<int32_t> columns_in_order(const std::vector<float>& triangle, int64_t columns, int64_t block, int order) {
  std::vector<int32_t> places(static_cast<size_t>(columns));
  std::iota(places.begin(), places.end(), 0);
  if (order == kGiven) return places;
  const auto size_of = [&](int64_t i) { return triangle[static_cast<size_t>(i * (i + 1) / 2 + i)]; };
  std::vector<double> of_block(static_cast<size_t>((columns + block - 1) / block));
  for (const int32_t i : places) of_block[static_cast<size_t>(i / block)] += size_of(i);
  std::sort(places.begin(), places.end(), [&](int32_t a, int32_t b) {
    const auto block_a = static_cast<size_t>(a / block), block_b = static_cast<size_t>(b / block);
    if (order == kBlocks && of_block[block_a] != of_block[block_b]) return of_block[block_a] > of_block[block_b];
    if (order == kBlocks && block_a != block_b) return block_a < block_b;
    return size_of(a) != size_of(b) ? size_of(a) > size_of(b) : a < b;
  });
  return places;
}

std::vector<float> scale_weights_of(const HessianFactor& factor, int choice) {
  if (choice == kCodec) return {};
  if (choice == kDiagonal) return factor.diagonal;
  std::vector<float> weights(factor.order.size());
  for (int64_t place = 0; place < factor.columns; ++place) {
    const float own = factor.row(place)[place];
    weights[static_cast<size_t>(factor.order[static_cast<size_t>(place)])] = 1 / (own * own);
  }
  return weights;
}

std::vector<float> whole_matrix(const std::vector<float>& triangle, const std::vector<float>& diagonal) {
  const size_t n = diagonal.size();
  std::vector<float> matrix(n * n);
  size_t at = 0;
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j <= i; ++j) matrix[i * n + j] = matrix[j * n + i] = triangle[at++];
    matrix[i * n + i] = diagonal[i];
  }
  return matrix;
}

std::shared_ptr<const void> prepare_gptq(int64_t columns, const PackingJob& job) {
  if (!job.statistics || !job.statistics->hessian || !has_lattice(job.codec)) return nullptr;
  const auto triangle = read_hessian(*job.statistics->hessian, columns);
  const auto block = static_cast<int64_t>(job.codec.info.block_elements);
  auto order = columns_in_order(triangle, columns, block, job.settings.integer("order"));
  auto prepared = std::make_shared<Prepared>();
  prepared->factor = factor_hessian(triangle, std::move(order), job.settings.number("damping"));
  prepared->scale_weights = scale_weights_of(prepared->factor, job.settings.integer("scale_weights"));
  if (job.settings.integer("sweeps") > 0) prepared->hessian = whole_matrix(triangle, prepared->factor.diagonal);
  return prepared;
}

MemoryNeed memory_need_of_gptq(int64_t columns, const PackingJob& job) {
  if (!job.statistics || !job.statistics->hessian || !has_lattice(job.codec)) return {};
  // The triangle, a square in double precision while it is factored (as large as what follows it), and the factor.
  const auto square = static_cast<uint64_t>(columns) * static_cast<uint64_t>(columns);
  const auto rows = static_cast<uint64_t>(columns * kRowLanes) * sizeof(float);
  return {.shared = square * (2 + 8 + 4) + 16 * rows, .per_thread = LatticeRows::memory_bytes(columns) + 3 * rows};
}

/// Sixteen rows at a time.
class ErrorFeedback {
 public:
  ErrorFeedback(const Prepared& prepared, const PackingJob& job, int64_t columns)
      : prepared_(prepared),
        factor_(prepared.factor),
        rows_(job.codec, *codecs::code_lattice_of(&job.codec.info), columns),
        fix_first_(job.settings.integer("order") == kColumns),
        sweeps_(job.settings.integer("sweeps")),
        values_(static_cast<size_t>(columns * kRowLanes)) {
    // Blocks whose scales are fixed on the way begin where all columns are up to date.
    const int64_t wanted = job.settings.integer("update_columns");
    const int64_t block = rows_.block_elements();
    step_ = fix_first_ ? wanted : (wanted + block - 1) / block * block;
    errors_.resize(static_cast<size_t>(step_ * kRowLanes));
  }

  void pack(const float* values, int count, std::byte* packed) {
    rows_.load(values, count);
    // In the order of the factor: what is brought up to date together lies together.
    for (int64_t i = 0; i < rows_.columns(); ++i) {
      std::copy_n(rows_.original() + column_at(i) * kRowLanes, kRowLanes, place(i));
    }
    fixed_.assign(static_cast<size_t>(rows_.blocks()), false);
    if (fix_first_) {
      for (int64_t block = 0; block < rows_.blocks(); ++block)
        rows_.fix_scales(block, rows_.original(), scale_weights());
      fixed_.assign(fixed_.size(), true);
    }
    for (int64_t first = 0; first < rows_.columns(); first += step_) {
      const int64_t last = std::min(first + step_, rows_.columns());
      for (int64_t i = first; i < last; ++i) round_column(i, first, last);
      update_behind(first, last);
    }
    if (sweeps_ > 0) RowRefinement(prepared_.hessian, rows_.columns()).run(rows_, sweeps_);
    rows_.store(packed);
  }

 private:
  int64_t column_at(int64_t i) const { return factor_.order[static_cast<size_t>(i)]; }
  float* place(int64_t i) { return values_.data() + i * kRowLanes; }
  const float* scale_weights() const {
    return prepared_.scale_weights.empty() ? nullptr : prepared_.scale_weights.data();
  }

  // The columns of a block are the next ones in the order, up to date as it begins.
  void fix_scales(int64_t first_place) {
    const int64_t block = rows_.block_of(column_at(first_place));
    if (fixed_[static_cast<size_t>(block)]) return;
    fixed_[static_cast<size_t>(block)] = true;
    by_column_.resize(values_.size());
    for (int64_t i = first_place; i < first_place + rows_.block_elements(); ++i) {
      std::copy_n(place(i), kRowLanes, by_column_.data() + column_at(i) * kRowLanes);
    }
    rows_.fix_scales(block, by_column_.data(), scale_weights());
  }

  void round_column(int64_t i, int64_t first, int64_t last) {
    fix_scales(i);
    float rounded[kRowLanes];
    rows_.choose_codes(column_at(i), place(i), rounded);
    const float* factors = factor_.row(i);
    float* error = errors_.data() + (i - first) * kRowLanes;
    for (int lane = 0; lane < kRowLanes; ++lane) error[lane] = (place(i)[lane] - rounded[lane]) / factors[i];
    for (int64_t k = i + 1; k < last; ++k) {
      float* later = place(k);
      for (int lane = 0; lane < kRowLanes; ++lane) later[lane] -= error[lane] * factors[k];
    }
  }

  void update_behind(int64_t first, int64_t last) {
    for (int64_t k = last; k < rows_.columns(); ++k) {
      float later[kRowLanes];
      std::copy_n(place(k), kRowLanes, later);
      for (int64_t i = first; i < last; ++i) {
        const float factor = factor_.row(i)[k];
        const float* error = errors_.data() + (i - first) * kRowLanes;
        for (int lane = 0; lane < kRowLanes; ++lane) later[lane] -= error[lane] * factor;
      }
      std::copy_n(later, kRowLanes, place(k));
    }
  }

  const Prepared& prepared_;
  const HessianFactor& factor_;
  LatticeRows rows_;
  const bool fix_first_;
  const int sweeps_;
  int64_t step_;
  std::vector<float> values_;     // [places][lanes], with what was made up for
  std::vector<float> by_column_;  // the same by column, of the block whose scales are fixed
  std::vector<float> errors_;     // [step][lanes]
  std::vector<bool> fixed_;
};

void pack_gptq(const Rows& rows, const PackingJob& job, std::byte* packed) {
  if (!job.prepared) return importance.pack(rows, job, packed);
  ErrorFeedback feedback(*static_cast<const Prepared*>(job.prepared), job, rows.columns);
  const int64_t packed_row = row_bytes(job.codec.info, rows.columns);
  for (int64_t row = 0; row < rows.count; row += kRowLanes) {
    const auto count = static_cast<int>(std::min<int64_t>(kRowLanes, rows.count - row));
    feedback.pack(rows.values + row * rows.columns, count, packed + row * packed_row);
  }
}

}  // namespace

constinit const Quantizer gptq{
    .name = "gptq",
    .summary = "rounds column by column and makes up for each error in the next ones; needs Hessians",
    .supports = can_be_written,
    .pack = pack_gptq,
    .parameters = kParameters,
    .prepare = prepare_gptq,
    .drives = has_lattice,
    .memory_need = memory_need_of_gptq,
    .reads_importance = true,
    .reads_hessians = true};

}  // namespace adze::quantize
