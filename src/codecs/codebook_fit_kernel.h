// The loops of codebook_fit.h, written once for every vector width. As in lane_fit_kernel.h each lane is a block of its
// own and only + - * and minima are used, so each width gives the same floats. Included by the file of each instruction
// set, so everything but the table's type has internal linkage.
//
// What a point costs is a sum over its coordinates, and coordinates have few levels: the cost of each possible half of
// a point is tabulated once per block, and a point's cost is the sum of two table entries. Points are sorted by their
// first half, so that within a run only the least second half is looked for. The search is exact whatever the weights
// are.
#pragma once

#include <cstdint>

#include "codecs/lane_fit.h"

namespace adze::codecs {

inline constexpr int kMaxHalves = 81;        // 3^4 or 8^2
inline constexpr int kMaxPointsPerLane = 8;  // a lane's numbers are consecutive points

/// The points of a codebook in the order of their halves. The number of a half is that of its levels, the first
/// coordinate's level counting most.
struct SplitCodebook {
  int dimensions;  // 8 or 4
  int levels;      // of a coordinate: 3 or 8
  float level[8];
  int points;
  int runs;                 // points with the same first half
  const uint8_t* run_half;  // that half
  const uint16_t* run_end;  // where the run ends
  const uint8_t* second;    // the second half of each point
};

/// One or two codebooks to choose from, point by point.
struct SplitCodebooks {
  const SplitCodebook* books;
  int count;
};

struct CodebookKernels {
  /// Adds to error[lane] what the best points leave over at these scales, less the sum of w x x.
  void (*add_error)(const LaneBlocks& lanes, const SplitCodebooks& books, const float* scale, float* error);
  /// As add_error, if every combination of levels were a point: a lower bound that is quick to compute.
  void (*add_least_error)(const LaneBlocks& lanes, const SplitCodebooks& books, const float* scale, float* error);
  /// As add_error, and writes the positions of the best points; those of the second codebook follow those of the first.
  void (*positions)(const LaneBlocks& lanes, const SplitCodebooks& books, const float* scale, float* error,
                    uint16_t (*out)[kLanes]);
};

extern const CodebookKernels kCodebookAvx2;
extern const CodebookKernels kCodebookAvx512;

namespace {

template <int kWidth>
struct LesserBySelection {
  typedef float Floats __attribute__((vector_size(kWidth * 4)));
  static Floats lesser(const Floats& a, const Floats& b) { return a < b ? a : b; }
};

/// `Lesser` may be a faster way to a < b ? a : b.
template <int kWidth, typename Lesser = LesserBySelection<kWidth>>
struct CodebookKernel {
  typedef float Floats __attribute__((vector_size(kWidth * 4)));
  typedef int32_t Ints __attribute__((vector_size(kWidth * 4)));

  struct Tables {
    Floats first[kMaxHalves];
    Floats second[kMaxHalves];
  };

  struct Nearest {
    Floats cost;
    Ints position;
  };

  static Floats load(const float* from) {
    Floats value;
    __builtin_memcpy(&value, from, sizeof value);
    return value;
  }

  /// w (x - value)^2 - w x x.
  static Floats level_cost(const Floats& w, const Floats& twice_x, const Floats& value) {
    return w * value * (value - twice_x);
  }

  /// For every level of a number.
  static void level_costs(const LaneBlocks& lanes, int element, int first, const SplitCodebook& book,
                          const Floats& scale, Floats* costs) {
    const Floats twice = 2.0f * load(lanes.x[element] + first);
    const Floats w = load(lanes.w[element] + first);
    for (int l = 0; l < book.levels; ++l) costs[l] = level_cost(w, twice, scale * book.level[l]);
  }

  /// All sums of an entry of `a` and an entry of `b`.
  static void add_all(const Floats* a, int a_count, const Floats* b, int b_count, Floats* sums) {
    for (int i = 0; i < a_count; ++i) {
      for (int j = 0; j < b_count; ++j) *sums++ = a[i] + b[j];
    }
  }

  static void fill_half(const LaneBlocks& lanes, int element, int first, const SplitCodebook& book, const Floats& scale,
                        Floats* table) {
    Floats costs[4][8];
    for (int i = 0; i < book.dimensions / 2; ++i) {
      level_costs(lanes, element + i, first, book, scale, costs[i]);
    }
    if (book.dimensions == 4) return add_all(costs[0], book.levels, costs[1], book.levels, table);
    Floats pairs[2][9];
    add_all(costs[0], book.levels, costs[1], book.levels, pairs[0]);
    add_all(costs[2], book.levels, costs[3], book.levels, pairs[1]);
    add_all(pairs[0], 9, pairs[1], 9, table);
  }

  static void fill_tables(const LaneBlocks& lanes, int element, int first, const SplitCodebook& book,
                          const Floats& scale, Tables& tables) {
    fill_half(lanes, element, first, book, scale, tables.first);
    fill_half(lanes, element + book.dimensions / 2, first, book, scale, tables.second);
  }

  /// The least of some entries. Four chains side by side: one would wait for each minimum.
  static Floats least_of(const Floats* table, const uint8_t* entries, int count) {
    Floats a = table[entries[0]], b = a, c = a, d = a;
    int at = 1;
    for (; at + 4 <= count; at += 4) {
      a = Lesser::lesser(table[entries[at]], a);
      b = Lesser::lesser(table[entries[at + 1]], b);
      c = Lesser::lesser(table[entries[at + 2]], c);
      d = Lesser::lesser(table[entries[at + 3]], d);
    }
    for (; at < count; ++at) a = Lesser::lesser(table[entries[at]], a);
    return Lesser::lesser(Lesser::lesser(a, b), Lesser::lesser(c, d));
  }

