// adze optimize: the best that a model can become within limits, measured on this machine.
#include <fmt/format.h>

#include "cli/byte_size.h"
#include "cli/input_text.h"
#include "cli/progress_bar.h"
#include "cli/report_output.h"
#include "cli/text_arguments.h"
#include "cli/verb.h"
#include "pipeline/optimize.h"
#include "pipeline/target_format.h"
#include "report/table.h"

namespace adze::cli {
namespace {

using report::Cell;

struct OptimizeOptions {
  pipeline::OptimizeRequest request;
  std::string text;
  std::optional<std::string> max_size;
  std::optional<double> bits_per_weight;
  std::optional<double> max_divergence;
  std::optional<double> tokens_per_second;
  std::optional<std::string> fit_ram;
  std::optional<std::string> trials;
  std::optional<std::string> calibration;
  int64_t threads = 0;
  bool no_card = false;
  bool json = false;

  void declare(Arguments& arguments) {
    arguments.required("IN", "model in any format of `adze list formats`, weights in floating point", request.source);
    arguments.takes_model(request.source);
    arguments.required("OUT", "GGUF file to write; its recipe and its quality card lie beside it", request.target);
    arguments.option({"--text", "FILE", "text on which quality is measured; '-' reads the standard input"}, text);
    arguments.option({"--max-size", "SIZE", "most bytes of all weights: 90MB, 1500MB"}, max_size);
    arguments.option({"--bpw", "BITS", "the same as bits per weight, on average over all"}, bits_per_weight);
    arguments.option({"--max-kl", "NATS", "largest mean KL divergence from IN; then as small as possible"},
                     max_divergence);
    arguments.option({"--fit-ram", "SIZE", "memory while running: weights, cache and activations"}, fit_ram);
    arguments.option({"-c,--context", "TOKENS", "that the cache holds, for --fit-ram"}, request.measuring.context,
                     {1, 1 << 24});
    arguments.option({"--min-tps", "N", "tokens per second of one sequence on this machine"}, tokens_per_second);
    arguments.option({"--storage", "TYPE",
                      "a storage type to choose from, may be repeated; without it, those with "
                      "fast kernels"},
                     request.measuring.types);
    arguments.option(
        {"--quantizer", "NAME",
         "how values are chosen, see `adze list quantizers`; may be repeated: the first drives the search, "
         "the others are tried on what it finds. Without it, what the statistics allow for: nearest, or "
         "importance and gptq"},
        request.measuring.quantizers);
    arguments.option({"--set", "NAME=VALUE", "a parameter of a quantizer, may be repeated"},
                     request.measuring.settings);
    arguments.option({"--calibration", "FILE",
                      "text to gather activation statistics from, kept beside OUT; not the one of --text, or quality "
                      "would be judged on what it was fitted to"},
                     calibration);
    arguments.option({"--imatrix", "FILE", "activation statistics of `adze calibrate`, or an imatrix file"},
                     request.measuring.statistics);
    arguments.option({"--chunks", "N", "chunks of the text to measure on"}, request.measuring.text_chunks, at_least(1));
    arguments.option({"--chunk-tokens", "N", "tokens per chunk, of which the second half is scored"},
                     request.measuring.text_context, {4, 1 << 20});
    arguments.option({"--trials", "FILE",
                      "database that keeps what was measured, so that a stopped or changed search "
                      "goes on; without it, OUT with .trials.sqlite"},
                     trials);
    arguments.flag("--no-card", "write no quality card beside OUT", no_card);
    arguments.option({"-t,--threads", "N", "threads; 0: one per usable processor"}, threads, {0, 1024});
    arguments.json_flag(json);
  }
};

double limit_of(const char* option, const std::optional<double>& given) {
  if (given && !(*given > 0))
    throw UsageError(fmt::format("{}: {} is not a limit; it must be above 0", option, *given));
  return given.value_or(0);
}

pipeline::OptimizeRequest request_of(const OptimizeOptions& options) {
  pipeline::OptimizeRequest request = options.request;
  if (options.text.empty()) throw UsageError("--text FILE is missing: quality is measured on a text");
  request.measuring.text = input_text(std::nullopt, options.text, "a text");
  if (options.calibration && !request.measuring.statistics.empty()) {
    throw UsageError("--calibration makes what --imatrix gives; only one of them is of use");
  }
  if (options.calibration) request.calibration = input_text(std::nullopt, options.calibration, "a text");
  request.measuring.text_name = name_of_text(options.text);
  request.card = !options.no_card;
  const auto bytes = [](const char* option, const std::optional<std::string>& text) {
    return text ? static_cast<int64_t>(parse_byte_size(option, *text)) : 0;
  };
  request.limits.bits_per_weight = limit_of("--bpw", options.bits_per_weight);
  request.limits.max_divergence = limit_of("--max-kl", options.max_divergence);
  request.limits.tokens_per_second = limit_of("--min-tps", options.tokens_per_second);
  request.limits.max_bytes = bytes("--max-size", options.max_size);
  request.limits.memory_bytes = bytes("--fit-ram", options.fit_ram);
  request.measuring.trials = options.trials.value_or(request.target + ".trials.sqlite");
  request.measuring.threads = static_cast<unsigned>(options.threads);
  return request;
}

report::Table trial_table(const pipeline::OptimizeReport& report) {
  report::Table table({{"", "mark"},
                       {"Way", "name"},
                       {"Weights", "bytes", report::Align::right},
                       {"Bits per weight", "bits_per_weight", report::Align::right},
                       {"Mean KL", "mean_kl", report::Align::right},
                       {"Perplexity", "perplexity", report::Align::right},
                       {"Same top token", "top_agreement", report::Align::right},
                       {"Tokens/s", "tokens_per_second", report::Align::right},
                       {"Memory", "memory_bytes", report::Align::right}});
  for (const auto& trial : report.trials) {
    const char* mark = trial.is_chosen ? "=>" : trial.on_frontier ? "*" : "";
    table.add_row(
        {mark, trial.name, Cell::bytes(trial.bytes),
         Cell::shown_as(fmt::format("{:.2f}", trial.bits_per_weight), trial.bits_per_weight),
         Cell::shown_as(fmt::format("{:.5f} ± {:.5f}", trial.divergence(), trial.quality.mean.error),
                        trial.divergence()),
         Cell::shown_as(fmt::format("{:.3f}", trial.quality.perplexity.value), trial.quality.perplexity.value),
         Cell::shown_as(fmt::format("{:.1f} %", 100 * trial.quality.top_agreement.value),
                        trial.quality.top_agreement.value),
         Cell::shown_as(fmt::format("{:.1f}", trial.tokens_per_second), trial.tokens_per_second),
         Cell::bytes(trial.memory_bytes)});
  }
  return table;
}

report::FactList facts_of(const pipeline::OptimizeReport& report) {
  report::FactList facts;
  facts.add("Chosen", "chosen", report.chosen);
  facts.add("Recipe", "recipe", report.recipe_path);
  if (!report.statistics_path.empty()) facts.add("Statistics", "statistics", report.statistics_path);
  if (!report.card_path.empty()) facts.add("Card", "card", report.card_path);
  facts.add("Original weights", "reference_bytes", Cell::bytes(report.reference_bytes));
  facts.add("Original perplexity", "reference_perplexity",
            Cell::shown_as(fmt::format("{:.3f}", report.reference_perplexity), report.reference_perplexity));
  facts.add("Time", "seconds", Cell::seconds(report.seconds));
  return facts;
}

void run_optimize(const OptimizeOptions& options, Console& console) {
  const auto request = request_of(options);
  if (const auto fault = pipeline::target_fault("", request.target); !fault.empty()) throw UsageError(fault);
  ProgressBar progress(console);
  const auto report = pipeline::optimize(request, progress);
  if (options.json) {
    Json document = facts_of(report).to_json();
    Json rows = trial_table(report).to_json();
    for (size_t i = 0; i < rows.size(); ++i) {
      rows[i].erase("mark");
      rows[i]["on_frontier"] = report.trials[i].on_frontier;
      rows[i]["keeps_limits"] = report.trials[i].keeps_limits;
    }
    document["trials"] = std::move(rows);
    return print_json(console, document);
  }
  print_table(console, trial_table(report));
  console.write("\n=> chosen, * nothing else is both smaller and closer to the original\n\n");
  print_facts(console, facts_of(report));
}

constexpr Example kExamples[] = {
    {"optimize model-hf small.gguf --text wiki.txt", "better than Q4_K_M at its size"},
    {"optimize model.gguf small.gguf --text wiki.txt --calibration other.txt --max-size 90MB",
     "the closest to the original in 90 MB, fitted to activations"},
    {"optimize model.gguf small.gguf --text wiki.txt --max-kl 0.02", "the smallest within a divergence"},
};

}  // namespace

const Verb optimize_verb = make_verb<OptimizeOptions, run_optimize>({
    .name = "optimize",
    .group = "Make",
    .summary = "find and write the best that a model can become within limits",
    .description =
        "Tries the usual mixes and allocations of storage types solved for this model, measures divergence, speed and "
        "memory of each on this machine, and writes the best that keeps the limits; without limits, the closest to the "
        "original that is not larger than Q4_K_M. Every result is kept in a database, so that a stopped search goes on "
        "and a changed one repeats nothing.",
    .examples = kExamples,
});

}  // namespace adze::cli
