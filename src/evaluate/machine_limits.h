// What this machine can do at best: bytes read per second, multiply-adds per second. Kernels are held against it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/cpu_features.h"
#include "base/progress.h"

namespace adze::evaluate {

/// A rate over several rounds, per second.
struct Rate {
  double best = 0;
  double median = 0;
};

/// Reading a block of memory that is in huge pages where the system has them.
struct ReadRate {
  unsigned threads = 0;
  int64_t block_bytes = 0;  // of all threads together; small blocks stay in caches
  Rate bytes;
};

/// In processor time, so that other programs do not lower it.
struct MultiplyAddRate {
  unsigned threads = 0;
  Rate int8;
  Rate f32;
};

struct MachineLimits {
  std::string processor;
  Isa isa = Isa::scalar;
  std::string int8_instruction;
  std::string f32_instruction;
  std::vector<ReadRate> reads;
  std::vector<MultiplyAddRate> multiply_adds;

  /// The best rate measured with this many threads on a block of about `bytes`; null when there is none.
  const ReadRate* read_rate(unsigned threads, int64_t bytes) const;
  const MultiplyAddRate* multiply_add_rate(unsigned threads) const;
};

struct LimitOptions {
  std::vector<unsigned> threads;     // each is measured
  std::vector<int64_t> block_bytes;  // each is measured; multiples of 1 MiB
  int64_t read_rounds = 7;           // of which the best and the median are kept
  int64_t multiply_add_rounds = 40;  // of a few milliseconds; 0: none
  double seconds_per_round = 0.01;   // at least; a block is always read to its end
};

/// One and all processors and the powers of two between; 64 MiB, 256 MiB and 1 GiB as far as memory allows.
LimitOptions usual_limit_options();

/// With the active ISA. Error(out_of_memory) when a block cannot be had.
MachineLimits measure_machine(const LimitOptions& options, Progress& progress = no_progress());

}  // namespace adze::evaluate
