#include "evaluate/scored_text.h"

#include <algorithm>

#include "base/error.h"

namespace adze::evaluate {
namespace {

using runtime::LogitsWanted;
using runtime::SequenceId;
using runtime::SequenceWork;
using runtime::Session;

// One chunk running through several sessions in step.
class ChunkRun {
 public:
  explicit ChunkRun(std::span<Session* const> sessions) : sessions_(sessions) {
    for (Session* session : sessions) sequences_.push_back(session->add_sequence());
  }
  ~ChunkRun() {
    for (size_t i = 0; i < sessions_.size(); ++i) sessions_[i]->remove_sequence(sequences_[i]);
  }
  ChunkRun(const ChunkRun&) = delete;
  ChunkRun& operator=(const ChunkRun&) = delete;

  std::vector<runtime::Logits> run(std::span<const int32_t> tokens, LogitsWanted wanted) {
    std::vector<runtime::Logits> logits;
    for (size_t i = 0; i < sessions_.size(); ++i) {
      const SequenceWork work{sequences_[i], tokens, wanted};
      logits.push_back(sessions_[i]->run({&work, 1}));
    }
    return logits;
  }

 private:
  std::span<Session* const> sessions_;
  std::vector<SequenceId> sequences_;
};

void score_chunk(std::span<Session* const> sessions, std::span<const int32_t> chunk, int64_t batch,
                 const std::function<void(const ScoredRows&)>& body) {
  ChunkRun run(sessions);
  const auto context = static_cast<int64_t>(chunk.size());
  const int64_t first_scored = context / 2;
  for (int64_t begin = 0; begin + 1 < context;) {
    const bool scored = begin >= first_scored;
    const int64_t limit = scored ? context - 1 : std::min(first_scored, context - 1);
    const int64_t count = std::min(batch, limit - begin);
    const auto input = chunk.subspan(static_cast<size_t>(begin), static_cast<size_t>(count));
    auto logits = run.run(input, scored ? LogitsWanted::all : LogitsWanted::none);
    if (scored) body({std::move(logits), chunk.subspan(static_cast<size_t>(begin) + 1, static_cast<size_t>(count))});
    begin += count;
  }
}

int64_t smallest_batch(std::span<Session* const> sessions) {
  int64_t batch = sessions.front()->batch_tokens();
  for (Session* session : sessions) batch = std::min(batch, session->batch_tokens());
  return batch;
}

}  // namespace

int64_t for_each_scored_batch(std::span<Session* const> sessions, std::span<const int32_t> tokens,
                              const TextOptions& options, Progress& progress,
                              const std::function<void(const ScoredRows&)>& body) {
  if (options.context < 4) fail(ErrorCode::bad_input, "a context of {} tokens is too short to score", options.context);
  int64_t chunks = static_cast<int64_t>(tokens.size()) / options.context;
  if (chunks == 0) {
    fail(ErrorCode::bad_input, "the text has {} tokens, fewer than one chunk of {}; use a longer text or --context",
         tokens.size(), options.context);
  }
  if (options.max_chunks > 0) chunks = std::min(chunks, options.max_chunks);
  const int64_t batch = smallest_batch(sessions);
  std::vector<int32_t> chunk;
  for (int64_t index = 0; index < chunks; ++index) {
    throw_if_cancelled(progress);
    const auto source =
        tokens.subspan(static_cast<size_t>(index * options.context), static_cast<size_t>(options.context));
    chunk.assign(source.begin(), source.end());
    if (options.first_token >= 0) chunk.front() = options.first_token;
    score_chunk(sessions, chunk, batch, body);
    progress.update("chunks", static_cast<uint64_t>(index + 1), static_cast<uint64_t>(chunks));
  }
  return chunks;
}

}  // namespace adze::evaluate
