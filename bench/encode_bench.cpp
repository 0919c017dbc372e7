// Speed and error of the encoders, codec by codec, on one thread: megabytes of f16 input per second of processor time,
// and squared errors relative to the numbers' squares, summed over a few distributions.
// usage: encode_bench [storage type | all] [errors]
// With "errors": errors only, with more digits, from more numbers.
#include <cmath>
#include <cstdio>
#include <random>
#include <string_view>
#include <vector>

#include "bench_clock.h"
#include "codecs/codec.h"
#include "tensor/shape.h"

namespace {

using namespace adze;

constexpr int64_t kColumns = 4096;

struct Sample {
  std::vector<float> values;
  std::vector<float> importance;
};

float draw(std::mt19937& random, int kind) {
  std::normal_distribution<float> normal(0.0f, 0.02f);
  std::exponential_distribution<float> exponential(50.0f);
  std::student_t_distribution<float> heavy(4.0f);
  std::uniform_real_distribution<float> uniform(-0.05f, 0.05f);
  switch (kind) {
    case 0:
      return normal(random);
    case 1:
      return (random() & 1 ? 1.0f : -1.0f) * exponential(random);
    case 2:
      return 0.02f * heavy(random);
    case 3:
      return uniform(random);
    default:
      return 0.03f + normal(random);
  }
}
constexpr int kKinds = 5;

Sample make_sample(int kind, int64_t rows) {
  std::mt19937 random(static_cast<uint32_t>(kind) + 1);
  std::chi_squared_distribution<float> squares(1.0f);
  Sample sample;
  for (int64_t i = 0; i < rows * kColumns; ++i) sample.values.push_back(draw(random, kind));
  std::vector<float> row;
  for (int64_t i = 0; i < kColumns; ++i) row.push_back(squares(random) + 0.01f);
  for (int64_t r = 0; r < rows; ++r) sample.importance.insert(sample.importance.end(), row.begin(), row.end());
  return sample;
}

struct Errors {
  double plain;     // without importance, every number counts the same
  double weighted;  // with it
};

double relative_error(const codecs::Codec& codec, const Sample& sample, bool weighted) {
  const auto count = static_cast<int64_t>(sample.values.size());
  std::vector<std::byte> packed(static_cast<size_t>(row_bytes(codec.info, count)));
  std::vector<float> decoded(sample.values.size());
  codec.encode(sample.values.data(), weighted ? sample.importance.data() : nullptr, packed.data(), count);
  codec.decode(packed.data(), decoded.data(), count);
  double error = 0, power = 0;
  for (size_t i = 0; i < decoded.size(); ++i) {
    const double weight = weighted ? sample.importance[i] : 1.0;
    const double value = sample.values[i];
    error += weight * (decoded[i] - value) * (decoded[i] - value);
    power += weight * value * value;
  }
  return error / power;
}

Errors errors_of(const codecs::Codec& codec, int64_t rows) {
  Errors errors{0, 0};
  for (int kind = 0; kind < kKinds; ++kind) {
    const Sample sample = make_sample(kind, rows);
    errors.plain += relative_error(codec, sample, false) / kKinds;
    errors.weighted += relative_error(codec, sample, true) / kKinds;
  }
  return errors;
}

double megabytes_per_second(int64_t count, const bench::Seconds& seconds) {
  return 2e-6 * static_cast<double>(count) / seconds.processor;
}

void measure(const codecs::Codec& codec, const Sample& sample) {
  const auto count = static_cast<int64_t>(sample.values.size());
  std::vector<std::byte> packed(static_cast<size_t>(row_bytes(codec.info, count)));
  std::vector<float> decoded(sample.values.size());
  const auto encode = [&](const float* importance) {
    return bench::time_runs([&](int times) {
      for (int i = 0; i < times; ++i) codec.encode(sample.values.data(), importance, packed.data(), count);
    });
  };
  const auto plain = encode(nullptr);
  const auto weighted = encode(sample.importance.data());
  const auto decode = bench::time_runs([&](int times) {
    for (int i = 0; i < times; ++i) codec.decode(packed.data(), decoded.data(), count);
  });
  const Errors errors = errors_of(codec, 8);
  std::printf("%-8s encode %7.1f MB/s, with importance %7.1f MB/s, decode %7.1f MB/s   error %.5e, weighted %.5e\n",
              codec.info.name.data(), megabytes_per_second(count, plain), megabytes_per_second(count, weighted),
              megabytes_per_second(count, decode), errors.plain, errors.weighted);
  std::fflush(stdout);
}

}  // namespace

int main(int count, char** arguments) {
  const std::string_view wanted = count > 1 ? arguments[1] : "all";
  const bool errors_only = count > 2;
  const Sample sample = make_sample(0, 64);
  for (const codecs::Codec* codec : codecs::all_codecs()) {
    if (wanted != "all" ? codec->info.name != wanted : codec->info.is_plain()) continue;
    if (!codec->encode) continue;
    if (!errors_only) {
      measure(*codec, sample);
      continue;
    }
    const Errors errors = errors_of(*codec, 64);
    std::printf("%-8s error %.7e, weighted %.7e\n", codec->info.name.data(), errors.plain, errors.weighted);
    std::fflush(stdout);
  }
}
