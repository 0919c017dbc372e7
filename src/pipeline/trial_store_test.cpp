#include "pipeline/trial_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/error.h"
#include "formats/test_folder.h"

namespace adze::pipeline {
namespace {

TEST(TrialStore, RemembersAcrossOpenings) {
  const std::string path = formats::test_folder() + "/trials.sqlite";
  {
    TrialStore store(path);
    EXPECT_EQ(store.find("a", "x"), std::nullopt);
    store.put("a", "x", "{\"kl\": 1}");
    store.put("a", "x", "{\"kl\": 2}");
    store.put("b", "x", "it's another");
  }
  const TrialStore store(path);
  EXPECT_EQ(store.find("a", "x"), "{\"kl\": 2}");
  EXPECT_EQ(store.find("b", "x"), "it's another");
  EXPECT_EQ(store.find("a", "y"), std::nullopt);
}

TEST(TrialStore, WorksInMemory) {
  TrialStore store("");
  store.put("a", "x", "1");
  EXPECT_EQ(store.find("a", "x"), "1");
}

TEST(TrialStore, SaysWhichFileIsBroken) {
  const std::string path = formats::test_folder() + "/broken.sqlite";
  std::ofstream(path) << std::string(5000, 'x');
  try {
    TrialStore store(path);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::io);
    EXPECT_THAT(error.what(), testing::HasSubstr(path));
  }
  EXPECT_THROW(TrialStore("/nowhere/trials.sqlite"), Error);
}

}  // namespace
}  // namespace adze::pipeline
