#include "server/response_store.h"

#include <gtest/gtest.h>

namespace adze::server {
namespace {

StoredResponse response(const std::string& id, size_t bytes, const std::string& owner = "") {
  return {.id = id, .owner = owner, .document = std::string(bytes - 4, 'x'), .turns = ""};  // and four quotation marks
}

TEST(ResponseStore, ForgetsTheLongestUnused) {
  ResponseStore store(100);
  for (const char* id : {"a", "b", "c"}) store.keep(response(id, 30));
  EXPECT_EQ(store.bytes(), 90);
  EXPECT_NE(store.find("a", ""), nullptr);
  store.keep(response("d", 40));
  EXPECT_NE(store.find("a", ""), nullptr);
  EXPECT_EQ(store.find("b", ""), nullptr);
  EXPECT_EQ(store.find("c", "")->id, "c");
  EXPECT_EQ(store.bytes(), 100);
  store.keep(response("e", 100));
  EXPECT_EQ(store.find("d", ""), nullptr);
  EXPECT_EQ(store.bytes(), 100);
  store.keep(response("f", 101));  // never fits
  EXPECT_EQ(store.find("f", ""), nullptr);
  EXPECT_NE(store.find("e", ""), nullptr);
}

TEST(ResponseStore, GivesNobodyWhatIsAnothers) {
  ResponseStore store(100);
  store.keep(response("a", 30, "alice"));
  EXPECT_EQ(store.find("a", "bob"), nullptr);
  EXPECT_FALSE(store.forget("a", "bob"));
  EXPECT_TRUE(store.forget("a", "alice"));
  EXPECT_FALSE(store.forget("a", "alice"));
  EXPECT_EQ(store.bytes(), 0);
}

TEST(ResponseStore, KeepsNothingWithoutRoom) {
  ResponseStore store(0);
  EXPECT_FALSE(store.keeps_any());
  store.keep(response("a", 30));
  EXPECT_EQ(store.find("a", ""), nullptr);
}

}  // namespace
}  // namespace adze::server
