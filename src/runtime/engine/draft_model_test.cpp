#include "runtime/engine/draft_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codecs/codec.h"
#include "runtime/engine/answers_for_test.h"
#include "text/tokenizers/gguf_vocabulary.h"
#include "text/tokenizers/tokenizer.h"

namespace adze::runtime {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<int32_t> greedy_text(const std::shared_ptr<LoadedModel>& model, std::vector<int32_t> text, int64_t more) {
  EngineRequest request;
  request.prompt = text;
  request.options.max_tokens = more;
  request.options.stop_at_end_token = false;
  request.options.sampler.temperature = 0;
  const auto tokens = generated_alone(model, request, 32).tokens;
  text.insert(text.end(), tokens.begin(), tokens.end());
  return text;
}

DraftModelOptions options_with(int64_t pages) {
  return {{.threads = 1, .context_tokens = pages * KvCache::kPageTokens, .batch_tokens = 64}, 0, true};
}

std::vector<int32_t> guesses(DraftModel& model, int64_t text, std::span<const int32_t> tokens, int64_t most) {
  DraftWish wish{text, tokens, most};
  model.draft({&wish, 1});
  return wish.guesses;
}

TEST(DraftModel, GuessesWhatTheModelItselfWouldSay) {
  const auto model = load_tiny();
  DraftModel draft(model, *model, options_with(16));
  const auto text = greedy_text(model, {3, 1, 4, 1, 5}, 100);
  const std::span all(text);
  for (const size_t length : {5, 6, 11, 12, 13, 80, 90}) {  // on, back over guesses, far ahead
    EXPECT_THAT(guesses(draft, 7, all.first(length), 6), testing::ElementsAreArray(all.subspan(length, 6))) << length;
  }
}

TEST(DraftModel, ForgetsWrongGuesses) {
  const auto model = load_tiny();
  DraftModel draft(model, *model, options_with(16));
  std::vector<int32_t> text{3, 1, 4, 1, 5};
  for (int round = 0; round < 60; ++round) {
    const auto guessed = guesses(draft, 1, text, 4);
    const auto expected = greedy_text(model, text, 4);
    ASSERT_THAT(guessed, testing::ElementsAreArray(std::span(expected).last(4))) << round;
    text.push_back(guessed[0]);
    text.push_back((guessed[1] + 1) % static_cast<int32_t>(kTinyVocabulary));
  }
}

TEST(DraftModel, GuessesSeveralTextsInOneBatchAsAlone) {
  const auto model = load_tiny();
  DraftModel together(model, *model, options_with(32));
  std::vector<std::vector<int32_t>> texts{{1, 2, 3}, {9}, {4, 4, 4, 4, 4, 4, 4}, {20, 30}};
  std::vector<DraftWish> wishes;
  for (size_t i = 0; i < texts.size(); ++i)
    wishes.push_back({static_cast<int64_t>(i), texts[i], static_cast<int64_t>(i) + 1});
  together.draft(wishes);
  for (size_t i = 0; i < texts.size(); ++i) {
    DraftModel alone(model, *model, options_with(32));
    EXPECT_THAT(wishes[i].guesses, SizeIs(i + 1));
    EXPECT_EQ(wishes[i].guesses, guesses(alone, 0, texts[i], static_cast<int64_t>(i) + 1));
  }
}

TEST(DraftModel, ReadsLongTextsPartByPart) {
  const auto model = load_tiny();
  DraftModel draft(model, *model, options_with(16));
  const auto text = greedy_text(model, {3, 1, 4, 1, 5}, 200);
  const auto known = std::span(text).first(190);
  EXPECT_THAT(guesses(draft, 1, known, 4), IsEmpty());  // 64 at a time
  EXPECT_THAT(guesses(draft, 1, known, 4), IsEmpty());
  EXPECT_THAT(guesses(draft, 1, known, 4), testing::ElementsAreArray(std::span(text).subspan(190, 4)));
}

TEST(DraftModel, TextsShareTheirBeginning) {
  const auto model = load_tiny();
  DraftModel draft(model, *model, options_with(16));
  const auto text = greedy_text(model, {3, 1, 4, 1, 5}, 200);
  const auto known = std::span(text).first(190);
  while (guesses(draft, 1, known, 4).empty()) continue;
  draft.forget(1, known);
  EXPECT_THAT(guesses(draft, 2, known, 4), SizeIs(4));  // at once
  draft.forget(2, known);
  draft.forget(2, known);
  const auto other = std::span(text).first(100);  // shorter than what is kept: pages of others are not written
  EXPECT_THAT(guesses(draft, 3, known, 4), SizeIs(4));
  EXPECT_THAT(guesses(draft, 3, other, 4), testing::ElementsAreArray(std::span(text).subspan(100, 4)));
}

TEST(DraftModel, GuessesNothingWithoutRoom) {
  const auto model = load_tiny();
  DraftModel draft(model, *model, options_with(2));
  const std::vector<int32_t> one(60, 1);
  const std::vector<int32_t> other(60, 2);
  EXPECT_THAT(guesses(draft, 1, one, 9), SizeIs(9));    // two pages
  EXPECT_THAT(guesses(draft, 2, other, 2), IsEmpty());  // none left
  draft.forget(1, one);
  EXPECT_THAT(guesses(draft, 2, other, 2), SizeIs(2));
  EXPECT_THAT(guesses(draft, 3, std::vector<int32_t>(200, 1), 2), IsEmpty());  // never
}

TEST(DraftModel, EndsInFrontOfWhatItDoubts) {
  const auto model = load_tiny();
  auto options = options_with(4);
  options.min_probability = 1;
  DraftModel sure(model, *model, options);
  EXPECT_THAT(guesses(sure, 1, std::vector<int32_t>{1, 2, 3}, 4), IsEmpty());
}

TEST(DraftModel, RefusesAnotherVocabulary) {
  const auto target = load_tiny();
  text::GgufVocabulary vocabulary;
  vocabulary.source = "test";
  vocabulary.model = "gpt2";
  vocabulary.pre = "gpt-2";
  for (int32_t id = 0; id < static_cast<int32_t>(kTinyVocabulary); ++id) {
    vocabulary.tokens.push_back(target->tokenizer().token_text(id));
  }
  vocabulary.merges = {"0 1"};
  const auto refuses = [&](const char* says) {
    vocabulary.token_types.assign(vocabulary.tokens.size(), 1);
    const auto draft = load_tiny(std::make_shared<text::TokenizerSpec>(text::from_gguf_vocabulary(vocabulary)));
    try {
      const DraftModel refused(draft, *target, options_with(2));
      FAIL();
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr(says));
    }
  };
  std::swap(vocabulary.tokens[4], vocabulary.tokens[5]);
  refuses("token 4 is '5' instead of '4'");
  vocabulary.tokens.emplace_back("0000");
  refuses("it has 51 tokens instead of 50");
}

}  // namespace
}  // namespace adze::runtime
