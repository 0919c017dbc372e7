#include "runtime/generate.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "codecs/codec.h"
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

}  // namespace
}  // namespace adze::runtime
