#include "pipeline/model_figures.h"

#include <algorithm>
#include <filesystem>

#include "base/clock.h"
#include "base/opened_files.h"
#include "base/sha256.h"
#include "evaluate/reference_file.h"
#include "formats/format.h"
#include "pipeline/text_of_model.h"
#include "runtime/session.h"

namespace adze::pipeline {
namespace {

std::unique_ptr<runtime::Session> open(std::shared_ptr<runtime::LoadedModel> model, int64_t context, unsigned threads) {
  const int64_t batch = std::min(kBatchTokens, context);
  return std::make_unique<runtime::Session>(
      std::move(model), runtime::SessionOptions{
                            .threads = threads, .context_tokens = context, .batch_tokens = batch, .logit_rows = batch});
}

int64_t bytes_of(const std::vector<std::string>& paths) {
  int64_t bytes = 0;
  for (const auto& path : paths) bytes += static_cast<int64_t>(std::filesystem::file_size(path));
  return bytes;
}

}  // namespace

ModelFigures measure_model(const std::string& path, const FiguresWanted& wanted, Progress& progress) {
  const int64_t start = now_ns();
  const OpenedFiles files;
  auto model = formats::read_model(path);
  ModelFigures figures{.path = path, .file_bytes = bytes_of(files.paths()), .weights = model.tensors.element_count()};
  if (figures.weights > 0) {
    figures.bits_per_weight =
        8.0 * static_cast<double>(model.tensors.byte_size()) / static_cast<double>(figures.weights);
  }
  if (!wanted.reference && !wanted.cost) return figures;
  auto loaded = std::make_shared<runtime::LoadedModel>(std::move(model), passes::ActivationPolicy::automatic);
  const int64_t context = wanted.reference ? wanted.reference->options.context : kBatchTokens;
  auto session = open(loaded, context, wanted.threads);
  figures.load_seconds = seconds_since(start);
  if (wanted.reference) {
    figures.quality = evaluate::summary_of(evaluate::measure_divergence(*session, *wanted.reference, progress));
  }
  session.reset();
  if (wanted.cost) {
    figures.cost = measure_running(
        loaded, {.prompt_tokens = 128, .cache_tokens = wanted.cache_tokens, .threads = wanted.threads}, progress);
  }
  return figures;
}

evaluate::ReferenceLogits reference_of(const std::string& path, const MeasuredText& text, unsigned threads,
                                       Progress& progress) {
  if (evaluate::is_reference_file(path)) return evaluate::read_reference(path);
  const MeasuredText wanted = or_built_in(text);
  auto model = formats::read_model(path);
  const auto scored = tokenized(model, wanted.content, wanted.context, wanted.chunks);
  const auto session = open(std::make_shared<runtime::LoadedModel>(std::move(model), passes::ActivationPolicy::f32),
                            scored.options.context, threads);
  auto reference = evaluate::record_reference(*session, scored.tokens, scored.options, progress);
  reference.origin = {path, wanted.name, sha256_of(wanted.content)};
  return reference;
}

evaluate::Estimate perplexity_of(const evaluate::ReferenceLogits& reference) {
  evaluate::TextScore score;
  for (const auto& position : reference.positions) score.add(position.loss);
  return {score.perplexity(), score.perplexity_error()};
}

}  // namespace adze::pipeline
