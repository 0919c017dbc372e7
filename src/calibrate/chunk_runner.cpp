#include "calibrate/chunk_runner.h"

#include <algorithm>
#include <vector>

#include "codecs/codec.h"
#include "model/pooling.h"
#include "runtime/encoder.h"
#include "runtime/session.h"
#include "text/tokenizers/tokenizer_spec.h"

namespace adze::calibrate {
namespace {

using runtime::LogitsWanted;

// With logits every token needs a row as long as the vocabulary, so fewer tokens go through at once.
constexpr int64_t kBatchWithLogits = 128;

runtime::SessionOptions session_options(const ChunkRunnerOptions& wanted) {
  runtime::SessionOptions options;
  options.threads = wanted.threads;
  options.context_tokens = wanted.context;
  options.batch_tokens = wanted.with_logits ? std::min(kBatchWithLogits, wanted.context) : wanted.context;
  options.logit_rows = wanted.with_logits ? options.batch_tokens : 1;
  options.kv_storage = &codecs::f32.info;
  return options;
}

class DecoderRunner final : public ChunkRunner {
 public:
  DecoderRunner(std::shared_ptr<runtime::LoadedModel> model, const ChunkRunnerOptions& options)
      : wanted_(options.with_logits ? LogitsWanted::all : LogitsWanted::none),
        session_(std::move(model), session_options(options)) {}

  runtime::LoadedModel& model() override { return session_.model(); }
  ThreadPool& pool() override { return session_.pool(); }
  int64_t bytes() override {
    return static_cast<int64_t>(session_.plan().activation_bytes()) + session_.cache().bytes();
  }
  void observe(runtime::NodeObserver* observer) override { session_.observe(observer); }

  void run(std::span<const int32_t> chunk) override {
    const auto sequence = session_.add_sequence();
    const auto batch = static_cast<size_t>(session_.batch_tokens());
    for (size_t begin = 0; begin < chunk.size(); begin += batch) {
      const runtime::SequenceWork work{sequence, chunk.subspan(begin, std::min(batch, chunk.size() - begin)), wanted_};
      session_.run({&work, 1});
    }
    session_.remove_sequence(sequence);
  }

 private:
  const LogitsWanted wanted_;
  runtime::Session session_;
};

class EncoderRunner final : public ChunkRunner {
 public:
  EncoderRunner(std::shared_ptr<runtime::LoadedModel> model, const ChunkRunnerOptions& options)
      : encoder_(std::move(model), {.threads = options.threads, .batch_tokens = options.context}) {}

  runtime::LoadedModel& model() override { return encoder_.model(); }
  ThreadPool& pool() override { return encoder_.pool(); }
  int64_t bytes() override { return static_cast<int64_t>(encoder_.plan().activation_bytes()); }
  void observe(runtime::NodeObserver* observer) override { encoder_.observe(observer); }

  // Ends as texts of the model do.
  void run(std::span<const int32_t> chunk) override {
    runtime::EncoderText text{{chunk.begin(), chunk.end()}};
    const auto& tokenizer = encoder_.model().model().tokenizer;
    if (tokenizer && !tokenizer->suffix_ids.empty()) text.tokens.back() = tokenizer->suffix_ids.back();
    encoder_.encode({&text, 1});
  }

 private:
  runtime::Encoder encoder_;
};

}  // namespace

std::unique_ptr<ChunkRunner> open_chunk_runner(std::shared_ptr<runtime::LoadedModel> model,
                                               const ChunkRunnerOptions& options) {
  if (is_encoder(model->model())) return std::make_unique<EncoderRunner>(std::move(model), options);
  return std::make_unique<DecoderRunner>(std::move(model), options);
}

}  // namespace adze::calibrate
