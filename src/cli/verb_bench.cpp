// adze bench: how fast a model runs here.
#include <fmt/format.h>

#include <algorithm>

#include "base/memory_use.h"
#include "cli/progress_bar.h"
#include "cli/report_output.h"
#include "cli/session_arguments.h"
#include "cli/verb.h"
#include "evaluate/speed.h"

namespace adze::cli {
namespace {

using report::Cell;

struct BenchOptions {
  SessionArguments session;
  evaluate::SpeedOptions speed;
  std::vector<int64_t> threads = {0};
  bool json = false;

  void declare(Arguments& arguments) {
    session.declare_model(arguments);
    arguments.option({"-p,--prompt-tokens", "N", "tokens of the prompt; 0: do not measure"}, speed.prompt_tokens,
                     at_least(0));
    arguments.option({"-n,--generated-tokens", "N", "tokens to generate; 0: do not measure"}, speed.generated_tokens,
                     at_least(0));
    arguments.option({"-d,--depth", "N", "tokens that are in the context before"}, speed.depth, at_least(0));
    arguments.option({"-r,--rounds", "N", "rounds of which the median is taken, after one to warm up"}, speed.rounds,
                     {1, 10000});
    arguments.option(
        {"-t,--threads", "N,N,…", "measure with each of these numbers of threads; 0: one per usable processor"},
        threads, {0, 1024});
    session.declare_precision(arguments);
    arguments.json_flag(json);
  }
};

struct Measured {
  unsigned threads;
  evaluate::SpeedResult speed;
  int64_t peak_bytes;
};

Measured measure(const BenchOptions& options, std::shared_ptr<runtime::LoadedModel> model, int64_t threads,
                 Console& console) {
  SessionArguments arguments = options.session;
  arguments.threads = threads;
  const auto& speed_options = options.speed;
  const int64_t context =
      speed_options.depth + std::max<int64_t>(1, speed_options.prompt_tokens) + speed_options.generated_tokens;
  const auto session = open_session(std::move(model), arguments, {.context_tokens = context});
  ProgressBar progress(console);
  const auto speed = evaluate::measure_speed(*session, speed_options, progress);
  return {session->pool().size(), speed, static_cast<int64_t>(memory_use().peak_resident_bytes)};
}

// "54.3 ± 1.2": the median of tokens per second, and half the way from the slowest to the fastest round.
Cell rate_cell(int64_t tokens, const evaluate::Timings& timings) {
  if (tokens == 0) return Cell::nothing();
  const auto rate = [&](double seconds) { return static_cast<double>(tokens) / seconds; };
  const double spread = (rate(timings.fastest()) - rate(timings.slowest())) / 2;
  return Cell::shown_as(fmt::format("{:.1f} ± {:.1f}", rate(timings.median()), spread), rate(timings.median()));
}

report::Table speed_table(const std::vector<Measured>& list, const evaluate::SpeedOptions& options) {
  using report::Align;
  report::Table table(
      {{"Threads", "threads", Align::right},
       {fmt::format("Prompt of {}, tokens/s", options.prompt_tokens), "prompt_tokens_per_second", Align::right},
       {fmt::format("Generating {}, tokens/s", options.generated_tokens), "generated_tokens_per_second", Align::right},
       {"Time to first token", "first_token_seconds", Align::right},
       {"Peak memory", "peak_memory_bytes", Align::right}});
  for (const auto& measured : list) {
    table.add_row({Cell::integer(measured.threads), rate_cell(options.prompt_tokens, measured.speed.prompt),
                   rate_cell(options.generated_tokens, measured.speed.generation),
                   Cell::seconds(measured.speed.first_token.median()), Cell::bytes(measured.peak_bytes)});
  }
  return table;
}

Json report_json(const std::vector<Measured>& list, const BenchOptions& options) {
  Json results = speed_table(list, options.speed).to_json();
  for (size_t i = 0; i < list.size(); ++i) {
    results[i]["rounds"] = {{"prompt_seconds", list[i].speed.prompt.seconds},
                            {"first_token_seconds", list[i].speed.first_token.seconds},
                            {"generation_seconds", list[i].speed.generation.seconds}};
  }
  return {{"model", options.session.model},
          {"prompt_tokens", options.speed.prompt_tokens},
          {"generated_tokens", options.speed.generated_tokens},
          {"depth", options.speed.depth},
          {"results", results}};
}

void run_bench(const BenchOptions& options, Console& console) {
  if (options.speed.prompt_tokens == 0 && options.speed.generated_tokens == 0) {
    throw UsageError("nothing to measure: -p and -n are both 0");
  }
  const auto model = load_model(options.session, options.session.model);
  std::vector<Measured> list;
  for (const int64_t threads : options.threads) list.push_back(measure(options, model, threads, console));
  if (options.json) {
    print_json(console, report_json(list, options));
  } else {
    print_table(console, speed_table(list, options.speed));
  }
}

constexpr Example kExamples[] = {
    {"bench model.gguf -t 1,2", "with one thread, then with two"},
    {"bench model.gguf -p 0 -n 64 -d 1024", "only generation, behind 1024 tokens of context"},
    {"bench model.gguf --json", "the seconds of every round, for scripts"},
};

}  // namespace

const Verb bench_verb = make_verb<BenchOptions, run_bench>({
    .name = "bench",
    .group = "Measure",
    .summary = "measure how fast a model runs here",
    .description = "Measures prompt and generation speed, time to the first token and peak memory. Figures are medians "
                   "over rounds; ± is half the distance from the slowest to the fastest round. Peak memory is that of "
                   "the program so far, mapped weights included.",
    .examples = kExamples,
});

}  // namespace adze::cli
