// adze plan: what of a model fits into a memory, before it is here.
#include <fmt/format.h>

#include <memory>

#include "base/cpu_features.h"
#include "base/error.h"
#include "base/memory_use.h"
#include "cli/byte_size.h"
#include "cli/hub_settings.h"
#include "cli/machine_cache.h"
#include "cli/progress_bar.h"
#include "cli/report_output.h"
#include "cli/session_arguments.h"
#include "cli/verb.h"
#include "pipeline/fit_plan.h"
#include "pipeline/model_headers.h"

namespace adze::cli {
namespace {

using report::Cell;
using report::Style;

struct PlanOptions {
  SessionArguments session;
  std::optional<std::string> ram;
  std::optional<std::string> bandwidth;
  bool json = false;

  void declare(Arguments& arguments) {
    arguments.required("MODEL", "file or folder, or hf:owner/repo:file, of which only headers are fetched",
                       session.model);
    arguments.option({"--ram", "SIZE", "memory that running may take, for example 4GB; without it all of this machine"},
                     ram);
    session.declare_context(arguments);
    arguments.option({"--bandwidth", "SIZE",
                      "bytes of memory that are read in a second, for example 12GB; without it what `adze doctor "
                      "--measure` found here"},
                     bandwidth);
    static const std::string kWeights[] = {"packed", "mapped"};
    arguments.option({"-t,--threads", "N", "threads; 0: one per usable processor"}, session.threads, {0, 1024});
    arguments.choice({"--weights", "HOW", "packed or mapped, as `adze run` understands it"}, kWeights, session.weights);
    arguments.json_flag(json);
  }
};

std::function<double(int64_t)> read_rate(const PlanOptions& options, unsigned threads) {
  if (options.bandwidth) {
    const auto rate = static_cast<double>(parse_byte_size("--bandwidth", *options.bandwidth));
    return [rate](int64_t) { return rate; };
  }
  const auto limits = cached_machine_limits();
  if (!limits) return nullptr;
  return [limits = *limits, threads](int64_t bytes) {
    const auto* rate = limits.read_rate(threads, bytes);
    return rate ? rate->bytes.best : 0;
  };
}

pipeline::FitRequest request_of(const PlanOptions& options, const std::string& path) {
  pipeline::FitRequest request{.source = path};
  request.memory_bytes = options.ram ? parse_byte_size("--ram", *options.ram) : total_memory_bytes();
  request.context_tokens = options.session.context;
  request.threads =
      options.session.threads > 0 ? static_cast<unsigned>(options.session.threads) : available_processors();
  request.weights = options.session.weights == "mapped" ? runtime::WeightMemory::mapped : runtime::WeightMemory::packed;
  request.read_rate = read_rate(options, request.threads);
  return request;
}

// ---- what to say

Cell memory_cell(const pipeline::FitPlan& plan, const pipeline::FitForm& form, const pipeline::FitCache& cache,
                 uint64_t memory_bytes) {
  const auto cell = Cell::bytes(form.memory_bytes(cache, plan.program_bytes));
  return cell.with_style(plan.fits(form, cache, memory_bytes) ? Style::good : Style::bad);
}

Cell speed_cell(double tokens_per_second) {
  return tokens_per_second > 0 ? Cell::number(tokens_per_second, 1) : Cell::nothing();
}

// The finest cache with which the form fits; none: -1.
int finest_cache(const pipeline::FitPlan& plan, const pipeline::FitForm& form, uint64_t memory_bytes) {
  for (size_t c = 0; c < plan.caches.size(); ++c) {
    if (plan.fits(form, plan.caches[c], memory_bytes)) return static_cast<int>(c);
  }
  return -1;
}

report::Table forms_table(const pipeline::FitPlan& plan, const pipeline::FitRequest& request) {
  using report::Align;
  std::vector<report::Column> columns = {{"Type", "name"},
                                         {"Bits", "bits_per_weight", Align::right},
                                         {"File", "tensor_bytes", Align::right},
                                         {"Weights", "weights_in_memory_bytes", Align::right}};
  for (const auto& cache : plan.caches) {
    columns.push_back({fmt::format("With {} cache", cache.storage->name),
                       fmt::format("memory_{}_bytes", cache.storage->name), Align::right});
  }
  columns.push_back({"Fits with", "fits_with"});
  columns.push_back({"Tokens/s at most", "most_tokens_per_second", Align::right});
  report::Table table(std::move(columns));
  for (const auto& form : plan.forms) {
    std::vector<Cell> row = {form.name, Cell::number(form.bits_per_weight, 2), Cell::bytes(form.tensor_bytes),
                             Cell::bytes(form.weight_bytes + form.mapped_bytes)};
    for (const auto& cache : plan.caches) row.push_back(memory_cell(plan, form, cache, request.memory_bytes));
    const int finest = finest_cache(plan, form, request.memory_bytes);
    const auto& cache =
        plan.caches.empty() ? pipeline::FitCache{} : plan.caches[static_cast<size_t>(std::max(0, finest))];
    row.push_back(finest >= 0 ? Cell(cache.storage->name).with_style(Style::good)
                              : Cell::nothing().with_style(Style::bad));
    row.push_back(speed_cell(pipeline::most_tokens_per_second(form, cache, request)));
    table.add_row(std::move(row));
  }
  return table;
}

Json forms_json(const pipeline::FitPlan& plan, const report::Table& table) {
  Json rows = table.to_json();
  for (size_t i = 0; i < plan.forms.size(); ++i) {
    const auto& form = plan.forms[i];
    rows[i].update({{"weight_bytes", form.weight_bytes},
                    {"mapped_bytes", form.mapped_bytes},
                    {"activation_bytes", form.activation_bytes},
                    {"read_bytes_per_token", form.read_bytes},
                    {"needs_importance", form.needs_importance},
                    {"may_be_best", form.may_be_best}});
  }
  return rows;
}

report::FactList plan_facts(const pipeline::FitPlan& plan, const pipeline::FitRequest& request) {
  report::FactList facts;
  if (!plan.model_name.empty()) facts.add("Model", "name", plan.model_name);
  facts.add("Architecture", "architecture", plan.architecture);
  facts.add("Parameters", "parameters", Cell::count(plan.weights));
  facts.add("Memory allowed", "memory_bytes", Cell::bytes(static_cast<int64_t>(request.memory_bytes)));
  facts.add("Context", "context_tokens",
            Cell::shown_as(fmt::format("{} tokens (trained for {})", plan.context_tokens, plan.trained_context),
                           plan.context_tokens));
  for (const auto& cache : plan.caches) {
    facts.add(fmt::format("Cache in {}", cache.storage->name), fmt::format("cache_{}_bytes", cache.storage->name),
              Cell::bytes(cache.bytes));
  }
  facts.add("Activations", "activation_bytes", Cell::bytes(plan.forms.front().activation_bytes));
  facts.add("Program and vocabulary", "program_bytes", Cell::bytes(plan.program_bytes));
  return facts;
}

void add_choice(report::FactList& facts, const pipeline::FitPlan& plan, const pipeline::FitRequest& request) {
  if (!plan.best) {
    facts.add("Best", "best", Cell::nothing().with_style(Style::bad));
  } else {
    const auto& form = plan.forms[plan.best->form];
    const auto& cache = plan.caches[plan.best->cache];
    facts.add("Best", "best", Cell(form.name).with_style(Style::good));
    facts.add("Cache", "best_cache", cache.storage->name);
    facts.add("Memory", "best_memory_bytes", Cell::bytes(form.memory_bytes(cache, plan.program_bytes)));
    facts.add("Tokens/s at most", "best_tokens_per_second",
              speed_cell(pipeline::most_tokens_per_second(form, cache, request)));
  }
  facts.add("Longest context", "most_context",
            Cell::shown_as(fmt::format("{} tokens", plan.most_context), plan.most_context));
}

void note_what_is_missing(Console& console, const pipeline::FitPlan& plan, const pipeline::FitRequest& request) {
  if (!request.read_rate) console.note("speed is not known: run `adze doctor --measure` once, or say --bandwidth");
  if (plan.best) return;
  console.note("nothing fits with {} tokens of context; the smallest type has room for {}", plan.context_tokens,
               plan.most_context);
}

void print_plan(const pipeline::FitPlan& plan, const pipeline::FitRequest& request, const PlanOptions& options,
                Console& console) {
  auto facts = plan_facts(plan, request);
  add_choice(facts, plan, request);
  const auto table = forms_table(plan, request);
  if (options.json) {
    Json document = facts.to_json();
    document["types"] = forms_json(plan, table);
    return print_json(console, document);
  }
  print_facts(console, facts);
  console.write("\n");
  print_table(console, table);
  note_what_is_missing(console, plan, request);
}

void run_plan(const PlanOptions& options, Console& console) {
  ProgressBar progress(console);
  std::unique_ptr<pipeline::ModelHeaders> headers;
  std::string path = options.session.model;
  if (const auto name = hub::parse_hub_name(path)) {
    try {
      path = hub_cache().model_path(*name);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::not_found || hub_is_offline()) throw;
      headers = std::make_unique<pipeline::ModelHeaders>(*name, hub_options(), progress);
      path = headers->model_path();
    }
  } else {
    path = model_path_of(path);
  }
  const auto request = request_of(options, path);
  const auto plan = pipeline::plan_fit(request, progress);
  print_plan(plan, request, options, console);
}

constexpr Example kExamples[] = {
    {"plan model-hf --ram 4GB --context 8192", "which types of weights and cache fit, and how fast that could be"},
    {"plan hf:owner/repo --ram 500MB", "before it is downloaded: only headers are read"},
    {"plan model.gguf --ram 2GB --bandwidth 8GB --json", "for another machine, whose memory reads 8 GB/s"},
};

}  // namespace

const Verb plan_verb = make_verb<PlanOptions, run_plan>({
    .name = "plan",
    .group = "Get",
    .summary = "say what of a model fits into a memory, before it is here",
    .description = "Reads only the headers of a model and says for every type that it could be quantized to how much "
                   "memory running takes: weights as the kernels hold them, cache of keys and values, activations, the "
                   "program itself. Speed is what the memory's bandwidth allows with a full context; real speed is "
                   "below it (docs/pull.md).",
    .examples = kExamples,
});

}  // namespace adze::cli
