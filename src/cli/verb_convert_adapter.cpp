// adze convert-adapter: the same adapter in another format.
#include "adapters/adapter_format.h"
#include "cli/model_overview.h"
#include "cli/report_output.h"
#include "cli/verb.h"
#include "pipeline/merge_adapter.h"

namespace adze::cli {
namespace {

using report::Cell;

struct ConvertAdapterOptions {
  pipeline::AdapterConvertRequest request;
  bool json = false;

  void declare(Arguments& arguments) {
    std::vector<std::string> formats;
    for (const auto& format : adapters::all_adapter_formats()) formats.emplace_back(format.name);
    arguments.required("IN", "adapter in any format of `adze list adapters`", request.source);
    arguments.required("OUT", "file or folder to write; it appears when it is complete", request.target);
    arguments.option(
        {"--base", "MODEL", "the model that the adapter belongs to, in any format: it says what names and rows mean"},
        request.base);
    arguments.takes_model(request.base);
    arguments.choice({"--to", "FORMAT", "peft, mlx or gguf; without it gguf for a name that ends so, else peft"},
                     formats, request.format);
    arguments.json_flag(json);
  }
};

report::FactList facts_of(const pipeline::AdapterConvertReport& report, const std::string& target) {
  report::FactList facts;
  facts.add("From", "source_format", report.source_format);
  facts.add("To", "target_format", report.target_format);
  facts.add("Changed weights", "changes", Cell::integer(report.changes));
  facts.add("Smallest rank", "smallest_rank", Cell::integer(report.smallest_rank));
  facts.add("Largest rank", "largest_rank", Cell::integer(report.largest_rank));
  facts.add("With a magnitude (DoRA)", "magnitudes", Cell::integer(report.magnitudes));
  facts.add("Whole tensors", "replaced", Cell::integer(report.replaced));
  facts.add("Size", "stored_bytes", Cell::bytes(stored_bytes(target)));
  return facts;
}

void run_convert_adapter(const ConvertAdapterOptions& options, Console& console) {
  if (options.request.base.empty()) throw UsageError("--base MODEL is missing");
  const auto facts = facts_of(pipeline::convert_adapter(options.request), options.request.target);
  options.json ? print_json(console, facts.to_json()) : print_facts(console, facts);
}

constexpr Example kExamples[] = {
    {"convert-adapter lora-peft lora.gguf --base model.gguf", "from PEFT, for llama.cpp"},
    {"convert-adapter lora-peft lora-mlx --to mlx --base model-hf", "from PEFT, for mlx-lm"},
    {"convert-adapter lora.gguf lora-peft --base model.gguf", "and back"},
};

}  // namespace

const Verb convert_adapter_verb = make_verb<ConvertAdapterOptions, run_convert_adapter>({
    .name = "convert-adapter",
    .group = "Adapt",
    .summary = "write a LoRA or DoRA adapter in another format",
    .description =
        "Writes an adapter in another format. Numbers stay as they are; names, the order of rows and the way a "
        "scale is told follow the format. What the target cannot hold is refused, with the reason.",
    .examples = kExamples,
});

}  // namespace adze::cli
