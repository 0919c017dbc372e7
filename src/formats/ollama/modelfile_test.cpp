#include "formats/ollama/modelfile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "base/error.h"

namespace adze::formats {
namespace {

// In a block of its very size, so that a sanitizer sees a byte read behind it.
Modelfile parsed(std::string_view text) {
  const std::vector<char> bytes(text.begin(), text.end());
  return parse_modelfile({bytes.data(), bytes.size()}, "Modelfile");
}

bool looks_like(std::string_view text) {
  const std::vector<char> bytes(text.begin(), text.end());
  return looks_like_modelfile({bytes.data(), bytes.size()});
}

TEST(Modelfile, ReadsValuesBareAndQuoted) {
  const auto file = parsed(
      "# mine\nfrom a.gguf\r\nSYSTEM \"\"\"two\nlines\"\"\"\nPARAMETER stop \"<|end|>\"\nMESSAGE user Hi there \n");
  EXPECT_EQ(file.from, "a.gguf");
  EXPECT_EQ(file.system, "two\nlines");
  EXPECT_THAT(file.parameters, testing::ElementsAre(testing::Pair("stop", "<|end|>")));
  EXPECT_THAT(file.messages, testing::ElementsAre(testing::Pair("user", "Hi there")));
}

TEST(Modelfile, EndsBehindSpacesOrAComment) {
  EXPECT_EQ(parsed("FROM a\n \t").from, "a");
  EXPECT_EQ(parsed("FROM a\n  # no newline").from, "a");
  EXPECT_TRUE(looks_like("  FROM a"));
  EXPECT_FALSE(looks_like("\t"));
  EXPECT_FALSE(looks_like(""));
  EXPECT_FALSE(looks_like("FROM "));
}

TEST(Modelfile, RefusalsSayTheLine) {
  const auto refusal = [](std::string_view text) {
    try {
      parsed(text);
      return std::string("none");
    } catch (const Error& error) {
      return std::string(error.what());
    }
  };
  EXPECT_THAT(refusal(" \t"), testing::HasSubstr("has no FROM"));
  EXPECT_THAT(refusal("FROM a\nFROM b"), testing::HasSubstr("line 2: a second FROM"));
  EXPECT_THAT(refusal("FROM a\n\nCOPY b"), testing::HasSubstr("line 3: 'COPY'"));
  EXPECT_THAT(refusal("FROM a\nSYSTEM \"\"\"open"), testing::HasSubstr("line 2: SYSTEM: the closing"));
  EXPECT_THAT(refusal("FROM a\nPARAMETER"), testing::HasSubstr("line 2: PARAMETER has no name"));
  EXPECT_THAT(refusal("FROM a\nLICENSE  "), testing::HasSubstr("line 2: LICENSE has no value"));
}

}  // namespace
}  // namespace adze::formats
