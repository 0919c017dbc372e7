// adze assert: limits that a model must keep, for scripts.
#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "base/file.h"
#include "cli/byte_size.h"
#include "cli/progress_bar.h"
#include "cli/report_output.h"
#include "cli/text_arguments.h"
#include "cli/verb.h"
#include "pipeline/model_figures.h"
#include "report/format_quantity.h"
#include "report/junit.h"

namespace adze::cli {
namespace {

using pipeline::ModelFigures;

/// One figure that can be limited. What is at least as good as the limit passes.
struct Check {
  const char* option;
  const char* value;  // of the option, for help
  const char* help;
  enum Needs { nothing, quality, cost } needs;
  bool at_least;  // else at most
  enum Unit { plain, bytes, percent } unit;
  double (*measured)(const ModelFigures& figures);
};

constexpr Check kChecks[] = {
    {"--kl", "NATS", "mean KL divergence from REF at most", Check::quality, false, Check::plain,
     [](const ModelFigures& f) { return f.quality->mean.value; }},
    {"--kl99", "NATS", "divergence at 99 % of the positions at most", Check::quality, false, Check::plain,
     [](const ModelFigures& f) { return f.quality->quantile_99; }},
    {"--ppl-ratio", "RATIO", "perplexity over that of REF at most", Check::quality, false, Check::plain,
     [](const ModelFigures& f) { return f.quality->perplexity_ratio.value; }},
    {"--top1", "PERCENT", "positions where both find the same token most likely at least", Check::quality, true,
     Check::percent, [](const ModelFigures& f) { return 100 * f.quality->top_agreement.value; }},
    {"--size", "SIZE", "bytes of all files of the model at most: 100MB", Check::nothing, false, Check::bytes,
     [](const ModelFigures& f) { return static_cast<double>(f.file_bytes); }},
    {"--bpw", "BITS", "bits per weight over all tensors at most", Check::nothing, false, Check::plain,
     [](const ModelFigures& f) { return f.bits_per_weight; }},
    {"--tps", "N", "tokens per second of one sequence on this machine at least", Check::cost, true, Check::plain,
     [](const ModelFigures& f) { return f.cost->tokens_per_second; }},
    {"--memory", "SIZE", "memory while running, with a cache of --context tokens, at most", Check::cost, false,
     Check::bytes, [](const ModelFigures& f) { return static_cast<double>(f.cost->memory_bytes); }},
};
constexpr size_t kCheckCount = std::size(kChecks);

struct AssertOptions {
  std::string model;
  std::optional<std::string> reference;
  std::optional<std::string> limits[kCheckCount];
  std::optional<std::string> junit;
  TextArguments text;
  int64_t cache_tokens = 4096;
  int64_t threads = 0;
  bool json = false;

  void declare(Arguments& arguments) {
    arguments.required("MODEL", "file or folder in any format of `adze list formats`", model);
    arguments.takes_model(model);
    arguments.option({"--ref", "REF", "what quality is measured against: a model, or a file of `adze eval --save-ref`"},
                     reference);
    arguments.takes_model(reference);
    for (size_t i = 0; i < kCheckCount; ++i) {
      arguments.option({kChecks[i].option, kChecks[i].value, kChecks[i].help}, limits[i]);
    }
    arguments.option({"--junit", "FILE", "also write the checks as JUnit XML"}, junit);
    text.declare(arguments);
    arguments.option({"-c,--context", "TOKENS", "that the cache holds, for --memory"}, cache_tokens, {1, 1 << 24});
    arguments.option({"-t,--threads", "N", "threads; 0: one per usable processor"}, threads, {0, 1024});
    arguments.json_flag(json);
  }
};

struct Wanted {
  const Check* check;
  double limit;
};

double parse_limit(const Check& check, const std::string& text) {
  if (check.unit == Check::bytes) return static_cast<double>(parse_byte_size(check.option, text));
  const double limit = parse_number(check.option, text);
  if (check.unit == Check::percent && limit > 0 && limit <= 1) {
    throw UsageError(fmt::format("{}: {} percent is meant? Write {} for {:.0f} percent", check.option, limit,
                                 100 * limit, 100 * limit));
  }
  return limit;
}

std::vector<Wanted> wanted_checks(const AssertOptions& options) {
  std::vector<Wanted> wanted;
  for (size_t i = 0; i < kCheckCount; ++i) {
    if (!options.limits[i]) continue;
    wanted.push_back({&kChecks[i], parse_limit(kChecks[i], *options.limits[i])});
    if (kChecks[i].needs == Check::quality && !options.reference) {
      throw UsageError(fmt::format("{} needs --ref REF: quality is measured against a reference", kChecks[i].option));
    }
  }
  if (wanted.empty()) throw UsageError("no limit is given: nothing to assert");
  return wanted;
}

bool needs(const std::vector<Wanted>& wanted, Check::Needs what) {
  return std::ranges::any_of(wanted, [&](const Wanted& entry) { return entry.check->needs == what; });
}

ModelFigures measure(const AssertOptions& options, const std::vector<Wanted>& wanted, Console& console) {
  ProgressBar progress(console);
  const auto threads = static_cast<unsigned>(options.threads);
  std::optional<evaluate::ReferenceLogits> reference;
  if (needs(wanted, Check::quality)) {
    reference = pipeline::reference_of(*options.reference, options.text.read(), threads, progress);
  }
  return pipeline::measure_model(options.model,
                                 {.reference = reference ? &*reference : nullptr,
                                  .cost = needs(wanted, Check::cost),
                                  .cache_tokens = options.cache_tokens,
                                  .threads = threads},
                                 progress);
}

struct Outcome {
  Wanted wanted;
  double measured;

