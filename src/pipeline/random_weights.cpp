#include "pipeline/random_weights.h"

#include <array>
#include <cmath>
#include <cstring>
#include <memory>
#include <numbers>
#include <utility>
#include <vector>

#include "codecs/codec.h"

namespace adze::pipeline {
namespace {

constexpr size_t kSteps = 1 << 16;
using NormalTable = std::array<float, kSteps>;

double normal_distribution(double x) { return 0.5 * std::erfc(-x / std::numbers::sqrt2); }
double normal_density(double x) { return std::exp(-x * x / 2) * std::numbers::inv_sqrtpi / std::numbers::sqrt2; }

// The middle of each of 65536 parts of equal probability, found by Newton's method from the middle outwards.
std::unique_ptr<const NormalTable> make_normal_table() {
  constexpr int kIterations = 4;
  auto table = std::make_unique<NormalTable>();
  double x = 0;
  for (size_t i = kSteps / 2; i < kSteps; ++i) {
    const double wanted = (static_cast<double>(i) + 0.5) / kSteps;
    for (int k = 0; k < kIterations; ++k) x += (wanted - normal_distribution(x)) / normal_density(x);
    (*table)[i] = static_cast<float>(x);
    (*table)[kSteps - 1 - i] = static_cast<float>(-x);
  }
  return table;
}

const NormalTable& normal_table() {
  static const auto table = make_normal_table();
  return *table;
}

// Steele, Lea, Flood 2014: consecutive counters become independent-looking words.
uint64_t split_mix(uint64_t counter) {
  uint64_t z = counter * 0x9E3779B97F4A7C15u;
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
  z = (z ^ z >> 27) * 0x94D049BB133111EBu;
  return z ^ z >> 31;
}

uint64_t hash_of(const std::string& name, uint64_t seed) {
  uint64_t hash = split_mix(seed + 1);
  for (const char c : name) hash = split_mix(hash ^ static_cast<unsigned char>(c));
  return hash;
}

class RandomRows final : public model::TensorSource {
 public:
  RandomRows(int64_t columns, float deviation, uint64_t seed) : columns_(columns), deviation_(deviation), seed_(seed) {}

  std::span<const std::byte> rows(int64_t first, int64_t count, std::vector<std::byte>& scratch) const override {
    const size_t row_bytes = static_cast<size_t>(columns_) * sizeof(float);
    scratch.resize(static_cast<size_t>(count) * row_bytes);
    for (int64_t i = 0; i < count; ++i) fill_row(first + i, scratch.data() + static_cast<size_t>(i) * row_bytes);
    return scratch;
  }
  std::string where() const override { return "random weights"; }

 private:
  // One word of 64 bits makes four numbers.
  void fill_row(int64_t row, std::byte* out) const {
    const NormalTable& table = normal_table();
    const uint64_t start = split_mix(seed_ ^ static_cast<uint64_t>(row + 1));
    for (int64_t column = 0; column < columns_; column += 4) {
      uint64_t word = split_mix(start + static_cast<uint64_t>(column));
      float values[4];
      for (float& value : values) {
        value = table[word & (kSteps - 1)] * deviation_;
        word >>= 16;
      }
      const auto left = std::min<int64_t>(4, columns_ - column);
      std::memcpy(out + column * static_cast<int64_t>(sizeof(float)), values,
                  static_cast<size_t>(left) * sizeof(float));
    }
  }

  int64_t columns_;
  float deviation_;
  uint64_t seed_;
};

}  // namespace

model::Tensor random_tensor(std::string name, Shape shape, float deviation, uint64_t seed) {
  checked_tensor_bytes(codecs::f32.info, shape, name);
  auto source = std::make_shared<RandomRows>(shape.row_length(), deviation, hash_of(name, seed));
  return {std::move(name), std::move(shape), &codecs::f32.info, std::move(source)};
}

model::Tensor constant_vector(std::string name, int64_t count, float value) {
  const std::vector<float> values(static_cast<size_t>(count), value);
  std::vector<std::byte> bytes(values.size() * sizeof(float));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return model::owned_tensor(std::move(name), {count}, &codecs::f32.info, std::move(bytes));
}

}  // namespace adze::pipeline
