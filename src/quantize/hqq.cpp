// Half-quadratic quantization: needs no data. Large errors count for less than their square (|error|^p with p <= 1), so
// that a few outliers do not widen the scale of a block for all others. The error is split into a sparse part, which a
// shrinkage operator gives, and the rest, for which the codec looks for scales; both take turns. The codes are always
// those nearest to the weights themselves.
//
// H. Badri and A. Shaji, "Half-quadratic quantization of large machine learning models", 2023.
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "codecs/code_lattice.h"
#include "quantize/lattice_rows.h"
#include "quantize/quantizer.h"
#include "tensor/shape.h"

namespace adze::quantize {
namespace {

// Made of square roots alone, which are the same on every machine.
constexpr std::string_view kExponents[] = {"1/2", "3/4", "1"};

constexpr Parameter kParameters[] = {
    {.name = "exponent", .meaning = "p of |error|^p", .initial = 1, .choices = kExponents},
    {.name = "beta",
     .meaning = "strength of the coupling, in steps of the codes: smaller ones take more errors for outliers",
     .initial = 1,
     .minimum = 0.1,
     .maximum = 1000},
    {.name = "growth",
     .meaning = "what beta is multiplied with in each round",
     .initial = 1.01,
     .minimum = 1,
     .maximum = 2},
    {.name = "rounds",
     .meaning = "searches for scales at most; two that better nothing end it",
     .initial = 20,
     .minimum = 1,
     .maximum = 200,
     .is_integer = true},
};

constexpr int kRoundsInVain = 2;

bool can_be_written(const codecs::Codec& codec) { return static_cast<bool>(codec.encode); }
bool has_lattice(const codecs::Codec& codec) { return codec.encode && codecs::code_lattice_of(&codec.info); }

/// x^p and x^(p - 1) for x > 0.
struct Power {
  float of_error;
  float slope;
};
Power power(float x, int exponent) {
  const float root = std::sqrt(x);
  if (exponent == 0) return {root, 1 / root};
  const float fourth = std::sqrt(root);
  return exponent == 1 ? Power{root * fourth, 1 / fourth} : Power{x, 1};
}

class HalfQuadraticRows {
 public:
  HalfQuadraticRows(const PackingJob& job, int64_t columns)
      : rows_(job.codec, *codecs::code_lattice_of(&job.codec.info), columns),
        best_(rows_),
        exponent_(job.settings.integer("exponent")),
        beta_(static_cast<float>(job.settings.number("beta"))),
        growth_(static_cast<float>(job.settings.number("growth"))),
        rounds_(job.settings.integer("rounds")),
        targets_(static_cast<size_t>(columns * kRowLanes)) {}

  void pack(const float* values, int count, std::byte* packed) {
    rows_.load(values, count);
    best_.load(values, count);
    for (int64_t block = 0; block < rows_.blocks(); ++block) search(block);
    best_.store(packed);
  }

 private:
  void search(int64_t block) {
    const int64_t first = block * rows_.block_elements();
    const int64_t last = first + rows_.block_elements();
    std::copy_n(rows_.original() + first * kRowLanes, rows_.block_elements() * kRowLanes,
                targets_.data() + first * kRowLanes);
    float lowest[kRowLanes];
    std::fill_n(lowest, kRowLanes, std::numeric_limits<float>::infinity());
    float beta = beta_;
    int in_vain[kRowLanes] = {};  // rounds that bettered nothing
    const auto goes_on = [](int rounds) { return rounds < kRoundsInVain; };
    for (int round = 0; round < rounds_ && std::any_of(in_vain, in_vain + kRowLanes, goes_on);
         ++round, beta *= growth_) {
      rows_.fix_scales(block, targets_.data(), nullptr);
      float sums[kRowLanes] = {};
      for (int64_t column = first; column < last; ++column) split_errors(column, beta, sums);
      keep_better(block, sums, lowest, in_vain);
    }
  }

  // Adds |error|^p to the sums, and takes the sparse part of the errors off the targets.
  void split_errors(int64_t column, float beta, float* sums) {
    const float* x = rows_.original() + column * kRowLanes;
    float* target = targets_.data() + column * kRowLanes;
    float values[kRowLanes];
    rows_.choose_codes(column, x, values);
    for (int lane = 0; lane < kRowLanes; ++lane) {
      const float error = x[lane] - values[lane];
      const float step = std::fabs(rows_.steps(column)[lane]);
      target[lane] = x[lane];
      if (error == 0) continue;
      sums[lane] += power(std::fabs(error), exponent_).of_error;
      if (step == 0) continue;
      const float in_steps = std::fabs(error) / step;
      const float sparse = std::max(0.0f, in_steps - power(in_steps, exponent_).slope / beta) * step;
      target[lane] -= error < 0 ? -sparse : sparse;
    }
  }

  // A lane that has stopped stays so: it must not matter who is beside it.
  void keep_better(int64_t block, const float* sums, float* lowest, int* in_vain) {
    for (int lane = 0; lane < kRowLanes; ++lane) {
      if (in_vain[lane] >= kRoundsInVain || !(sums[lane] < lowest[lane])) {
        ++in_vain[lane];
        continue;
      }
      in_vain[lane] = 0;
      lowest[lane] = sums[lane];
      best_.copy_block(rows_, lane, block);
    }
  }

  LatticeRows rows_;
  LatticeRows best_;
  const int exponent_;
  const float beta_;
  const float growth_;
  const int rounds_;
  std::vector<float> targets_;  // [columns][lanes]
};

void pack_hqq(const Rows& rows, const PackingJob& job, std::byte* packed) {
  if (!has_lattice(job.codec)) return nearest.pack(rows, job, packed);
  HalfQuadraticRows search(job, rows.columns);
  const int64_t packed_row = row_bytes(job.codec.info, rows.columns);
  for (int64_t row = 0; row < rows.count; row += kRowLanes) {
    const auto count = static_cast<int>(std::min<int64_t>(kRowLanes, rows.count - row));
    search.pack(rows.values + row * rows.columns, count, packed + row * packed_row);
  }
}

MemoryNeed memory_need_of_hqq(int64_t columns, const PackingJob& job) {
  if (!has_lattice(job.codec)) return {};
  const auto targets = static_cast<uint64_t>(columns * kRowLanes) * sizeof(float);
  return {.shared = 0, .per_thread = 2 * LatticeRows::memory_bytes(columns) + targets};
}

}  // namespace

constinit const Quantizer hqq{.name = "hqq",
                              .summary = "scales that let outliers be wrong (half-quadratic), needs no data",
                              .supports = can_be_written,
                              .pack = pack_hqq,
                              .parameters = kParameters,
                              .drives = has_lattice,
                              .memory_need = memory_need_of_hqq};

}  // namespace adze::quantize
