#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "base/file.h"
#include "base/git_blob_id.h"
#include "hub/http_client.h"
#include "hub/hub_cache.h"
#include "hub/hub_name.h"
#include "hub/partial_file.h"

namespace adze::hub {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

std::string test_folder() {
  const auto* info = testing::UnitTest::GetInstance()->current_test_info();
  const auto folder =
      fs::temp_directory_path() / "adze_hub_test" / (std::string(info->test_suite_name()) + info->name());
  fs::remove_all(folder);
  fs::create_directories(folder);
  return folder.string();
}

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

// ---- names

TEST(HubName, TakesTheTextApart) {
  const auto name = parse_hub_name("hf:some.owner/repo_1@v1.0:sub/file.gguf");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->repository, "some.owner/repo_1");
  EXPECT_EQ(name->revision, "v1.0");
  EXPECT_EQ(name->file, "sub/file.gguf");
  EXPECT_EQ(name->text(), "hf:some.owner/repo_1@v1.0:sub/file.gguf");
  EXPECT_EQ(parse_hub_name("hf:a/b")->text(), "hf:a/b");
  EXPECT_EQ(parse_hub_name("hf:a/b@refs/pr/1")->revision, "refs/pr/1");
  EXPECT_FALSE(parse_hub_name("model.gguf"));
  EXPECT_FALSE(parse_hub_name("./hf:a/b"));
}

TEST(HubName, RefusesWhatIsNone) {
  for (const auto* text : {"hf:", "hf:a", "hf:/b", "hf:a/", "hf:a/b/c", "hf:../b", "hf:a/..", "hf:a/b:", "hf:a/b@",
                           "hf:a/b:../c", "hf:a/b:/c", "hf:a/b:c//d", "hf:a/b@..", "hf:a b/c", "hf:a/b\n"}) {
    EXPECT_THROW(parse_hub_name(text), Error) << text;
  }
}

TEST(HubName, PathsThatLeaveTheirFolderAreNotSafe) {
  for (const auto* path : {"a", "a/b.gguf", "ü/x", "..a", "a..b/c"}) EXPECT_TRUE(is_safe_path(path)) << path;
  for (const auto* path : {"", "/a", "a/", "a//b", ".", "..", "a/../b", "./a", "a\\b", "a\nb"}) {
    EXPECT_FALSE(is_safe_path(path)) << path;
  }
}

TEST(HubName, Patterns) {
  EXPECT_TRUE(matches_pattern("*.gguf", "a.gguf"));
  EXPECT_TRUE(matches_pattern("*Q4*", "m.Q4_K_M.gguf"));
  EXPECT_TRUE(matches_pattern("a?c", "abc"));
  EXPECT_TRUE(matches_pattern("*a*b*", "xxaxxbxx"));
  EXPECT_TRUE(matches_pattern("**", ""));
  EXPECT_FALSE(matches_pattern("a?c", "ac"));
  EXPECT_FALSE(matches_pattern("*.gguf", "a.gguf.part"));
  EXPECT_FALSE(matches_pattern("", "a"));
}

TEST(HubName, AFileBringsItsParts) {
  const std::vector<std::string> paths = {"m-Q4-00001-of-00002.gguf", "m-Q4-00002-of-00002.gguf", "m-Q8.gguf",
                                          "README.md"};
  EXPECT_THAT(matching_paths(paths, "q4"), ElementsAre(paths[0], paths[1]));
  EXPECT_THAT(matching_paths(paths, "m-Q4-00002-of-00002.gguf"), ElementsAre(paths[0], paths[1]));
  EXPECT_THAT(matching_paths(paths, "README.md"), ElementsAre("README.md"));
  EXPECT_THAT(matching_paths(paths, "read"), ElementsAre());  // words are looked for in weights
  EXPECT_THAT(matching_paths(paths, "*Q8*"), ElementsAre("m-Q8.gguf"));
}

TEST(HubName, WhatAModelNeeds) {
  const std::vector<std::string> folder = {"README.md",       "config.json",          "model.safetensors",
                                           "onnx/model.onnx", "original/params.json", "pytorch_model.bin",
                                           "tokenizer.model"};
  EXPECT_THAT(paths_of_model(folder, "a/b"),
              ElementsAre("README.md", "config.json", "tokenizer.model", "model.safetensors"));
  EXPECT_THAT(paths_of_model({"mmproj-x.gguf", "x.gguf"}, "a/b"), ElementsAre("x.gguf"));
  EXPECT_THROW(paths_of_model({"x.gguf", "y.gguf"}, "a/b"), Error);
  EXPECT_THROW(paths_of_model({"README.md"}, "a/b"), Error);
}

TEST(Http, EncodesAddresses) { EXPECT_EQ(url_encoded("a b/ü-._~9%"), "a%20b%2F%C3%BC-._~9%25"); }

