#include "pipeline/encoder_behaviour.h"

#include <algorithm>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory_use.h"
#include "base/sha256.h"
#include "calibrate/calibrate.h"
#include "calibrate/collector.h"
#include "formats/format.h"
#include "model/pooling.h"
#include "pipeline/product_noise.h"
#include "text/tokenizers/tokenizer.h"

namespace adze::pipeline {
namespace {

constexpr int kSpeedRounds = 3;

// As many tokens as a decoder would be measured on.
int64_t passages_for(const MeasuredText& text, int64_t passage_tokens) {
  return text.chunks > 0 ? std::max<int64_t>(1, text.chunks * text.context / passage_tokens) : 0;
}

std::vector<runtime::EncoderText> passages(const model::Model& model, const MeasuredText& text, int64_t longest) {
  if (!model.tokenizer) fail(ErrorCode::bad_input, "{}: without a tokenizer no text can be embedded", model.source);
  const int64_t tokens = std::min(kPassageTokens, longest);
  return evaluate::passages_of(text::Tokenizer(model.tokenizer), text.content, tokens, passages_for(text, tokens));
}

RunningCost cost_of(runtime::Encoder& encoder, std::span<const runtime::EncoderText> texts, int64_t tokens,
                    unsigned threads) {
  double best = 0;
  for (int round = 0; round < kSpeedRounds; ++round) {
    const int64_t start = now_ns();
    encoder.encode(texts);
    const double seconds = seconds_since(start);
    best = round == 0 ? seconds : std::min(best, seconds);
  }
  const auto& weights = encoder.model().weights();
  RunningCost cost;
  cost.prompt_tokens_per_second = best > 0 ? static_cast<double>(tokens) / best : 0;
  cost.memory_bytes = static_cast<int64_t>(weights.owned_bytes() + weights.mapped_bytes() + encoder.activation_bytes());
  cost.threads = threads ? threads : available_processors();
  return cost;
}

}  // namespace

runtime::Encoder comparing_encoder(model::Model model, passes::ActivationPolicy policy, runtime::WeightMemory memory,
                                   unsigned threads) {
  const auto pooling = pooling_of(model);
  if (pooling == model::Pooling::rank) set_pooling(model, model::Pooling::cls);
  if (pooling == model::Pooling::none) set_pooling(model, model::Pooling::mean);
  return runtime::Encoder(std::make_shared<runtime::LoadedModel>(std::move(model), policy, memory),
                          {.threads = threads});
}

Behaviour measure_encoder_behaviour(const model::Model& source, const BehaviourRequest& request,
                                    const MeasuredText& wanted, Progress& progress) {
  const int64_t start = now_ns();
  auto target = formats::read_model(request.target);
  auto candidate =
      comparing_encoder(target, passes::ActivationPolicy::automatic, runtime::WeightMemory::packed, request.threads);
  Behaviour behaviour{.text_name = wanted.name,
                      .text_sha256 = sha256_of(wanted.content),
                      .text_is_built_in = request.text.content.empty(),
                      .context = std::min(kPassageTokens, candidate.longest_text()),
                      .activation = "auto",
                      .cache_tokens = 0};
  const auto texts = passages(source, wanted, candidate.longest_text());
  candidate.encode(std::span(texts).first(1));  // packs the weights
  behaviour.load_seconds = seconds_since(start);
  {
    auto reference =
        comparing_encoder(source, passes::ActivationPolicy::f32, runtime::WeightMemory::packed, request.threads);
    behaviour.embeddings = evaluate::measure_embedding_agreement(candidate, reference, texts, progress);
  }
  behaviour.cost = cost_of(candidate, texts, behaviour.embeddings->tokens, request.threads);
  behaviour.product_signal_to_noise = encoder_product_noise(source, target, wanted, request.threads);
  behaviour.seconds = seconds_since(start);
  return behaviour;
}

std::map<std::string, double> encoder_product_noise(const model::Model& source, const model::Model& target,
                                                    const MeasuredText& wanted, unsigned threads) {
  constexpr size_t kPassages = 8;
  const auto loaded = std::make_shared<runtime::LoadedModel>(
      source, passes::ActivationPolicy::f32, runtime::WeightMemory::mapped, calibrate::observable_passes());
  runtime::Encoder encoder(loaded, {.threads = threads});
  const auto all = passages(source, wanted, encoder.longest_text());
  const auto inputs = calibrate::find_observed_inputs(loaded->graph(), true);
  calibrate::Collector collector(inputs, {.sums = true, .hessians = {}});
  encoder.observe(&collector);
  encoder.encode(std::span(all).first(std::min(kPassages, all.size())));
  return product_signal_to_noise(source, target, mean_squares_of(inputs, collector));
}

}  // namespace adze::pipeline
