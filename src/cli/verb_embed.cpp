// adze embed: texts as vectors, or scored against a query.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/error.h"
#include "cli/input_text.h"
#include "cli/report_output.h"
#include "cli/session_arguments.h"
#include "cli/verb.h"
#include "formats/format.h"
#include "runtime/embedder.h"
#include "text/tokenizers/tokenizer.h"

namespace adze::cli {
namespace {

struct EmbedOptions {
  SessionArguments session;
  std::vector<std::string> prompts;
  std::optional<std::string> file;
  std::optional<std::string> query;
  std::string pooling = "model";
  std::string normalize = "model";
  int64_t batch_tokens = 512;
  bool json = false;

  void declare(Arguments& arguments) {
    static const std::string kPoolings[] = {"model", "none", "mean", "cls", "last", "rank"};
    static const std::string kNorms[] = {"model", "l2", "none"};
    session.declare_model(arguments);
    arguments.option({"-p,--prompt", "TEXT", "a text; may be given several times"}, prompts);
    arguments.option({"-f,--file", "FILE", "one text for each line of a file; '-' reads the standard input"}, file);
    arguments.option({"--query", "TEXT", "for models that rank: what the texts are scored against"}, query);
    arguments.choice({"--pooling", "HOW",
                      "what becomes of the tokens' vectors: none (all are printed), mean, cls (the first), last, rank "
                      "(scores of the classifier); model: what the model says"},
                     kPoolings, pooling);
    arguments.choice({"--normalize", "HOW", "l2: divides vectors by their length; none; model: what the model says"},
                     kNorms, normalize);
    arguments.option({"-b,--batch", "TOKENS", "of several texts that are run together"}, batch_tokens, {1, 1 << 20});
    arguments.json_flag(json);
    session.declare_encoding(arguments);
  }
};

std::vector<std::string> lines_of(const std::string& content) {
  std::vector<std::string> lines;
  for (size_t begin = 0; begin < content.size();) {
    const size_t end = std::min(content.find('\n', begin), content.size());
    std::string line = content.substr(begin, end - begin);
    if (line.ends_with('\r')) line.pop_back();
    if (!line.empty()) lines.push_back(std::move(line));
    begin = end + 1;
  }
  return lines;
}

std::vector<std::string> texts_of(const EmbedOptions& options) {
  if (!options.prompts.empty() && options.file) throw UsageError("give texts with --prompt or with --file, not both");
  if (options.prompts.empty() && !options.file) throw UsageError("give a text with --prompt or --file");
  if (!options.file) return options.prompts;
  auto lines = lines_of(input_text(std::nullopt, options.file, "a text"));
  if (lines.empty()) fail(ErrorCode::bad_input, "{}: holds no text", *options.file);
  return lines;
}

std::shared_ptr<runtime::LoadedModel> load_to_embed(const EmbedOptions& options) {
  auto model = formats::read_model(options.session.model);
  if (const auto pooling = model::pooling_named(options.pooling)) set_pooling(model, *pooling);
  return load_model(options.session, std::move(model));
}

bool is_normalized(const EmbedOptions& options, const model::Model& model) {
  if (pooling_of(model) == model::Pooling::rank) return false;
  return options.normalize == "model" ? normalizes_embeddings(model) : options.normalize == "l2";
}

std::vector<runtime::EncoderText> texts_in_tokens(const EmbedOptions& options, const runtime::Embedder& embedder,
                                                  const runtime::LoadedModel& model,
                                                  const std::vector<std::string>& texts) {
  const auto* types = model.model().tensors.find("token_types.weight");
  std::vector<runtime::EncoderText> result;
  for (const auto& text : texts) {
    result.push_back(options.query ? runtime::encoder_pair(model.tokenizer(), *options.query, text,
                                                           embedder.longest_text(), types ? types->shape[0] : 1)
                                   : runtime::encoder_text(model.tokenizer(), text, embedder.longest_text()));
  }
  return result;
}

void warn_of_truncated(const std::vector<runtime::EncoderText>& texts, const runtime::Embedder& embedder,
                       Console& console) {
  const auto count = std::ranges::count(texts, true, &runtime::EncoderText::truncated);
  if (count == 0) return;
  console.note("{} of {} texts have more than the {} tokens that the model takes; their ends were left out", count,
               texts.size(), embedder.longest_text());
}

Json rows_of(const runtime::Embedding& embedding, model::Pooling pooling) {
  const auto numbers = [](std::span<const float> row) { return std::vector<float>(row.begin(), row.end()); };
  if (pooling != model::Pooling::none) return numbers(embedding.row(0));
  Json rows = Json::array();
  for (int64_t row = 0; row < embedding.rows(); ++row) rows.push_back(numbers(embedding.row(row)));
  return rows;
}

struct Embedded {
  std::vector<std::string> texts;
  std::vector<runtime::EncoderText> tokens;
  std::vector<runtime::Embedding> embeddings;
  bool normalized;
};

Json json_of(const EmbedOptions& options, const Embedded& embedded, const runtime::Embedder& embedder) {
  const bool ranks = embedder.pooling() == model::Pooling::rank;
  Json rows = Json::array();
  for (size_t i = 0; i < embedded.texts.size(); ++i) {
    rows.push_back({{"text", embedded.texts[i]},
                    {"tokens", embedded.tokens[i].tokens.size()},
                    {"truncated", embedded.tokens[i].truncated},
                    {ranks ? "scores" : "embedding", rows_of(embedded.embeddings[i], embedder.pooling())}});
  }
  Json document = {{"model", options.session.model}, {"pooling", pooling_name(embedder.pooling())}};
  if (options.query) document["query"] = *options.query;
  document["normalized"] = embedded.normalized;
  document["width"] = embedder.width();
  document["texts"] = std::move(rows);
  return document;
}

// A line for each vector; the shortest spelling that reads back as the same float.
void print_rows(const std::vector<runtime::Embedding>& embeddings, Console& console) {
  for (const auto& embedding : embeddings) {
    for (int64_t row = 0; row < embedding.rows(); ++row) {
      console.write(fmt::format("{}\n", fmt::join(embedding.row(row), " ")));
    }
  }
}

void run_embed(const EmbedOptions& options, Console& console) {
  Embedded embedded{.texts = texts_of(options), .tokens = {}, .embeddings = {}, .normalized = false};
  const auto model = load_to_embed(options);
  embedded.normalized = is_normalized(options, model->model());
  const auto embedder = runtime::open_embedder(model, {.threads = static_cast<unsigned>(options.session.threads),
                                                       .batch_tokens = options.batch_tokens,
                                                       .normalize = embedded.normalized});
  if (options.query && embedder->pooling() != model::Pooling::rank) {
    throw UsageError("--query needs a model that ranks (pooling rank)");
  }
  embedded.tokens = texts_in_tokens(options, *embedder, *model, embedded.texts);
  warn_of_truncated(embedded.tokens, *embedder, console);
  embedded.embeddings = embedder->encode(embedded.tokens);
  options.json ? print_json(console, json_of(options, embedded, *embedder)) : print_rows(embedded.embeddings, console);
}

constexpr Example kExamples[] = {
    {"embed minilm.gguf -p \"A cat\" -p \"A dog\"", "a vector for each text"},
    {"embed minilm.gguf --file sentences.txt --json", "with the texts, for scripts"},
    {"embed reranker.gguf --query \"What is a panda?\" --file answers.txt", "a score for each answer"},
    {"embed minilm.gguf -p \"A cat\" --pooling none --normalize none", "a vector for each token"},
};

}  // namespace

const Verb embed_verb = make_verb<EmbedOptions, run_embed>({
    .name = "embed",
    .group = "Run",
    .summary = "turn texts into vectors, or score them against a query",
    .description = "Runs an encoder (BERT, BGE, E5, MPNet, XLM-R …), or a model that predicts text, over texts and "
                   "prints a vector "
                   "for each, or for a model that ranks a score. Texts of several lengths are run together, and a "
                   "result does not depend "
                   "on the others.",
    .examples = kExamples,
});

}  // namespace adze::cli
