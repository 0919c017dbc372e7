#include "tensor/tensor_memory.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <stdexcept>

#include "tensor/arena_places.h"

namespace adze {
namespace {

bool overlap(const BlockLife& a, const BlockLife& b) { return a.first <= b.last && b.first <= a.last; }

TEST(ArenaPlaces, BlocksThatLiveTogetherLieApart) {
  std::mt19937 random(1);
  const auto between = [&](size_t least, size_t most) {
    return std::uniform_int_distribution<size_t>(least, most)(random);
  };
  for (int round = 0; round < 50; ++round) {
    std::vector<BlockLife> lives;
    size_t sum = 0;
    for (size_t i = between(1, 60); i > 0; --i) {
      const size_t first = between(0, 100);
      lives.push_back({between(0, 5000), first, first + between(0, 20)});
      sum += (lives.back().bytes + 63) / 64 * 64;
    }
    const ArenaPlaces places = places_in_arena(lives);
    EXPECT_LE(places.bytes, sum);
    for (size_t a = 0; a < lives.size(); ++a) {
      EXPECT_EQ(places.offsets[a] % 64, 0u);
      EXPECT_LE(places.offsets[a] + lives[a].bytes, places.bytes);
      for (size_t b = a + 1; b < lives.size(); ++b) {
        if (!overlap(lives[a], lives[b]) || lives[a].bytes == 0 || lives[b].bytes == 0) continue;
        EXPECT_TRUE(places.offsets[a] + lives[a].bytes <= places.offsets[b] ||
                    places.offsets[b] + lives[b].bytes <= places.offsets[a]);
      }
    }
  }
}

TEST(ArenaPlaces, BlocksThatFollowOneAnotherShareTheirPlace) {
  const std::vector<BlockLife> lives{{1000, 0, 1}, {900, 2, 3}, {1000, 4, 5}};
  EXPECT_EQ(places_in_arena(lives).bytes, 1024u);
}

using Bytes = std::shared_ptr<std::byte>;

/// Three blocks one after the other, of which two live at a time, and one that stays.
Bytes run_chain(TensorMemory& memory, const std::vector<int64_t>& key) {
  const TensorMemory::Run run(memory, key);
  Bytes a = memory.take(10000), b = memory.take(10000);
  a.reset();
  a = memory.take(10000);
  b.reset();
  return memory.take(512);
}

TEST(TensorMemory, RunsOfAKeyFindTheirBlocksInAnArena) {
  TensorMemory memory;
  run_chain(memory, {1});  // not recorded: the first run packs weights
  run_chain(memory, {1});
  EXPECT_EQ(memory.planned_bytes(), 0u);
  run_chain(memory, {1});
  EXPECT_EQ(memory.planned_bytes(), 2 * 10240u);
  const size_t owned = memory.owned_bytes();
  for (int i = 0; i < 5; ++i) run_chain(memory, {1});
  EXPECT_EQ(memory.owned_bytes(), owned) << "nothing more is asked of the system";
}

TEST(TensorMemory, WhatOutlivesARunLiesOutsideOfTheArena) {
  TensorMemory memory;
  std::vector<Bytes> results;
  for (int i = 0; i < 6; ++i) {
    results.push_back(run_chain(memory, {1}));
    std::memset(results.back().get(), i, 512);
  }
  for (int i = 0; i < 6; ++i) {
    EXPECT_EQ(static_cast<int>(results[static_cast<size_t>(i)].get()[511]), i);
  }
}

/// Takes as many blocks as `count` says and keeps them all until the end.
std::vector<Bytes> take_many(TensorMemory& memory, int count) {
  std::vector<Bytes> blocks;
  for (int i = 0; i < count; ++i) {
    blocks.push_back(memory.take(1000));
    std::memset(blocks.back().get(), i, 1000);
  }
  return blocks;
}

void expect_own_bytes(const std::vector<Bytes>& blocks) {
  for (size_t i = 0; i < blocks.size(); ++i) EXPECT_EQ(static_cast<size_t>(blocks[i].get()[999]), i);
}

TEST(TensorMemory, RunsThatDifferNeverShareBlocks) {
  TensorMemory memory;
  for (const int count : {3, 3, 3, 5, 2, 3, 4, 3, 3, 6, 1}) {
    const TensorMemory::Run run(memory, {7});
    const auto blocks = take_many(memory, count);
    expect_own_bytes(blocks);
  }
}

TEST(TensorMemory, BlocksOfTheArenaMayOutliveARunThatDiffers) {
  TensorMemory memory;
  for (int i = 0; i < 3; ++i) {
    const TensorMemory::Run run(memory, {1});
    take_many(memory, 4);
  }
  std::vector<Bytes> kept;
  {
    const TensorMemory::Run run(memory, {1});
    kept = take_many(memory, 4);  // these were given back when the run was recorded
  }
  for (int i = 0; i < 4; ++i) {
    const TensorMemory::Run run(memory, {1});
    take_many(memory, 4);
  }
  expect_own_bytes(kept);
}

TEST(TensorMemory, AFailedRunIsForgotten) {
  TensorMemory memory;
  const auto fail_in_run = [&] {
    const TensorMemory::Run run(memory, {1});
    take_many(memory, 2);
    throw std::runtime_error("stop");
  };
  run_chain(memory, {1});
  EXPECT_THROW(fail_in_run(), std::runtime_error);
  for (int i = 0; i < 2; ++i) run_chain(memory, {1});
  EXPECT_EQ(memory.planned_bytes(), 2 * 10240u);
}

TEST(TensorMemory, BlocksMayOutliveTheMemory) {
  Bytes block;
  {
    TensorMemory memory;
    for (int i = 0; i < 4; ++i) block = run_chain(memory, {1});
  }
  std::memset(block.get(), 1, 512);
  EXPECT_EQ(static_cast<int>(block.get()[0]), 1);
}

}  // namespace
}  // namespace adze
