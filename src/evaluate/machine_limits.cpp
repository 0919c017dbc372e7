#include "evaluate/machine_limits.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>

#include "backends/cpu/host_buffer.h"
#include "base/clock.h"
#include "base/memory_use.h"
#include "base/team.h"
#include "base/thread_pool.h"
#include "evaluate/machine_loops.h"

namespace adze::evaluate {
namespace {

constexpr int64_t kMebibyte = 1 << 20;

MachineLoops loops_for(Isa isa) {
  if constexpr (kIsX86) {
    if (isa_includes(isa, Isa::amx)) return {kInt8LoopAmx, kMachineLoopsAvx512.f32, kMachineLoopsAvx512.read};
    if (isa_includes(isa, Isa::avx512)) return kMachineLoopsAvx512;
    if (isa_includes(isa, Isa::avx2)) return kMachineLoopsAvx2;
  } else {
    if (isa_includes(isa, Isa::i8mm)) return {kInt8LoopI8mm, kMachineLoopsNeon.f32, kMachineLoopsNeon.read};
    if (isa_includes(isa, Isa::dotprod)) return {kInt8LoopDotprod, kMachineLoopsNeon.f32, kMachineLoopsNeon.read};
    if (isa_includes(isa, Isa::neon)) return kMachineLoopsNeon;
  }
  return kMachineLoopsScalar;
}

Rate rate_of(std::vector<double> rates) {
  std::sort(rates.begin(), rates.end());
  return {rates.back(), rates[rates.size() / 2]};
}

/// All threads run `work(thread, repeats)` at once; the rate is what all did together over the time of the slowest.
class RoundTimer {
 public:
  RoundTimer(ThreadPool& pool, const LimitOptions& options, Progress& progress)
      : pool_(pool), options_(options), progress_(progress) {}

  /// `amount` is what one repeat of all threads does.
  Rate measure(double amount, int64_t rounds, const std::function<void(unsigned thread, int64_t repeats)>& work) {
    seconds_of(1, work);
    const double once = seconds_of(1, work);
    const auto repeats = std::max<int64_t>(1, std::llround(options_.seconds_per_round / std::max(once, 1e-9)));
    std::vector<double> rates;
    for (int64_t round = 0; round < rounds; ++round) {
      throw_if_cancelled(progress_);
      rates.push_back(amount * static_cast<double>(repeats) / seconds_of(repeats, work));
    }
    return rate_of(std::move(rates));
  }

 private:
  double seconds_of(int64_t repeats, const std::function<void(unsigned thread, int64_t repeats)>& work) {
    const int64_t start = now_ns();
    pool_.run([&](unsigned thread) { work(thread, repeats); });
    return seconds_since(start);
  }

  ThreadPool& pool_;
  const LimitOptions& options_;
  Progress& progress_;
};

double processor_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// In processor time, each thread for itself: beside compilers the threads rarely all run at once.
Rate measure_multiply_adds(ThreadPool& pool, const MultiplyAddLoop& loop, int64_t rounds, Progress& progress) {
  constexpr int64_t kTimes = 500'000;  // a few milliseconds
  std::vector<double> rates;
  for (int64_t round = 0; round <= rounds; ++round) {
    throw_if_cancelled(progress);
    std::vector<double> seconds(pool.size());
    pool.run([&](unsigned thread) {
      const double start = processor_seconds();
      loop.run(kTimes);
      seconds[thread] = std::max(processor_seconds() - start, 1e-9);
    });
    if (round == 0) continue;  // warm-up
    double rate = 0;
    for (const double each : seconds) rate += static_cast<double>(loop.per_round * kTimes) / each;
    rates.push_back(rate);
  }
  return rate_of(std::move(rates));
}

Rate measure_reads(RoundTimer& timer, const MachineLoops& loops, std::span<const std::byte> block, int64_t rounds,
                   unsigned threads) {
  std::vector<uint64_t> sums(threads);
  return timer.measure(static_cast<double>(block.size()), rounds, [&](unsigned thread, int64_t repeats) {
    const Range part = share_of(block.size(), kMebibyte, thread, threads);
    const auto* start = reinterpret_cast<const uint8_t*>(block.data()) + part.begin;
    for (int64_t i = 0; i < repeats; ++i)
      sums[thread] += loops.read(start, static_cast<int64_t>(part.end - part.begin));
  });
}

}  // namespace

const ReadRate* MachineLimits::read_rate(unsigned threads, int64_t bytes) const {
  const auto distance = [&](const ReadRate& rate) {
    return std::abs(std::log(static_cast<double>(std::max<int64_t>(1, bytes)) / static_cast<double>(rate.block_bytes)));
  };
  const ReadRate* nearest = nullptr;
  for (const auto& rate : reads) {
    if (rate.threads == threads && (!nearest || distance(rate) < distance(*nearest))) nearest = &rate;
  }
  return nearest;
}

const MultiplyAddRate* MachineLimits::multiply_add_rate(unsigned threads) const {
  const auto found = std::ranges::find(multiply_adds, threads, &MultiplyAddRate::threads);
  return found == multiply_adds.end() ? nullptr : &*found;
}

LimitOptions usual_limit_options() {
  LimitOptions options;
  const unsigned processors = available_processors();
  for (unsigned threads = 1; threads < processors; threads *= 2) options.threads.push_back(threads);
  options.threads.push_back(processors);
  const auto affordable = static_cast<int64_t>(total_memory_bytes() / 8);
  for (const int64_t mebibytes : {64, 256, 1024}) {
    if (options.block_bytes.empty() || mebibytes * kMebibyte <= affordable) {
      options.block_bytes.push_back(mebibytes * kMebibyte);
    }
  }
  return options;
}

MachineLimits measure_machine(const LimitOptions& options, Progress& progress) {
  const Isa isa = active_isa();
  const MachineLoops loops = loops_for(isa);
  MachineLimits limits{cpu_features().model_name, isa, loops.int8.instruction, loops.f32.instruction, {}, {}};
  int64_t largest = kMebibyte;  // without blocks, only multiply-adds are measured
  for (const int64_t bytes : options.block_bytes) largest = std::max(largest, bytes);
  const backends::HostBuffer memory(static_cast<size_t>(largest));
  std::memset(memory.data(), 1, memory.size());
  const uint64_t steps = options.threads.size() * (options.block_bytes.size() + 1);
  uint64_t done = 0;
  for (const unsigned threads : options.threads) {
    ThreadPool pool(threads);
    RoundTimer timer(pool, options, progress);
    for (const int64_t bytes : options.block_bytes) {
      progress.update("measuring", done++, steps);
      const std::span block(memory.data(), static_cast<size_t>(bytes));
      limits.reads.push_back({threads, bytes, measure_reads(timer, loops, block, options.read_rounds, threads)});
    }
    progress.update("measuring", done++, steps);
    const int64_t rounds = options.multiply_add_rounds;
    if (rounds == 0) continue;
    limits.multiply_adds.push_back({threads, measure_multiply_adds(pool, loops.int8, rounds, progress),
                                    measure_multiply_adds(pool, loops.f32, rounds, progress)});
  }
  return limits;
}

}  // namespace adze::evaluate
