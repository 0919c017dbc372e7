// adze merge-adapter: a model with an adapter made part of it.
#include <fmt/format.h>

#include "cli/byte_size.h"
#include "cli/model_overview.h"
#include "cli/outcome_report.h"
#include "cli/progress_bar.h"
#include "cli/report_output.h"
#include "cli/text_arguments.h"
#include "cli/verb.h"
#include "formats/format.h"
#include "pipeline/merge_adapter.h"
#include "pipeline/target_format.h"

namespace adze::cli {
namespace {

using report::Cell;

struct MergeOptions {
  pipeline::MergeRequest request;
  TextArguments text;
  std::string max_ram = "1GB";
  int64_t threads = 0;
  bool no_quality = false;
  bool tensors = false;
  bool json = false;

  void declare(Arguments& arguments) {
    std::vector<std::string> formats;
    for (const auto& format : formats::all_formats()) {
      if (format.write) formats.emplace_back(format.name);
    }
    const std::string formats_help = fmt::format("{}; without it, what the name of OUT says", fmt::join(formats, ", "));
    arguments.required("MODEL", "file or folder in any format of `adze list formats`", request.source);
    arguments.takes_model(request.source);
    arguments.required("ADAPTER", "adapter in any format of `adze list adapters`", request.adapter);
    arguments.required("OUT", "file or folder to write; it appears when it is complete", request.target);
    arguments.option({"--scale", "S", "how strongly the adapter counts"}, request.strength);
    arguments.option(
        {"--type", "TYPE",
         "storage of the changed weights: f32, f16, bf16 or a codec of `adze list codecs`; keep: as each was"},
        request.type);
    arguments.choice({"--to", "FORMAT", formats_help}, formats, request.format);
    arguments.flag("--no-quality", "do not measure what storing the merged weights changed", no_quality);
    text.declare(arguments);
    arguments.option({"--max-ram", "SIZE", "memory to stay within, mapped files aside; fewer threads where it asks"},
                     max_ram);
    arguments.option({"-t,--threads", "N", "threads; 0: one per usable processor"}, threads, {0, 1024});
    arguments.flag("--tensors", "show what happened to every tensor", tensors);
    arguments.json_flag(json);
  }
};

void add_quality(report::FactList& facts, const pipeline::MergeReport& report) {
  if (!report.quality) return;
  const auto& quality = *report.quality;
  facts.add("Text", "text", report.text_name);
  facts.add(
      "KL from run-time application", "mean_kl",
      Cell::shown_as(fmt::format("{:.3g} ± {:.1g} nats", quality.mean.value, quality.mean.error), quality.mean.value));
  facts.add("99 % KL", "kl_99", Cell::shown_as(fmt::format("{:.3g} nats", quality.quantile_99), quality.quantile_99));
  facts.add("Same top token", "top_agreement",
            Cell::shown_as(fmt::format("{:.2f} %", 100 * quality.top_agreement.value), quality.top_agreement.value));
  facts.add("Scored tokens", "scored_tokens", Cell::integer(quality.scored_tokens));
}

report::FactList facts_of(const pipeline::MergeReport& report, const std::string& target) {
  report::FactList facts;
  facts.add("Adapter", "adapter_format", report.adapter_format);
  facts.add("To", "target_format", report.target_format);
  facts.add("Changed tensors", "changed", Cell::integer(report.changed));
  facts.add("Head of its own", "untied_head", Cell::flag(report.untied_head));
  facts.add("Tensors written", "bytes_written", Cell::bytes(report.bytes_written));
  facts.add("Size", "stored_bytes", Cell::bytes(stored_bytes(target)));
  add_quality(facts, report);
  facts.add("Time", "seconds", Cell::seconds(report.seconds));
  return facts;
}

void run_merge(const MergeOptions& options, Console& console) {
  pipeline::MergeRequest request = options.request;
  request.threads = static_cast<unsigned>(options.threads);
  request.max_memory_bytes = parse_byte_size("--max-ram", options.max_ram);
  request.measure = !options.no_quality;
  if (const auto fault = pipeline::target_fault(request.format, request.target); !fault.empty())
    throw UsageError(fault);
  if (request.measure) request.text = options.text.read();
  ProgressBar progress(console);
  const auto report = pipeline::merge_adapter(request, progress);
  if (request.measure && !report.quality) {
    console.note("the model generates no text: what storing the merged weights changed was not measured\n");
  }
  const auto facts = facts_of(report, request.target);
  if (options.json) {
    Json document = facts.to_json();
    document["tensors"] = outcome_table(report.tensors).to_json();
    return print_json(console, document);
  }
  print_facts(console, facts);
  console.write("\n");
  print_table(console, options.tensors ? outcome_table(report.tensors) : outcome_summary(report.tensors));
}

constexpr Example kExamples[] = {
    {"merge-adapter model-hf lora-peft merged-hf", "as PEFT merges, in the types that the model has"},
    {"merge-adapter q4.gguf lora.gguf merged.gguf --text wiki.txt", "into a quantized model, and what that cost"},
    {"merge-adapter q4.gguf lora-mlx merged.gguf --scale 0.5 --type q8_0",
     "half as strongly, changed weights in 8 bits"},
};

}  // namespace

const Verb merge_adapter_verb = make_verb<MergeOptions, run_merge>({
    .name = "merge-adapter",
    .group = "Adapt",
    .summary = "make an adapter part of its model",
    .description =
        "Adds an adapter's changes to the weights and stores each as it was before: floats are rounded once, "
        "quantized weights decoded, added to and encoded again. Then it measures how far the result is from "
        "the adapter applied while the model runs, which changes no stored weight. A head that shares the "
        "embedding's weight gets one of its own where only one of them is changed.",
    .examples = kExamples,
});

}  // namespace adze::cli
