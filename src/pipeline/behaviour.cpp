#include "pipeline/behaviour.h"

#include <algorithm>
#include <filesystem>

#include "base/clock.h"
#include "base/memory_use.h"
#include "base/sha256.h"
#include "evaluate/built_in_text.h"
#include "evaluate/machine_limits.h"
#include "formats/format.h"
#include "model/pooling.h"
#include "pipeline/encoder_behaviour.h"
#include "pipeline/product_noise.h"
#include "pipeline/text_of_model.h"
#include "runtime/session.h"

namespace adze::pipeline {
namespace {

constexpr RunningOptions kRunning{.prompt_tokens = 128, .generated_tokens = 24, .rounds = 3};

// What whole models reach of the processor's best rate of multiply-adds, on the careful side.
constexpr double kShareOfPeak = 0.25;
constexpr double kLoadBytesPerSecond = 4e8;
constexpr double kShareOfMemory = 0.8;  // of the machine's, which models may fill

using Loaded = std::shared_ptr<runtime::LoadedModel>;

Loaded load(model::Model model, passes::ActivationPolicy policy, runtime::WeightMemory memory) {
  return std::make_shared<runtime::LoadedModel>(std::move(model), policy, memory);
}

std::unique_ptr<runtime::Session> open(const Loaded& model, const evaluate::TextOptions& text, unsigned threads) {
  const int64_t batch = std::min(kBatchTokens, text.context);
  return std::make_unique<runtime::Session>(
      model, runtime::SessionOptions{
                 .threads = threads, .context_tokens = text.context, .batch_tokens = batch, .logit_rows = batch});
}

int64_t bytes_of(const model::Model& model) { return model.tensors.byte_size(); }

// Packed copies beside the pages of the file are only made where both models fit easily.
runtime::WeightMemory memory_for(const model::Model& source, const model::Model& target) {
  const auto total = static_cast<double>(total_memory_bytes());
  const auto wanted = static_cast<double>(bytes_of(source) + bytes_of(target));
  return total > 0 && wanted > total / 3 ? runtime::WeightMemory::mapped : runtime::WeightMemory::packed;
}

double multiply_adds_per_second(unsigned threads) {
  const unsigned used = threads ? threads : available_processors();
  const auto limits = evaluate::measure_machine(
      {.threads = {used}, .block_bytes = {}, .read_rounds = 1, .multiply_add_rounds = 3, .seconds_per_round = 0.005});
  const auto* rate = limits.multiply_add_rate(used);
  return rate && rate->f32.best > 0 ? rate->f32.best : 1e9;
}

}  // namespace

MeasuredText or_built_in(MeasuredText text) {
  if (text.content.empty()) {
    text.name = evaluate::built_in_text_name();
    text.content = evaluate::built_in_text();
  }
  return text;
}

Prediction predict_behaviour(const BehaviourRequest& request) {
  const auto source = formats::read_model(request.source, {.tokenizer = false});
  const auto target = formats::read_model(request.target, {.tokenizer = false});
  const auto text_tokens = static_cast<double>(or_built_in(request.text).content.size()) / 3;
  const auto wanted = static_cast<double>(request.text.context * request.text.chunks);
  const double scored = request.text.chunks > 0 ? std::min(text_tokens, wanted) : text_tokens;
  const double prompt = static_cast<double>(kRunning.prompt_tokens * (kRunning.rounds + 1));
  const double generated = static_cast<double>(kRunning.generated_tokens * (kRunning.rounds + 1));
  // Both models read the text, the original one chunk more; generating is slower than reading by about four.
  const double tokens = 2 * scored + static_cast<double>(request.text.context) + prompt + 4 * generated;
  const auto weights = static_cast<double>(source.tensors.element_count());
  const auto bytes = static_cast<double>(bytes_of(source) + bytes_of(target));
  Prediction prediction;
  prediction.seconds =
      tokens * weights / (kShareOfPeak * multiply_adds_per_second(request.threads)) + bytes / kLoadBytesPerSecond;
  prediction.memory_bytes = bytes_of(source) + bytes_of(target);
  const auto total = static_cast<double>(total_memory_bytes());
  prediction.fits_memory = total <= 0 || bytes <= kShareOfMemory * total;
  return prediction;
}

std::map<std::string, double> measure_product_noise(const BehaviourRequest& request) {
  const MeasuredText wanted = or_built_in(request.text);
  const auto source = formats::read_model(request.source);
  const auto target = formats::read_model(request.target, {.tokenizer = false});
  if (is_encoder(source)) return encoder_product_noise(source, target, wanted, request.threads);
  const auto text = tokenized(source, wanted.content, wanted.context, wanted.chunks);
  return product_signal_to_noise(source, target, text.tokens, text.options, request.threads);
}

Behaviour measure_behaviour(const BehaviourRequest& request, Progress& progress) {
  const int64_t start = now_ns();
  const MeasuredText wanted = or_built_in(request.text);
  const auto source = formats::read_model(request.source);
  if (is_encoder(source)) return measure_encoder_behaviour(source, request, wanted, progress);
  const auto text = tokenized(source, wanted.content, wanted.context, wanted.chunks);
  Behaviour behaviour{.text_name = wanted.name,
                      .text_sha256 = sha256_of(wanted.content),
                      .text_is_built_in = request.text.content.empty(),
                      .context = text.options.context,
                      .activation = "auto",
                      .cache_tokens = request.cache_tokens};
  const int64_t load_start = now_ns();
  const auto target = formats::read_model(request.target);
  const auto memory = memory_for(source, target);
  const auto candidate = load(target, passes::ActivationPolicy::automatic, memory);
  auto session = open(candidate, text.options, request.threads);
  behaviour.load_seconds = seconds_since(load_start);
  {
    const auto reference = open(load(source, passes::ActivationPolicy::f32, memory), text.options, request.threads);
    behaviour.quality =
        evaluate::summary_of(evaluate::measure_divergence(*session, *reference, text.tokens, text.options, progress));
  }
  session.reset();
  RunningOptions running = kRunning;
  running.threads = request.threads;
  running.cache_tokens = request.cache_tokens;
  behaviour.cost = measure_running(candidate, running, progress);
  behaviour.product_signal_to_noise =
      product_signal_to_noise(source, target, text.tokens, text.options, request.threads);
  behaviour.seconds = seconds_since(start);
  return behaviour;
}

}  // namespace adze::pipeline
