// adze compare: models side by side.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "cli/progress_bar.h"
#include "cli/report_output.h"
#include "cli/text_arguments.h"
#include "cli/verb.h"
#include "pipeline/model_figures.h"
#include "report/table.h"

namespace adze::cli {
namespace {

using pipeline::ModelFigures;
using report::Align;
using report::Cell;

struct CompareOptions {
  std::vector<std::string> models;
  std::optional<std::string> reference;
  TextArguments text;
  int64_t cache_tokens = 4096;
  int64_t threads = 0;
  bool no_speed = false;
  bool no_quality = false;
  bool json = false;

  void declare(Arguments& arguments) {
    arguments.required("MODELS", "two or more, in any formats; without --ref the first is the reference", models, 2);
    arguments.takes_models(models);
    arguments.option({"--ref", "REF", "what divergence is from: another model, or a file of `adze eval --save-ref`"},
                     reference);
    arguments.takes_model(reference);
    arguments.flag("--no-speed", "leave out speed, memory and load time", no_speed);
    arguments.flag("--no-quality", "leave out divergence and perplexity", no_quality);
    text.declare(arguments);
    arguments.option({"-c,--context", "TOKENS", "that the cache holds, for the memory"}, cache_tokens, {1, 1 << 24});
    arguments.option({"-t,--threads", "N", "threads; 0: one per usable processor"}, threads, {0, 1024});
    arguments.json_flag(json);
  }
};

struct Compared {
  std::vector<ModelFigures> models;
  std::optional<evaluate::ReferenceLogits> reference;
  evaluate::Estimate reference_perplexity = {};
  bool first_is_reference = false;
};

Compared measure(const CompareOptions& options, Console& console) {
  ProgressBar progress(console);
  const auto threads = static_cast<unsigned>(options.threads);
  Compared compared;
  compared.first_is_reference = !options.no_quality && !options.reference;
  if (!options.no_quality) {
    const std::string& path = options.reference ? *options.reference : options.models.front();
    compared.reference = pipeline::reference_of(path, options.text.read(), threads, progress);
    compared.reference_perplexity = pipeline::perplexity_of(*compared.reference);
  }
  for (const auto& path : options.models) {
    const bool is_reference = compared.first_is_reference && compared.models.empty();
    compared.models.push_back(
        pipeline::measure_model(path,
                                {.reference = compared.reference && !is_reference ? &*compared.reference : nullptr,
                                 .cost = !options.no_speed,
                                 .cache_tokens = options.cache_tokens,
                                 .threads = threads},
                                progress));
  }
  return compared;
}

Cell estimate_cell(const evaluate::Estimate& estimate, int decimals) {
  return Cell::shown_as(fmt::format("{:.{}f} ± {:.{}f}", estimate.value, decimals, estimate.error, decimals),
                        estimate.value);
}

using Cells = std::vector<Cell>;

void add_quality_cells(Cells& cells, const ModelFigures& model, const Compared& compared) {
  if (!compared.reference) return;
  if (!model.quality) {
    cells.insert(cells.end(), {Cell::shown_as("reference", std::monostate()), Cell::nothing(),
                               estimate_cell(compared.reference_perplexity, 3), Cell::nothing()});
    return;
  }
  const auto& quality = *model.quality;
  cells.push_back(estimate_cell(quality.mean, 5));
  cells.push_back(Cell::number(quality.quantile_99, 4));
  cells.push_back(estimate_cell(quality.perplexity, 3));
  cells.push_back(
      Cell::shown_as(fmt::format("{:.2f} %", 100 * quality.top_agreement.value), quality.top_agreement.value));
}

void add_cost_cells(Cells& cells, const ModelFigures& model) {
  if (!model.cost) return;
  cells.push_back(Cell::number(model.cost->tokens_per_second, 1));
  cells.push_back(Cell::number(model.cost->prompt_tokens_per_second, 1));
  cells.push_back(Cell::bytes(model.cost->memory_bytes));
  cells.push_back(Cell::seconds(*model.load_seconds));
}

std::vector<report::Column> columns_of(const CompareOptions& options) {
  std::vector<report::Column> columns = {{"Model", "model", Align::left, true},
                                         {"Size", "file_bytes", Align::right},
                                         {"Bits per weight", "bits_per_weight", Align::right}};
  if (!options.no_quality) {
    columns.insert(columns.end(), {{"Mean KL", "mean_kl", Align::right},
                                   {"99 % KL", "kl_99", Align::right},
                                   {"Perplexity", "perplexity", Align::right},
                                   {"Same top token", "top_agreement", Align::right}});
  }
  if (!options.no_speed) {
    columns.insert(columns.end(), {{"Tokens/s", "tokens_per_second", Align::right},
                                   {"Prompt tokens/s", "prompt_tokens_per_second", Align::right},
                                   {"Memory", "memory_bytes", Align::right},
                                   {"Load", "load_seconds", Align::right}});
  }
  return columns;
}

report::Table comparison_table(const Compared& compared, const CompareOptions& options) {
  report::Table table(columns_of(options));
  for (const auto& model : compared.models) {
    Cells cells = {Cell::shown_as(std::filesystem::path(model.path).filename().string(), model.path),
                   Cell::bytes(model.file_bytes),
                   Cell::shown_as(fmt::format("{:.2f}", model.bits_per_weight), model.bits_per_weight)};
    add_quality_cells(cells, model, compared);
    add_cost_cells(cells, model);
    table.add_row(std::move(cells));
  }
  return table;
}

// How far the figures may be off for keeping a few tokens of the reference only.
double largest_left_out_error(const Compared& compared) {
  double largest = 0;
  for (const auto& model : compared.models) {
    if (model.quality) largest = std::max(largest, model.quality->left_out.error);
  }
  return largest;
}

std::string reference_line(const Compared& compared) {
  const auto& reference = *compared.reference;
  return fmt::format(
      "KL divergence from {} (perplexity {:.3f}) on {} scored tokens of {}, in chunks of {}; ± is one standard error.\n"
      "Of the reference the most likely tokens and the mass of all others are kept: means are off by about {:.1e}.\n",
      reference.origin.model, compared.reference_perplexity.value, reference.positions.size(), reference.origin.text,
      reference.options.context, 2 * largest_left_out_error(compared));
}

Json comparison_json(const Compared& compared, const CompareOptions& options) {
  Json rows = comparison_table(compared, options).to_json();
  for (size_t i = 0; i < rows.size(); ++i) {
    if (compared.models[i].quality) rows[i].update(evaluate::to_json(*compared.models[i].quality));
  }
  Json document = {{"models", std::move(rows)}};
  if (compared.reference) {
    const auto& reference = *compared.reference;
    document["reference"] = {{"model", reference.origin.model},
                             {"perplexity", compared.reference_perplexity.value},
                             {"perplexity_error", compared.reference_perplexity.error},
                             {"text", reference.origin.text},
                             {"text_sha256", reference.origin.text_sha256},
                             {"context", reference.options.context},
                             {"scored_tokens", reference.positions.size()}};
  }
  return document;
}

void run_compare(const CompareOptions& options, Console& console) {
  const Compared compared = measure(options, console);
  if (options.json) return print_json(console, comparison_json(compared, options));
  print_table(console, comparison_table(compared, options));
  if (compared.reference) console.print("\n{}", reference_line(compared));
}

constexpr Example kExamples[] = {
    {"compare model.gguf q4.gguf q6.gguf", "what each costs in quality, and what it saves"},
    {"compare a.gguf b.gguf --ref model-hf --text wiki.txt", "both against the original, on your text"},
    {"compare model.gguf q4.gguf --no-speed --json", "only size and quality, for scripts"},
};

}  // namespace

const Verb compare_verb = make_verb<CompareOptions, run_compare>({
    .name = "compare",
    .group = "Measure",
    .summary = "put models side by side: size, quality, speed, memory",
    .description =
        "Measures any number of models alike: size, bits per weight, divergence from the first (or --ref), "
        "perplexity, speed, memory with a cache of --context tokens, and the time to load. The reference runs "
        "once, with activations in f32; the others run as `adze run` would.",
    .examples = kExamples,
});

}  // namespace adze::cli