  bool passed() const { return wanted.check->at_least ? measured >= wanted.limit : measured <= wanted.limit; }
  std::string shown(double value) const {
    return wanted.check->unit == Check::bytes ? report::format_bytes(static_cast<int64_t>(value))
                                              : report::format_number(value);
  }
  std::string name() const { return std::string(wanted.check->option).substr(2); }
  std::string text() const {
    return fmt::format("{} is {}, {} {}", name(), shown(measured), wanted.check->at_least ? "at least" : "at most",
                       shown(wanted.limit));
  }
};

void print_outcomes(Console& console, const std::vector<Outcome>& outcomes) {
  for (const auto& outcome : outcomes) {
    const bool passed = outcome.passed();
    console.print("{}  {}\n", console.styled(passed ? Style::good : Style::bad, passed ? "pass" : "FAIL"),
                  outcome.text());
  }
}

Json outcomes_json(const std::string& model, const std::vector<Outcome>& outcomes) {
  Json checks = Json::array();
  for (const auto& outcome : outcomes) {
    checks.push_back({{"check", outcome.name()},
                      {"passed", outcome.passed()},
                      {"measured", outcome.measured},
                      {"limit", outcome.wanted.limit}});
  }
  const bool passed = std::ranges::all_of(outcomes, &Outcome::passed);
  return {{"model", model}, {"passed", passed}, {"checks", checks}};
}

ExitCode run_assert(const AssertOptions& options, Console& console) {
  const int64_t start = now_ns();
  const auto wanted = wanted_checks(options);
  const ModelFigures figures = measure(options, wanted, console);
  std::vector<Outcome> outcomes;
  std::vector<report::CheckedCase> cases;
  for (const Wanted& entry : wanted) {
    outcomes.push_back({entry, entry.check->measured(figures)});
    cases.push_back({outcomes.back().name(), outcomes.back().passed(), outcomes.back().text()});
  }
  if (options.junit) write_text_file(*options.junit, report::junit_xml(options.model, cases, seconds_since(start)));
  if (options.json) {
    print_json(console, outcomes_json(options.model, outcomes));
  } else {
    print_outcomes(console, outcomes);
  }
  return std::ranges::all_of(outcomes, &Outcome::passed) ? kSuccess : kFailure;
}

constexpr Example kExamples[] = {
    {"assert small.gguf --ref model.gguf --kl 0.05 --size 100MB --tps 20", "the gate of a build: exit status 0 or 1"},
    {"assert small.gguf --ref model.ref --kl 0.05 --junit checks.xml",
     "against kept logits; the original need not be there"},
};

}  // namespace

const Verb assert_verb = make_verb<AssertOptions, run_assert>({
    .name = "assert",
    .group = "Measure",
    .summary = "check limits of quality, size, speed and memory",
    .description =
        "Measures what the given limits need, prints a line for each with the measured value, and ends with 0 "
        "where all are kept, with 1 where one is not. REF may be a file of reference logits, which holds its "
        "text; with a model, quality is measured on --text.",
    .examples = kExamples,
});

}  // namespace adze::cli
