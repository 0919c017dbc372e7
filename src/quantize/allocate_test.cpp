#include "quantize/allocate.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "base/error.h"

namespace adze::quantize {
namespace {

using Items = std::vector<std::vector<StorageOption>>;

// The least cost within the budget, by trying everything.
double cheapest(const Items& items, int64_t budget, size_t item = 0) {
  if (budget < 0) return std::numeric_limits<double>::infinity();
  if (item == items.size()) return 0;
  double best = std::numeric_limits<double>::infinity();
  for (const auto& option : items[item]) {
    best = std::min(best, option.cost + cheapest(items, budget - option.bytes, item + 1));
  }
  return best;
}

TEST(Allocate, IsTheBestOfAll) {
  std::mt19937 random(1);
  for (int round = 0; round < 300; ++round) {
    Items items(1 + random() % 7);
    int64_t smallest = 0;
    int64_t largest = 0;
    for (auto& options : items) {
      int64_t low = 1000;
      int64_t high = 0;
      for (size_t j = 0; j < 1 + random() % 4; ++j) {
        options.push_back({static_cast<int64_t>(random() % 50), static_cast<double>(random() % 1000)});
        low = std::min(low, options.back().bytes);
        high = std::max(high, options.back().bytes);
      }
      smallest += low;
      largest += high;
    }
    const int64_t budget = smallest + static_cast<int64_t>(random() % static_cast<uint64_t>(largest - smallest + 2));
    const Allocation found = allocate(items, budget);
    ASSERT_EQ(found.options.size(), items.size());
    double cost = 0;
    int64_t bytes = 0;
    for (size_t i = 0; i < items.size(); ++i) {
      cost += items[i][found.options[i]].cost;
      bytes += items[i][found.options[i]].bytes;
    }
    EXPECT_EQ(found.bytes, bytes);
    EXPECT_DOUBLE_EQ(found.cost, cost);
    EXPECT_LE(bytes, budget);
    EXPECT_NEAR(cost, cheapest(items, budget), 1e-9) << "round " << round;
    EXPECT_LE(found.lower_bound, cost + 1e-9);
    EXPECT_TRUE(found.is_exact);
  }
}

// As a model has them: many tensors of a few shapes, ten types, errors that fall by a factor of four per bit.
Items like_a_model(size_t tensors) {
  std::mt19937 random(2);
  Items items(tensors);
  for (auto& options : items) {
    const int64_t weights = 1 << (16 + random() % 6);
    const double sensitivity = std::exp(static_cast<double>(random() % 1000) / 200);
    for (const double bits : {2.0625, 2.5625, 3.0625, 3.4375, 4.25, 4.5, 5.0, 5.5, 6.5625, 8.5}) {
      options.push_back({static_cast<int64_t>(static_cast<double>(weights) * bits / 8),
                         sensitivity * std::pow(4.0, -bits) * (1 + static_cast<double>(random() % 100) / 500)});
    }
  }
  return items;
}

TEST(Allocate, SolvesAWholeModelExactly) {
  const Items items = like_a_model(300);
  int64_t weights = 0;
  for (const auto& options : items) weights += options.back().bytes * 8 * 2 / 17;
  const Allocation found = allocate(items, weights * 425 / 800);
  EXPECT_TRUE(found.is_exact);
  EXPECT_LE(found.bytes, weights * 425 / 800);
  EXPECT_LT(found.cost, found.lower_bound * 1.001);
}

TEST(Allocate, TakesTheCheapestWhereEverythingFits) {
  const Allocation found = allocate(Items{{{10, 5}, {20, 1}, {30, 1}}, {{1, 0}}}, 1000);
  EXPECT_EQ(found.options, (std::vector<size_t>{1, 0}));
  EXPECT_DOUBLE_EQ(found.lower_bound, 1);
}

TEST(Allocate, SaysHowMuchIsMissing) {
  try {
    allocate(Items{{{10, 5}}, {{7, 1}}}, 16);
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("17 bytes, 1 more than the budget of 16"), std::string::npos);
  }
  EXPECT_THROW(allocate(Items{{}}, 16), Error);
}

TEST(Allocate, StaysWithinItsMemoryAndKeepsItsPromise) {
  const Items items = like_a_model(100);
  int64_t smallest = 0;
  for (const auto& options : items) smallest += options.front().bytes;
  const Allocation exact = allocate(items, smallest * 2);
  const Allocation bounded = allocate(items, smallest * 2, 2);
  EXPECT_LE(bounded.bytes, smallest * 2);
  EXPECT_LE(exact.cost, bounded.cost);
  EXPECT_LE(bounded.lower_bound, exact.cost * (1 + 1e-12));
}

}  // namespace
}  // namespace adze::quantize
