// adze bench: how fast a model runs here, and where the time goes.
#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "base/memory_use.h"
#include "cli/graph_arguments.h"
#include "cli/graph_measure.h"
#include "cli/machine_cache.h"
#include "cli/op_report.h"
#include "cli/progress_bar.h"
#include "cli/report_output.h"
#include "cli/session_arguments.h"
#include "cli/verb.h"
#include "evaluate/op_profile.h"
#include "evaluate/speed.h"

namespace adze::cli {
namespace {

using report::Cell;

constexpr int64_t kMaxDepth = 1 << 20;
constexpr int64_t kMaxBatch = 512;

struct BenchOptions {
  SessionArguments session;
  evaluate::SpeedOptions speed;
  std::vector<int64_t> depths = {0};
  std::vector<int64_t> batches = {1};
  std::vector<int64_t> threads = {0};
  bool ops = false;
  bool json = false;
  GraphInputArguments graph;
  GivenOptions given;

  void declare(Arguments& arguments) {
    session.declare_model(arguments);
    arguments.option({"-p,--prompt-tokens", "N", "tokens of the prompt; 0: do not measure"}, speed.prompt_tokens,
                     {0, kMaxDepth});
    arguments.option({"-n,--generated-tokens", "N", "tokens to generate; 0: do not measure"}, speed.generated_tokens,
                     {0, kMaxDepth});
    arguments.option({"-d,--depth", "N,N,…", "with each of these numbers of tokens in the context before"}, depths,
                     {0, kMaxDepth});
    arguments.option({"-b,--batch", "N,N,…", "generate in each of these numbers of sequences side by side"}, batches,
                     {1, kMaxBatch});
    arguments.option({"-r,--rounds", "N", "rounds of which the median is taken, after one to warm up"}, speed.rounds,
                     {1, 10000});
    arguments.option(
        {"-t,--threads", "N,N,…", "measure with each of these numbers of threads; 0: one per usable processor"},
        threads, {0, 1024});
    arguments.flag("--ops", "where the time goes instead, against the limits that `adze doctor --measure` found", ops);
    session.declare_precision(arguments);
    session.declare_adapters(arguments);
    arguments.json_flag(json);
    graph.declare(arguments);
    arguments.note_given(given);
  }
};

constexpr std::string_view kGraphOptions[] = {"--input", "--dim", "--rounds", "--threads", "--json"};

/// What stands above the tables.
struct Start {
  double load_seconds = 0;         // read, build, plan and pack
  double first_token_seconds = 0;  // the same and the first token of a prompt of one
};

struct Case {
  unsigned threads = 0;
  int64_t depth = 0;
  int64_t batch = 0;
};

struct Measured {
  Case setting;
  evaluate::SpeedResult speed;
};

struct Profiled {
  Case setting;
  int64_t tokens;  // of each sequence in one call
  std::vector<evaluate::OpTime> times;
  Ceiling ceiling;
};

/// Opens one session per number of threads and calls `measure(session, case)` for every depth and batch.
class Bench {
 public:
  explicit Bench(const BenchOptions& options) : options_(options) {}

  template <typename Measure>
  void for_each_case(const Measure& measure) {
    for (const int64_t threads : options_.threads) {
      const auto session = open(threads);
      for (const int64_t depth : options_.depths) {
        for (const int64_t batch : options_.batches) measure(*session, Case{session->pool().size(), depth, batch});
      }
    }
  }

  evaluate::SpeedOptions speed_options(const Case& setting) const {
    evaluate::SpeedOptions speed = options_.speed;
    speed.depth = setting.depth;
    speed.batch = setting.batch;
    if (setting.batch > 1 && speed.generated_tokens > 0) speed.prompt_tokens = 0;
    return speed;
  }

  const Start& start() const { return start_; }
  const runtime::LoadedModel& model() const { return *model_; }

 private:
  std::unique_ptr<runtime::Session> open(int64_t threads) {
    const int64_t start_ns = now_ns();
    const bool is_first = !model_;
    if (is_first) model_ = load_model(options_.session);
    SessionArguments arguments = options_.session;
    arguments.threads = threads;
    int64_t context = 0;
    for (const int64_t depth : options_.depths) {
      for (const int64_t batch : options_.batches) {
        const auto speed = speed_options({0, depth, batch});
        context = std::max(context, evaluate::context_for(speed));
      }
    }
    const int64_t most_sequences = *std::ranges::max_element(options_.batches);
    auto session = open_session(model_, arguments, {.context_tokens = context, .logit_rows = most_sequences});
    if (is_first) measure_start(*session, start_ns);
    return session;
  }

