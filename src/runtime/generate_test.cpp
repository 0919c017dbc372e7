#include "runtime/generate.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "codecs/codec.h"
#include "runtime/engine/answers_for_test.h"
#include "runtime/tiny_model_for_test.h"

namespace adze::runtime {
namespace {

std::unique_ptr<Session> open() {
  auto model = tiny_model(&codecs::f32.info);
  model.tokenizer = tiny_tokenizer();
  const auto loaded = std::make_shared<LoadedModel>(std::move(model), passes::ActivationPolicy::automatic);
  return std::make_unique<Session>(loaded, SessionOptions{.threads = 1, .context_tokens = 128, .batch_tokens = 16});
}

// A conversation goes on in the same sequence: what was said in it counts although it is not fed again.
TEST(Generate, SamplersLookBackAtWhatTheSequenceHoldsAlready) {
  const std::vector<int32_t> prompt{3, 14, 15, 9, 26, 5, 35, 8, 46, 7};
  GenerationOptions options;
  options.max_tokens = 30;
  options.stop_at_end_token = false;
  options.sampler = {.temperature = 0, .frequency_penalty = 1e5, .repetition_window = 1000};
  const auto whole_session = open();
  const auto whole = generate(*whole_session, whole_session->add_sequence(), prompt, options);
  for (const int32_t token : whole.tokens) EXPECT_EQ(std::ranges::count(prompt, token), 0) << token;

  const auto goes_on = [&](std::span<const int32_t> held) {
    const auto session = open();
    const auto sequence = session->add_sequence();
    session->feed(sequence, std::span(prompt).first(6));
    options.held.assign(held.begin(), held.end());
    return generate(*session, sequence, std::span(prompt).subspan(6), options).tokens;
  };
  EXPECT_EQ(goes_on(std::span(prompt).first(6)), whole.tokens);
  EXPECT_NE(goes_on({}), whole.tokens);
}

// What a draft model guesses changes neither text nor what the sequence holds.
TEST(Generate, GuessesChangeNothing) {
  auto model = tiny_model(&codecs::q4_0.info);
  model.tokenizer = tiny_tokenizer();
  const auto loaded = std::make_shared<LoadedModel>(std::move(model), passes::ActivationPolicy::automatic);
  const SessionOptions size{.threads = 1, .context_tokens = 192, .batch_tokens = 32};
  DraftModel draft(load_tiny_drafter(), *loaded, {size, 0, true});
  std::vector<int32_t> held;
  Session plain(loaded, size);
  Session drafted(loaded, size);
  const auto plain_sequence = plain.add_sequence();
  const auto sequence = drafted.add_sequence();
  int64_t accepted = 0;
  for (uint64_t turn = 0; turn < 6; ++turn) {
    GenerationOptions options;
    options.max_tokens = 62;  // the last turn fills the context
    options.sampler.temperature = turn % 2 == 0 ? 0 : 1;
    options.sampler.seed = turn;
    options.held = held;
    const std::vector<int32_t> prompt{static_cast<int32_t>(turn), 14, 15, 9, 26};
    const auto expected = generate(plain, plain_sequence, prompt, options);
    const auto result = generate(drafted, sequence, prompt, options, {}, {&draft, 6});
    EXPECT_EQ(result.tokens, expected.tokens);
    EXPECT_EQ(result.reason, expected.reason);
    ASSERT_EQ(drafted.length(sequence), plain.length(plain_sequence));
    EXPECT_LE(result.accepted_tokens, result.drafted_tokens);
    accepted += result.accepted_tokens;
    if (result.reason == StopReason::context_full) break;
    held.insert(held.end(), prompt.begin(), prompt.end());
    held.insert(held.end(), result.tokens.begin(), result.tokens.end());
    held.resize(static_cast<size_t>(drafted.length(sequence)));
  }
  EXPECT_GT(accepted, 0);
}

}  // namespace
}  // namespace adze::runtime
