// adze quantize: fewer bits per weight.
#include <fmt/format.h>

#include "cli/model_overview.h"
#include "cli/outcome_report.h"
#include "cli/progress_bar.h"
#include "cli/report_output.h"
#include "cli/verb.h"
#include "pipeline/quantize.h"
#include "quantize/mix.h"
#include "quantize/quantizer.h"

namespace adze::cli {
namespace {

using report::Cell;

struct QuantizeOptions {
  pipeline::QuantizeRequest request{.type = "Q4_K_M"};
  int64_t threads = 0;
  bool tensors = false;
  bool json = false;

  void declare(Arguments& arguments) {
    std::vector<std::string> mixes;
    for (const auto& mix : quantize::all_mixes()) mixes.emplace_back(mix.name);
    std::vector<std::string> quantizers;
    for (const auto* quantizer : quantize::all_quantizers()) quantizers.emplace_back(quantizer->name);
    const std::string mixes_help = fmt::format("which tensor gets which storage type: {}", fmt::join(mixes, ", "));
    const std::string quantizers_help = fmt::format("how values are chosen: {}", fmt::join(quantizers, ", "));
    arguments.required("IN", "model in any format of `adze list formats`", request.source);
    arguments.required("OUT", "GGUF file to write; it appears when it is complete", request.target);
    arguments.choice({"--type", "MIX", mixes_help}, mixes, request.type);
    arguments.choice({"--quantizer", "NAME", quantizers_help}, quantizers, request.quantizer);
    arguments.flag("--requantize", "take a source that is quantized already; the errors of both add up",
                   request.allow_requantize);
    arguments.option({"-t,--threads", "N", "threads; 0: one per usable processor; the bytes do not depend on it"},
                     threads, {0, 1024});
    arguments.flag("--tensors", "show what happened to every tensor and why", tensors);
    arguments.json_flag(json);
  }
};

report::FactList quantize_facts(const pipeline::QuantizeReport& report, const std::string& target) {
  report::FactList facts;
  facts.add("Type", "type", report.type);
  facts.add("Tensors read", "bytes_read", Cell::bytes(report.bytes_read));
  facts.add("Tensors written", "bytes_written", Cell::bytes(report.bytes_written));
  facts.add("Size", "stored_bytes", Cell::bytes(stored_bytes(target)));
  const double bits = report.bits_per_weight();
  facts.add("Bits per weight", "bits_per_weight", Cell::shown_as(fmt::format("{:.2f}", bits), bits));
  facts.add("Time", "seconds", Cell::seconds(report.seconds));
  return facts;
}

void run_quantize(const QuantizeOptions& options, Console& console) {
  pipeline::QuantizeRequest request = options.request;
  request.threads = static_cast<unsigned>(options.threads);
  ProgressBar progress(console);
  const auto report = pipeline::quantize(request, progress);
  const auto facts = quantize_facts(report, request.target);
  warn_of_non_finite_values(console, report.tensors);
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
    {"quantize model.gguf small.gguf --type Q4_K_M", "about 5 bits per weight, most of the quality"},
    {"quantize model-hf small.gguf --type Q8_0", "straight from a Hugging Face folder"},
    {"quantize model.gguf small.gguf --type Q4_0 --tensors", "with the error of every tensor"},
};

}  // namespace

const Verb quantize_verb = make_verb<QuantizeOptions, run_quantize>({
    .name = "quantize",
    .group = "Make",
    .summary = "make a model smaller: fewer bits per weight",
    .description = "Stores a model's weights in fewer bits. A type is a mix: tensors that matter more get more bits, "
                   "chosen as llama.cpp does. `adze eval --ref` measures what it cost.",
    .examples = kExamples,
});

}  // namespace adze::cli