  void measure_start(runtime::Session& session, int64_t start_ns) {
    start_.load_seconds = seconds_since(start_ns);
    const auto sequence = session.add_sequence();
    session.feed(sequence, std::vector<int32_t>{0});
    start_.first_token_seconds = seconds_since(start_ns);
    session.remove_sequence(sequence);
  }

  const BenchOptions& options_;
  std::shared_ptr<runtime::LoadedModel> model_;
  Start start_;
};

report::FactList bench_facts(const Bench& bench, const BenchOptions& options) {
  const auto memory = memory_use();
  report::FactList facts;
  facts.add("Model", "model", options.session.model);
  facts.add("Weights", "weight_bytes", Cell::bytes(bench.model().model().tensors.byte_size()));
  facts.add("Cache of keys and values", "kv", options.session.kv);
  facts.add("Load", "load_seconds", Cell::seconds(bench.start().load_seconds));
  facts.add("Load and first token", "cold_first_token_seconds", Cell::seconds(bench.start().first_token_seconds));
  facts.add("Peak memory", "peak_memory_bytes", Cell::bytes(static_cast<int64_t>(memory.peak_resident_bytes)));
  facts.add("Private memory", "anonymous_memory_bytes", Cell::bytes(static_cast<int64_t>(memory.anonymous_bytes)));
  return facts;
}

// "54.3 ± 1.2": the median of tokens per second, and half the way from the slowest to the fastest round.
Cell rate_cell(int64_t tokens, const evaluate::Timings& timings) {
  if (tokens == 0) return Cell::nothing();
  const auto rate = [&](double seconds) { return static_cast<double>(tokens) / seconds; };
  const double spread = (rate(timings.fastest()) - rate(timings.slowest())) / 2;
  return Cell::shown_as(fmt::format("{:.1f} ± {:.1f}", rate(timings.median()), spread), rate(timings.median()));
}

report::Table speed_table(const std::vector<Measured>& list, const Bench& bench, const BenchOptions& options) {
  using report::Align;
  report::Table table(
      {{"Threads", "threads", Align::right},
       {"Depth", "depth", Align::right},
       {"Batch", "batch", Align::right},
       {fmt::format("Prompt of {}, tokens/s", options.speed.prompt_tokens), "prompt_tokens_per_second", Align::right},
       {fmt::format("Generating {}, tokens/s", options.speed.generated_tokens), "generated_tokens_per_second",
        Align::right},
       {"Time to first token", "first_token_seconds", Align::right}});
  for (const auto& [setting, speed] : list) {
    const auto wanted = bench.speed_options(setting);
    table.add_row({Cell::integer(setting.threads), Cell::integer(setting.depth), Cell::integer(setting.batch),
                   rate_cell(wanted.prompt_tokens, speed.prompt),
                   rate_cell(wanted.generated_tokens * setting.batch, speed.generation),
                   Cell::seconds(speed.first_token.median())});
  }
  return table;
}

Json speed_json(const std::vector<Measured>& list, const Bench& bench, const BenchOptions& options) {
  Json results = speed_table(list, bench, options).to_json();
  for (size_t i = 0; i < list.size(); ++i) {
    results[i]["rounds"] = {{"prompt_seconds", list[i].speed.prompt.seconds},
                            {"first_token_seconds", list[i].speed.first_token.seconds},
                            {"generation_seconds", list[i].speed.generation.seconds}};
  }
  return results;
}

void bench_speed(const BenchOptions& options, Console& console) {
  Bench bench(options);
  std::vector<Measured> list;
  bench.for_each_case([&](runtime::Session& session, const Case& setting) {
    ProgressBar progress(console);
    list.push_back({setting, evaluate::measure_speed(session, bench.speed_options(setting), progress)});
  });
  const auto facts = bench_facts(bench, options);
  if (options.json) {
    Json document = facts.to_json();
    document["prompt_tokens"] = options.speed.prompt_tokens;
    document["generated_tokens"] = options.speed.generated_tokens;
    document["results"] = speed_json(list, bench, options);
    return print_json(console, document);
  }
  print_facts(console, facts);
  console.write("\n");
  print_table(console, speed_table(list, bench, options));
}

std::string describe(const Profiled& profile) {
  const auto& [threads, depth, batch] = profile.setting;
  return fmt::format("{} of {} token{}, {} thread{}, depth {}",
                     batch == 1 ? "One sequence" : fmt::format("{} sequences", batch), profile.tokens,
                     profile.tokens == 1 ? "" : "s", threads, threads == 1 ? "" : "s", depth);
}

Json profile_json(const std::vector<Profiled>& list) {
  Json results = Json::array();
  for (const auto& profile : list) {
    results.push_back({{"threads", profile.setting.threads},
                       {"depth", profile.setting.depth},
                       {"batch", profile.setting.batch},
                       {"tokens", profile.tokens},
                       {"by_kernel", op_table(evaluate::by_kernel(profile.times), profile.ceiling).to_json()},
                       {"by_node", op_table(profile.times, profile.ceiling).to_json()}});
  }
  return results;
}

void print_profiles(Console& console, const std::vector<Profiled>& list) {
  for (const auto& profile : list) {
    print_heading(console, describe(profile), &profile == &list.front());
    print_table(console, op_table(evaluate::by_kernel(profile.times), profile.ceiling));
    console.write("\n");
    print_table(console, op_table(profile.times, profile.ceiling));
  }
  if (list.front().ceiling.bytes_per_second > 0) return;
  console.note("what the machine can do is not known; `adze doctor --measure` measures it");
}

void bench_ops(const BenchOptions& options, Console& console) {
  Bench bench(options);
  const auto limits = cached_machine_limits();
  std::vector<Profiled> list;
  bench.for_each_case([&](runtime::Session& session, const Case& setting) {
    const auto wanted = bench.speed_options(setting);
    const Ceiling ceiling = ceiling_for(limits, setting.threads, bench.model().model().tensors.byte_size());
    const auto profile = [&](int64_t tokens) {
      ProgressBar progress(console);
      const int64_t calls = tokens > 1 ? wanted.rounds : std::max<int64_t>(wanted.rounds, 16);
      auto times = evaluate::profile_ops(session, {setting.depth, setting.batch, tokens, calls}, progress);
      list.push_back({setting, tokens, std::move(times), ceiling});
    };
    if (wanted.prompt_tokens > 0) profile(std::min(wanted.prompt_tokens, session.batch_tokens()));
    if (wanted.generated_tokens > 0) profile(1);
  });
  options.json ? print_json(console, profile_json(list)) : print_profiles(console, list);
}

void run_bench(const BenchOptions& options, Console& console) {
  if (is_graph_model(options.session.model)) {
    options.given.require_among(kGraphOptions, kGraphModels);
    return bench_graph_model({options.session.model, options.graph, options.threads,
                              static_cast<int64_t>(options.speed.rounds), options.json},
                             console);
  }
  if (options.graph.any()) throw UsageError("--input and --dim need a model of a graph format");
  if (options.speed.prompt_tokens == 0 && options.speed.generated_tokens == 0) {
    throw UsageError("nothing to measure: -p and -n are both 0");
  }
  options.ops ? bench_ops(options, console) : bench_speed(options, console);
}

constexpr Example kExamples[] = {
    {"bench model.gguf -t 1,2", "with one thread, then with two"},
    {"bench model.gguf -p 0 -n 64 -d 0,4096", "only generation, with an empty context and a long one"},
    {"bench model.gguf -p 0 -b 1,4,16", "several sequences side by side"},
    {"bench model.gguf --ops", "where the time goes, node by node, and how near the machine's limits that is"},
    {"bench model.onnx -t 1,2 --dim batch=1", "a graph with inputs that are made up"},
    {"bench model.gguf --json", "the seconds of every round, for scripts"},
};

}  // namespace

const Verb bench_verb = make_verb<BenchOptions, run_bench>({
    .name = "bench",
    .group = "Measure",
    .summary = "measure how fast a model runs here",
    .description =
        "Measures prompt and generation speed, time to the first token and memory. Figures are medians over "
        "rounds; ± is half the distance from the slowest to the fastest round. Generation starts behind "
        "--depth tokens, and its speed is that of all sequences together. Peak memory counts mapped weights, "
        "private memory does not. A model of a graph format is run with inputs that are given or made up, a round at "
        "least 50 ms long. Processor is what a run takes of all threads together, Start the time until the first run "
        "has ended, which optimizes the graph and packs weights, Values the most memory that values between nodes "
        "take at a time.",
    .examples = kExamples,
});

}  // namespace adze::cli