  static Floats least_cost(const SplitCodebook& book, const Tables& tables) {
    Floats best = Floats{} + __builtin_inff();
    int at = 0;
    for (int run = 0; run < book.runs; ++run) {
      const Floats least = least_of(tables.second, book.second + at, book.run_end[run] - at);
      at = book.run_end[run];
      best = Lesser::lesser(tables.first[book.run_half[run]] + least, best);
    }
    return best;
  }

  /// In vectors the best run of each lane, then, lane by lane, the first of its points that is as good.
  static Nearest nearest(const SplitCodebook& book, const Tables& tables) {
    Nearest best{Floats{} + __builtin_inff(), {}};
    Floats second = {};  // the least second half of the best run
    int at = 0;
    for (int run = 0; run < book.runs; ++run) {
      const Floats least = least_of(tables.second, book.second + at, book.run_end[run] - at);
      at = book.run_end[run];
      const Floats cost = tables.first[book.run_half[run]] + least;
      second = cost < best.cost ? least : second;
      keep_less({cost, Ints{} + run}, best);
    }
    int32_t runs[kWidth], positions[kWidth];
    float seconds[kWidth];
    __builtin_memcpy(runs, &best.position, sizeof runs);
    __builtin_memcpy(seconds, &second, sizeof seconds);
    for (int lane = 0; lane < kWidth; ++lane)
      positions[lane] = first_as_good(book, tables, runs[lane], {lane, seconds[lane]});
    __builtin_memcpy(&best.position, positions, sizeof positions);
    return best;
  }

  struct Wanted {
    int lane;
    float cost;
  };

  static int first_as_good(const SplitCodebook& book, const Tables& tables, int run, Wanted wanted) {
    const auto* second = reinterpret_cast<const float*>(tables.second) + wanted.lane;
    const int last = book.run_end[run] - 1;
    int at = run == 0 ? 0 : book.run_end[run - 1];
    while (at < last && second[book.second[at] * kWidth] != wanted.cost) ++at;
    return at;
  }

  static void keep_less(const Nearest& candidate, Nearest& best) {
    const Ints better = candidate.cost < best.cost;
    best.cost = better ? candidate.cost : best.cost;
    best.position = better ? candidate.position : best.position;
  }

  static void add_error(const LaneBlocks& lanes, const SplitCodebooks& books, const float* scale, float* error) {
    Tables tables;
    for (int first = 0; first < kLanes; first += kWidth) {
      const Floats scales = load(scale + first);
      Floats sum = load(error + first);
      for (int element = 0; element < lanes.elements; element += books.books[0].dimensions) {
        Floats best = Floats{} + __builtin_inff();
        for (int b = 0; b < books.count; ++b) {
          fill_tables(lanes, element, first, books.books[b], scales, tables);
          best = Lesser::lesser(least_cost(books.books[b], tables), best);
        }
        sum += best;
      }
      __builtin_memcpy(error + first, &sum, sizeof sum);
    }
  }

  static Floats least_cost_of_levels(const LaneBlocks& lanes, int element, int first, const SplitCodebook& book,
                                     const Floats& scale) {
    Floats sum = {};
    for (int i = 0; i < book.dimensions; ++i) {
      const Floats twice = 2.0f * load(lanes.x[element + i] + first);
      const Floats w = load(lanes.w[element + i] + first);
      Floats least = Floats{} + __builtin_inff();
      for (int l = 0; l < book.levels; ++l) least = Lesser::lesser(level_cost(w, twice, scale * book.level[l]), least);
      sum += least;
    }
    return sum;
  }

  static void add_least_error(const LaneBlocks& lanes, const SplitCodebooks& books, const float* scale, float* error) {
    for (int first = 0; first < kLanes; first += kWidth) {
      const Floats scales = load(scale + first);
      Floats sum = load(error + first);
      for (int element = 0; element < lanes.elements; element += books.books[0].dimensions) {
        Floats best = Floats{} + __builtin_inff();
        for (int b = 0; b < books.count; ++b) {
          best = Lesser::lesser(least_cost_of_levels(lanes, element, first, books.books[b], scales), best);
        }
        sum += best;
      }
      __builtin_memcpy(error + first, &sum, sizeof sum);
    }
  }

  static void positions(const LaneBlocks& lanes, const SplitCodebooks& books, const float* scale, float* error,
                        uint16_t (*out)[kLanes]) {
    Tables tables;
    for (int first = 0; first < kLanes; first += kWidth) {
      const Floats scales = load(scale + first);
      Floats sum = load(error + first);
      for (int element = 0; element < lanes.elements; element += books.books[0].dimensions) {
        Nearest best{Floats{} + __builtin_inff(), {}};
        for (int b = 0; b < books.count; ++b) {
          fill_tables(lanes, element, first, books.books[b], scales, tables);
          Nearest here = nearest(books.books[b], tables);
          here.position += b * books.books[0].points;
          keep_less(here, best);
        }
        sum += best.cost;
        int32_t chosen[kWidth];
        __builtin_memcpy(chosen, &best.position, sizeof chosen);
        uint16_t* to = out[element / books.books[0].dimensions] + first;
        for (int lane = 0; lane < kWidth; ++lane) to[lane] = static_cast<uint16_t>(chosen[lane]);
      }
      __builtin_memcpy(error + first, &sum, sizeof sum);
    }
  }

  static constexpr CodebookKernels table() { return {add_error, add_least_error, positions}; }
};

}  // namespace
}  // namespace adze::codecs
