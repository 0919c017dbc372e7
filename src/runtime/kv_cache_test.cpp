#include "runtime/kv_cache.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "codecs/codec.h"
#include "runtime/loaded_model.h"
#include "runtime/tiny_model_for_test.h"

namespace adze::runtime {
namespace {

std::shared_ptr<LoadedModel> tiny() {
  return std::make_shared<LoadedModel>(tiny_model(&codecs::f32.info), passes::ActivationPolicy::automatic);
}

TEST(KvCache, KeysAreTurnedAndValuesLieInRows) {
  const auto model = tiny();
  const graph::Graph& graph = model->graph();
  const KvCache cache(graph, &codecs::f16.info, 100);
  int keys = 0, values = 0;
  for (graph::ValueId id = 0; id < graph.values.size(); ++id) {
    if (graph.value(id).origin != graph::ValueOrigin::state) continue;
    const bool is_keys = graph.value(id).name.find("keys") != std::string::npos;
    const auto expected = is_keys ? ops::StateLayout::turned : ops::StateLayout::rows;
    EXPECT_EQ(cache.view(id)->layout, expected) << graph.value(id).name;
    ++(is_keys ? keys : values);
  }
  EXPECT_EQ(keys, 2);
  EXPECT_EQ(values, 2);
}

TEST(KvCache, StorageMustFitTheHeads) {
  const auto model = tiny();
  EXPECT_THROW(KvCache(model->graph(), &codecs::q8_0.info, 100), Error);  // heads of 16, blocks of 32
}

TEST(KvCache, PagesAreSharedOut) {
  const auto model = tiny();
  KvCache cache(model->graph(), &codecs::f16.info, 200);
  EXPECT_EQ(cache.capacity_tokens(), 256);
  std::vector<int32_t> one, other;
  cache.grow(one, 65);
  cache.grow(other, 128);
  EXPECT_EQ(one.size(), 2u);
  EXPECT_THROW(cache.grow(one, 129), Error);
  cache.shrink(other, 64);
  cache.grow(one, 129);
  EXPECT_EQ(one.size(), 3u);
}

TEST(KvCache, APageIsFreeWhenItsLastHolderLetsGo) {
  const auto model = tiny();
  KvCache cache(model->graph(), &codecs::f16.info, 128);
  std::vector<int32_t> table;
  cache.grow(table, 64);
  const int32_t page = table[0];
  cache.hold(page);
  EXPECT_EQ(cache.holders(page), 2);
  cache.shrink(table, 0);
  EXPECT_EQ(cache.free_pages(), 1);
  cache.let_go(page);
  EXPECT_EQ(cache.free_pages(), 2);
}

}  // namespace
}  // namespace adze::runtime
