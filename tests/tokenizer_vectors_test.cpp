// Tokenizes llama.cpp's test vectors with the GGUF vocabularies that they belong to.
#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>

#include "base/file.h"
#include "formats/format.h"
#include "text/tokenizers/tokenizer.h"

namespace adze {
namespace {

const std::filesystem::path kVectors = "../shared/data/tokenizers/ggml-vocab";
constexpr std::string_view kCaseEnd = "\n__ggml_vocab_test__\n";

std::vector<std::string> read_texts(const std::string& path) {
  const std::string all = read_text_file(path);
  std::vector<std::string> texts;
  size_t begin = 0;
  for (size_t end; (end = all.find(kCaseEnd, begin)) != std::string::npos; begin = end + kCaseEnd.size()) {
    texts.push_back(all.substr(begin, end - begin));
  }
  return texts;
}

std::vector<std::vector<int32_t>> read_ids(const std::string& path) {
  std::vector<std::vector<int32_t>> cases;
  std::istringstream lines(read_text_file(path));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream numbers(line);
    cases.emplace_back();
    for (int32_t id; numbers >> id;) cases.back().push_back(id);
  }
  return cases;
}

TEST(TokenizerVectors, EveryVocabularyGivesItsIds) {
  if (!std::filesystem::is_directory(kVectors)) GTEST_SKIP() << "no " << kVectors;
  size_t vocabularies = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kVectors)) {
    if (entry.path().extension() != ".gguf") continue;
    const std::string path = entry.path();
    const text::Tokenizer tokenizer(formats::read_model(path).tokenizer);
    const auto texts = read_texts(path + ".inp");
    const auto ids = read_ids(path + ".out");
    ASSERT_EQ(texts.size(), ids.size()) << path;
    ASSERT_FALSE(texts.empty()) << path;
    for (size_t i = 0; i < texts.size(); ++i) {
      EXPECT_EQ(tokenizer.encode(texts[i], {.add_special = false, .parse_special = false}), ids[i])
          << path << ": " << texts[i];
    }
    ++vocabularies;
  }
  EXPECT_GE(vocabularies, 7u);
}

}  // namespace
}  // namespace adze
