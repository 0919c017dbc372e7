#include "runtime/engine/prefix_tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codecs/codec.h"
#include "runtime/loaded_model.h"
#include "runtime/tiny_model_for_test.h"

namespace adze::runtime {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class PrefixTreeTest : public testing::Test {
 protected:
  // A text in which each page is filled with one token.
  static std::vector<int32_t> text(std::initializer_list<int32_t> pages) {
    std::vector<int32_t> tokens;
    for (const int32_t token : pages) tokens.insert(tokens.end(), KvCache::kPageTokens, token);
    return tokens;
  }
  // Keeps the text in new pages, which nobody holds but the tree.
  std::vector<int32_t> keep(std::initializer_list<int32_t> pages) {
    const auto tokens = text(pages);
    std::vector<int32_t> table, kept;
    cache_.grow(table, static_cast<int64_t>(tokens.size()));
    for (size_t i = 0; i < table.size(); ++i) {
      kept.push_back(tree_.add(std::span(tokens).first((i + 1) * KvCache::kPageTokens), table[i]));
    }
    cache_.shrink(table, 0);
    return kept;
  }

  LoadedModel model_{tiny_model(&codecs::f32.info), passes::ActivationPolicy::automatic};
  KvCache cache_{model_.graph(), &codecs::f16.info, 8 * KvCache::kPageTokens};
  PrefixTree tree_{cache_};
};

TEST_F(PrefixTreeTest, FindsTheLongestBeginning) {
  const auto kept = keep({1, 2, 3});
  EXPECT_EQ(tree_.find(text({1, 2, 3, 4})), kept);
  EXPECT_THAT(tree_.find(text({1, 2, 4})), ElementsAre(kept[0], kept[1]));
  EXPECT_THAT(tree_.find(text({2, 3})), IsEmpty());
  auto almost = text({1, 2});
  almost.pop_back();
  EXPECT_THAT(tree_.find(almost), ElementsAre(kept[0]));
}

TEST_F(PrefixTreeTest, KeepsOnePageOfTheSameTokens) {
  const auto first = keep({1, 2});
  const auto second = keep({1, 3});
  EXPECT_EQ(second[0], first[0]);
  EXPECT_NE(second[1], first[1]);
  EXPECT_EQ(tree_.idle_pages(), 3);
  EXPECT_EQ(cache_.free_pages(), 5);
}

TEST_F(PrefixTreeTest, GivesAwayTheEndsThatWereUsedLeastRecently) {
  keep({1, 2});
  keep({5});
  tree_.find(text({1, 2}));
  EXPECT_TRUE(tree_.give_away_one());
  EXPECT_THAT(tree_.find(text({5})), IsEmpty());
  EXPECT_TRUE(tree_.give_away_one());
  EXPECT_EQ(tree_.find(text({1, 2})).size(), 1u);
  EXPECT_TRUE(tree_.give_away_one());
  EXPECT_FALSE(tree_.give_away_one());
  EXPECT_EQ(cache_.free_pages(), 8);
}

TEST_F(PrefixTreeTest, KeepsWhatOthersHold) {
  const auto kept = keep({1, 2});
  cache_.hold(kept[0]);
  EXPECT_EQ(tree_.idle_pages(), 1);
  EXPECT_TRUE(tree_.give_away_one());
  EXPECT_FALSE(tree_.give_away_one());
  cache_.let_go(kept[0]);
  EXPECT_TRUE(tree_.give_away_one());
}

TEST_F(PrefixTreeTest, APageMayComeBackWithOtherTokens) {
  keep({1, 2, 3, 4, 5, 6, 7, 8});
  for (int i = 0; i < 8; ++i) EXPECT_TRUE(tree_.give_away_one());
  const auto kept = keep({8, 7});
  EXPECT_EQ(tree_.find(text({8, 7})), kept);
  EXPECT_THAT(tree_.find(text({1})), IsEmpty());
}

TEST_F(PrefixTreeTest, TextsOfDifferentKeysHaveNothingInCommon) {
  const auto plain = keep({1, 2});
  const int32_t key[] = {4};
  EXPECT_THAT(tree_.find(text({1, 2}), key), IsEmpty());
  std::vector<int32_t> table;
  cache_.grow(table, 2 * KvCache::kPageTokens);
  const auto tokens = text({1, 2});
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(tree_.add(std::span(tokens).first((i + 1) * KvCache::kPageTokens), table[i], key), table[i]);
  }
  cache_.shrink(table, 0);
  EXPECT_THAT(tree_.find(tokens), testing::ElementsAreArray(plain));
  EXPECT_THAT(tree_.find(tokens, key), testing::SizeIs(2));
  EXPECT_EQ(tree_.idle_pages(), 4);
  while (tree_.give_away_one()) continue;
  EXPECT_EQ(cache_.free_pages(), cache_.pages());
  EXPECT_THAT(tree_.find(tokens, key), IsEmpty());
}

}  // namespace
}  // namespace adze::runtime
