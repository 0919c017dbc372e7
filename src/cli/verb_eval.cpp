// adze eval: how good a model is.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <tuple>

#include "base/clock.h"
#include "base/sha256.h"
#include "cli/card_arguments.h"
#include "cli/input_text.h"
#include "cli/progress_bar.h"
#include "cli/report_output.h"
#include "cli/session_arguments.h"
#include "cli/text_arguments.h"
#include "cli/text_tokens.h"
#include "cli/verb.h"
#include "evaluate/divergence.h"
#include "evaluate/embedding_agreement.h"
#include "evaluate/reference_file.h"
#include "formats/format.h"
#include "model/pooling.h"
#include "passes/pass.h"
#include "pipeline/encoder_behaviour.h"

namespace adze::cli {
namespace {

using report::Cell;

constexpr int64_t kUsualContext = 512;
constexpr int64_t kBatchTokens = 128;  // bounds the memory for logits: rows times vocabulary

struct EvalOptions {
  SessionArguments session;
  std::string text;
  std::optional<std::string> reference;
  std::optional<std::string> reference_target;
  int64_t context = kUsualContext;
  int64_t chunks = 0;
  bool json = false;

  void declare(Arguments& arguments) {
    session.declare_model(arguments);
    arguments.option({"--text", "FILE", "the text to score; '-' reads the standard input"}, text);
    arguments.option(
        {"--ref", "REF",
         "also measure the divergence from this model, or from what --save-ref kept; then the text and its "
         "chunks are those that were kept"},
        reference);
    arguments.takes_model(reference);
    arguments.option({"--save-ref", "FILE",
                      "keep what the model predicts: the most likely tokens and the mass of the others, megabytes"},
                     reference_target);
    arguments.option(
        {"-c,--context", "TOKENS",
         "tokens per chunk, of which the second half is scored; of encoders, tokens per text, 64 if not given"},
        context, {4, 1 << 20});
    arguments.option({"--chunks", "N", "use only the first N chunks or texts; 0: all"}, chunks, at_least(0));
    arguments.json_flag(json);
    session.declare_running(arguments);
  }
};

std::unique_ptr<runtime::Session> session_for(const EvalOptions& options, std::shared_ptr<runtime::LoadedModel> model) {
  const int64_t batch = std::min(kBatchTokens, options.context);
  return open_session(std::move(model), options.session,
                      {.context_tokens = options.context, .batch_tokens = batch, .logit_rows = batch});
}

std::string with_error(double value, double error) { return fmt::format("{:.4f} ± {:.4f}", value, error); }

void add_score(report::FactList& facts, const char* label, const char* key, const evaluate::TextScore& score) {
  facts.add(label, key, Cell::shown_as(with_error(score.perplexity(), score.perplexity_error()), score.perplexity()));
}

void add_amount(report::FactList& facts, int64_t chunks, int64_t tokens, double seconds) {
  facts.add("Chunks", "chunks", Cell::integer(chunks));
  facts.add("Scored tokens", "scored_tokens", Cell::integer(tokens));
  facts.add("Time", "seconds", Cell::seconds(seconds));
}

// What is shown, and what only JSON has.
struct EvalReport {
  report::FactList facts;
  Json more = Json::object();
};

struct Scored {
  std::span<const int32_t> tokens;
  evaluate::TextOptions text;
};

EvalReport report_perplexity(runtime::Session& session, const std::vector<int32_t>& tokens,
                             const evaluate::TextOptions& text, Console& console) {
  ProgressBar progress(console);
  const auto result = evaluate::measure_perplexity(session, tokens, text, progress);
  EvalReport report;
  add_score(report.facts, "Perplexity", "perplexity", result.score);
  add_amount(report.facts, result.chunks, result.score.tokens, result.seconds);
  report.more["perplexity_error"] = result.score.perplexity_error();
  return report;
}

EvalReport report_divergence(const evaluate::DivergenceResult& result) {
  EvalReport report;
  auto& facts = report.facts;
  add_score(facts, "Perplexity", "perplexity", result.candidate);
  add_score(facts, "Reference perplexity", "reference_perplexity", result.reference);
  const double mean = result.mean_divergence();
  const std::string shown = fmt::format("{:.6f} ± {:.6f} nats", mean, result.mean_divergence_error());
  facts.add("Mean KL divergence", "mean_kl", Cell::shown_as(shown, mean));
  for (const auto& [label, key, share] :
       {std::tuple{"Median KL", "median_kl", 0.5}, {"99 % KL", "kl_99", 0.99}, {"Largest KL", "largest_kl", 1.0}}) {
    const double value = result.divergence_quantile(share);
    facts.add(label, key, Cell::shown_as(fmt::format("{:.6f} nats", value), value));
  }
  const double agreement = result.top_agreement();
  facts.add("Same top token", "top_agreement", Cell::shown_as(fmt::format("{:.2f} %", agreement * 100), agreement));
  facts.add("RMS change of probability", "rms_probability_change", Cell::percent(result.rms_probability_change()));
  if (result.left_out != 0) {
    const std::string left_out = fmt::format("{:.6f} ± {:.6f} nats", result.left_out, result.left_out_error);
    facts.add("Of the mean, estimated", "kl_left_out", Cell::shown_as(left_out, result.left_out));
    report.more["kl_left_out_error"] = result.left_out_error;
  }
  add_amount(facts, result.chunks, result.candidate.tokens, result.seconds);
  report.more["perplexity_error"] = result.candidate.perplexity_error();
  report.more["reference_perplexity_error"] = result.reference.perplexity_error();
  report.more["mean_kl_error"] = result.mean_divergence_error();
  report.more["perplexity_ratio"] = result.perplexity_ratio();
  report.more["perplexity_ratio_error"] = result.perplexity_ratio_error();
  return report;
}

EvalReport against_kept_reference(const EvalOptions& options, Console& console) {
  const auto reference = evaluate::read_reference(*options.reference);
  EvalOptions own = options;
  own.context = reference.options.context;
  const auto session = session_for(own, load_model(options.session));
  ProgressBar progress(console);
  return report_divergence(evaluate::measure_divergence(*session, reference, progress));
}

EvalReport save_reference(const EvalOptions& options, runtime::Session& session, const std::string& source,
                          const Scored& scored, Console& console) {
  ProgressBar progress(console);
  const int64_t start = now_ns();
  auto reference = evaluate::record_reference(session, scored.tokens, scored.text, progress);
  reference.origin = {options.session.model, name_of_text(options.text), sha256_of(source)};
  evaluate::write_reference(reference, *options.reference_target);
  EvalReport report;
  evaluate::TextScore score;
  for (const auto& position : reference.positions) score.add(position.loss);
  add_score(report.facts, "Perplexity", "perplexity", score);
  report.facts.add("Reference", "reference", *options.reference_target);
  report.facts.add("Size", "bytes",
                   Cell::bytes(static_cast<int64_t>(std::filesystem::file_size(*options.reference_target))));
  add_amount(report.facts, reference.options.max_chunks, score.tokens, seconds_since(start));
  report.more["perplexity_error"] = score.perplexity_error();
  return report;
}

// In passages, as sentences are embedded; --context and --chunks say how long and how many.
EvalReport report_agreement(const EvalOptions& options, model::Model model, const std::string& source,
                            Console& console) {
  if (!options.reference) {
    throw UsageError("an encoder predicts no text; --ref MODEL measures how far its vectors lie from another's");
  }
  const int64_t start = now_ns();
  const auto policy = passes::activation_policy_named(options.session.activation);
  const auto threads = static_cast<unsigned>(options.session.threads);
  const auto open = [&](model::Model&& one) {
    return pipeline::comparing_encoder(std::move(one), policy, runtime::WeightMemory::packed, threads);
  };
  auto candidate = open(std::move(model));
  auto reference = open(formats::read_model(*options.reference));
  const int64_t longest = std::min(candidate.longest_text(), reference.longest_text());
  const int64_t passage =
      std::min(options.context == kUsualContext ? pipeline::kPassageTokens : options.context, longest);
  const auto texts = evaluate::passages_of(reference.model().tokenizer(), source, passage, options.chunks);
  ProgressBar progress(console);
  const auto agreement = evaluate::measure_embedding_agreement(candidate, reference, texts, progress);
  EvalReport report;
  add_agreement_facts(report.facts, agreement);
  report.facts.add("Texts", "compared_texts", Cell::integer(agreement.texts));
  report.facts.add("Scored tokens", "scored_tokens", Cell::integer(agreement.tokens));
  report.facts.add("Time", "seconds", Cell::seconds(seconds_since(start)));
  report.more["mean_cosine_error"] = agreement.mean_cosine.error;
  report.more["median_cosine"] = agreement.median_cosine;
  report.more["context"] = passage;
  return report;
}

EvalReport evaluate_model(const EvalOptions& options, const std::string& source, Console& console) {
  auto read = formats::read_model(options.session.model);
  if (is_encoder(read) && !options.session.adapters.empty()) throw UsageError("--adapter: not for encoders");
  if (is_encoder(read)) return report_agreement(options, std::move(read), source, console);
  const auto model = load_model(options.session, std::move(read));
  const auto [tokens, first_token] = tokens_of_text(*model, source);
  const Scored scored{tokens, {.context = options.context, .max_chunks = options.chunks, .first_token = first_token}};
  const auto session = session_for(options, model);
  if (options.reference_target) return save_reference(options, *session, source, scored, console);
  if (!options.reference) return report_perplexity(*session, tokens, scored.text, console);
  const auto reference = session_for(options, load_other_model(options.session, *options.reference));
  ProgressBar progress(console);
  return report_divergence(evaluate::measure_divergence(*session, *reference, tokens, scored.text, progress));
}

EvalReport evaluate_wanted(const EvalOptions& options, Console& console) {
  const bool is_kept = options.reference && evaluate::is_reference_file(*options.reference);
  if (options.reference && options.reference_target) throw UsageError("--ref and --save-ref exclude each other");
  if (is_kept && !options.text.empty()) throw UsageError("--text: the kept reference has its own text");
  if (is_kept) return against_kept_reference(options, console);
  if (options.text.empty()) throw UsageError("--text FILE is missing");
  return evaluate_model(options, input_text(std::nullopt, options.text, "a text"), console);
}

void run_eval(const EvalOptions& options, Console& console) {
  const EvalReport report = evaluate_wanted(options, console);
  if (!options.json) return print_facts(console, report.facts);
  Json document = {{"model", options.session.model}, {"context", options.context}};
  document.update(report.facts.to_json());
  document.update(report.more);
  print_json(console, document);
}

constexpr Example kExamples[] = {
    {"eval model.gguf --text wiki.txt --chunks 20", "perplexity on the first 20 chunks of 512 tokens"},
    {"eval small.gguf --text wiki.txt --ref model.gguf", "what quantization cost: KL divergence and top-1 agreement"},
    {"eval model.gguf --text wiki.txt --save-ref model.ref", "once; then the original is not needed any more"},
    {"eval small.gguf --ref model.ref", "divergence from what was kept"},
    {"eval minilm-q4.gguf --text wiki.txt --ref minilm.gguf", "how far an encoder's vectors lie from the original's"},
};

}  // namespace

const Verb eval_verb = make_verb<EvalOptions, run_eval>({
    .name = "eval",
    .group = "Measure",
    .summary = "measure how well a model predicts a text, also against a reference",
    .description =
        "Measures perplexity and, with --ref, the KL divergence from a reference model, both after "
        "llama.cpp's protocol: the text is cut into chunks and the second half of each is scored. ± is one "
        "standard error. Of encoders, --ref measures the cosines between the vectors of both for passages of "
        "the text, and how often both find the same passage the nearest.",
    .examples = kExamples,
});

}  // namespace adze::cli