TEST(Git, NamesContents) {
  const auto path = test_folder() + "/file";
  write_text_file(path, "hello\n");
  EXPECT_EQ(git_blob_id_of_file(path), "ce013625030ba8dba906f756967f9e9ca394464a");
  write_text_file(path, "");
  EXPECT_EQ(git_blob_id_of_file(path), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
}

// ---- a file that comes in pieces

std::vector<std::pair<uint64_t, uint64_t>> pairs(const std::vector<ByteRange>& ranges) {
  std::vector<std::pair<uint64_t, uint64_t>> result;
  for (const auto& range : ranges) result.emplace_back(range.begin, range.end);
  return result;
}

TEST(PartialFile, KnowsWhatIsMissing) {
  const auto path = test_folder() + "/blob";
  PartialFile file(path, 10);
  EXPECT_THAT(pairs(file.missing(4)), ElementsAre(std::pair(0, 4), std::pair(4, 8), std::pair(8, 10)));
  file.write(4, bytes_of("efg"));
  file.note({4, 7});
  EXPECT_THAT(pairs(file.missing(100)), ElementsAre(std::pair(0, 4), std::pair(7, 10)));
  file.note({0, 4});
  file.note({3, 9});
  EXPECT_EQ(file.bytes_there(), 9u);
  EXPECT_THAT(pairs(file.missing(100)), ElementsAre(std::pair(9, 10)));
}

TEST(PartialFile, GoesOnWithWhatAnotherRunLeft) {
  const auto path = test_folder() + "/blob";
  {
    PartialFile file(path, 6);
    file.write(2, bytes_of("cd"));
    file.note({2, 4});
    file.note_entity_tag("\"x\"");
  }
  EXPECT_FALSE(fs::exists(path));
  PartialFile file(path, 6);
  EXPECT_EQ(file.entity_tag(), "\"x\"");
  EXPECT_EQ(file.bytes_there(), 2u);
  file.write(0, bytes_of("ab"));
  file.write(4, bytes_of("ef"));
  file.commit();
  EXPECT_EQ(read_text_file(path), "abcdef");
  EXPECT_EQ(std::distance(fs::directory_iterator(fs::path(path).parent_path()), {}), 1);
}

TEST(PartialFile, BelievesNoNonsense) {
  const auto path = test_folder() + "/blob";
  {
    PartialFile(path, 6).write(0, bytes_of("abcdef"));
  }
  for (const auto* log : {"", "size 7\nthere 0 6\n", "size 6\nthere 3 2\nthere 0 7\nthere x y\nthere 0\n",
                          "size 6\nthere 0 99999999999999999999999\n", "nonsense"}) {
    std::ofstream(path + ".adze-ranges") << log;
    EXPECT_EQ(PartialFile(path, 6).bytes_there(), 0u) << log;
  }
  fs::resize_file(path + ".adze-partial", 3);  // shorter than the record says
  std::ofstream(path + ".adze-ranges") << "size 6\nthere 0 2\nthere 2 6\n";
  EXPECT_EQ(PartialFile(path, 6).bytes_there(), 2u);
}

// ---- the cache

HubRepository repository() {
  return {.name = "o/r",
          .commit = std::string(40, 'a'),
          .files = {{.path = "sub/m.gguf", .bytes = 4, .sha256 = std::string(64, 'b')}}};
}

TEST(HubCache, FindsWhatWasLinked) {
  const HubCache cache(test_folder());
  const auto repo = repository();
  const HubName name{.repository = "o/r"};
  EXPECT_THROW(cache.model_path(name), Error);
  fs::create_directories(fs::path(cache.blob_path("o/r", repo.files[0])).parent_path());
  write_text_file(cache.blob_path("o/r", repo.files[0]), "GGUF");
  cache.link(repo, repo.files[0]);
  cache.link(repo, repo.files[0]);
  EXPECT_THROW(cache.model_path(name), Error);  // no revision yet
  cache.set_revision(repo, "main");
  EXPECT_EQ(read_text_file(cache.model_path(name)), "GGUF");
  EXPECT_EQ(cache.model_path({.repository = "o/r", .revision = repo.commit}), cache.model_path(name));
  EXPECT_THROW(cache.model_path({.repository = "o/r", .revision = "main", .file = "other"}), Error);
}

TEST(HubCache, ADamagedRevisionIsNamed) {
  const HubCache cache(test_folder());
  fs::create_directories(cache.folder() + "/models--o--r/refs");
  write_text_file(cache.folder() + "/models--o--r/refs/main", "../../..");
  try {
    cache.model_path({.repository = "o/r"});
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("holds no commit"));
  }
}

}  // namespace
}  // namespace adze::hub
