#include "base/sha256.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/error.h"

namespace adze {
namespace {

// FIPS 180-4's examples.
TEST(Sha256, KnownSums) {
  EXPECT_EQ(sha256_of(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256, PiecesAndFilesGiveTheSameSum) {
  const std::string text(9'000'001, 'x');
  Sha256 sum;
  sum.add(std::string_view(text).substr(0, 5));
  sum.add(std::string_view(text).substr(5));
  const std::string expected = sum.finish();
  EXPECT_EQ(expected, sha256_of(text));
  const std::string path = testing::TempDir() + "adze_sha256_test";
  write_text_file(path, text);
  EXPECT_EQ(sha256_of_file(path), expected);
  std::filesystem::remove(path);
}

TEST(Sha256, StopsWhenAsked) {
  class Stop final : public Progress {
    void update(std::string_view, uint64_t, uint64_t) override {}
    bool cancelled() const override { return true; }
  } stop;
  const std::string path = testing::TempDir() + "adze_sha256_stop";
  write_text_file(path, "x");
  EXPECT_THROW(sha256_of_file(path, stop), Error);
  EXPECT_THROW(sha256_of_file(path + ".none"), Error);
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace adze
