// adze convert: the same model in another format.
#include <fmt/format.h>

#include <algorithm>

#include "cli/byte_size.h"
#include "cli/conformance_help.h"
#include "cli/fold_report.h"
#include "cli/graph_arguments.h"
#include "cli/model_overview.h"
#include "cli/outcome_report.h"
#include "cli/progress_bar.h"
#include "cli/report_output.h"
#include "cli/statistics_report.h"
#include "cli/verb.h"
#include "formats/format.h"
#include "formats/graph_format.h"
#include "formats/imatrix/read_imatrix.h"
#include "formats/imatrix/write_imatrix.h"
#include "pipeline/convert.h"
#include "pipeline/convert_graph.h"
#include "pipeline/target_format.h"

namespace adze::cli {
namespace {

using report::Cell;

struct ConvertOptions {
  pipeline::ConvertRequest request;
  std::string require;
  std::optional<std::string> shard_size;
  std::string max_ram = "1GB";
  int64_t threads = 0;
  bool tensors = false;
  bool json = false;
  GivenOptions given;

  void declare(Arguments& arguments) {
    static const std::string kTypes[] = {"keep", "f32", "f16", "bf16"};
    std::vector<std::string> formats;
    for (const auto& format : formats::all_formats()) {
      if (format.write) formats.emplace_back(format.name);
    }
    for (const auto form : formats::imatrix_form_names()) formats.emplace_back(form);
    const std::string formats_help = fmt::format("{}; without it, what the name of OUT says", fmt::join(formats, ", "));
    arguments.required("IN", "model in any format of `adze list formats`", request.source);
    arguments.takes_model(request.source);
    arguments.required("OUT", "file or folder to write; it appears when it is complete", request.target);
    arguments.choice({"--to", "FORMAT", formats_help}, formats, request.format);
    arguments.choice({"--dtype", "TYPE", "store weights as f32, f16 or bf16, or keep them as they are"}, kTypes,
                     request.dtype);
    const std::string transforms_text = transforms_help();
    arguments.option({"--transform", "NAME", transforms_text}, request.transforms);
    arguments.option({"--set", "NAME=VALUE", "a parameter of a transform, see `adze list parameters`; may be repeated"},
                     request.settings);
    static const std::string kLimits[] = {"exact", "rounded"};
    arguments.choice({"--require", "LIMIT",
                      "exact: write nothing if any value would change; rounded: at most scales and offsets of packed "
                      "tensors may be rounded"},
                     kLimits, require);
    arguments.flag("--exact", "the same as --require exact", request.require_exact);
    arguments.flag("--allow-requantize",
                   "choose new codes for packed tensors where the target cannot hold theirs; the errors of both add up",
                   request.allow_requantize);
    arguments.flag("--allow-mismatch", kAllowMismatchHelp, request.allow_mismatch);
    arguments.option(
        {"--shard-size", "SIZE", "begin a new file before this, for example 2GB, where the format has shards"},
        shard_size);
    arguments.option({"--max-ram", "SIZE", "memory to stay within, mapped files aside; fewer threads where it asks"},
                     max_ram);
    arguments.option({"-t,--threads", "N", "threads; 0: one per usable processor"}, threads, {0, 1024});
    arguments.flag("--tensors", "show what happened to every tensor", tensors);
    arguments.json_flag(json);
    arguments.note_given(given);
  }
};

constexpr std::string_view kOptionsOfOthers[] = {"--to", "--json"};  // of what is no set of tensors

report::FactList convert_facts(const pipeline::ConvertReport& report, const std::string& target) {
  using pipeline::Fidelity;
  report::FactList facts;
  facts.add("From", "source_format", report.source_format);
  facts.add("To", "target_format", report.target_format);
  facts.add("Values", "fidelity", pipeline::fidelity_name(report.fidelity()));
  for (const auto fidelity :
       {Fidelity::copied, Fidelity::exact, Fidelity::transformed, Fidelity::rounded, Fidelity::requantized}) {
    const std::string name = pipeline::fidelity_name(fidelity);
    const int64_t count = report.count(fidelity);
    if (count > 0) facts.add("Tensors " + name, "tensors_" + name, Cell::integer(count));
  }
  facts.add("Tensors read", "bytes_read", Cell::bytes(report.bytes_read));
  facts.add("Tensors written", "bytes_written", Cell::bytes(report.bytes_written));
  facts.add("Size", "stored_bytes", Cell::bytes(stored_bytes(target)));
  facts.add("Time", "seconds", Cell::seconds(report.seconds));
  return facts;
}

// Files of activation statistics: the same numbers in another form.
void convert_statistics(const ConvertOptions& options, Console& console) {
  options.given.require_among(kOptionsOfOthers, "activation statistics");
  const auto statistics = formats::read_imatrix(options.request.source);
  const auto& target = options.request.target;
  formats::write_imatrix(statistics, target, formats::imatrix_form_for(options.request.format, target));
  auto facts = statistics_facts(statistics);
  facts.add("Size", "stored_bytes", Cell::bytes(stored_bytes(target)));
  options.json ? print_json(console, facts.to_json()) : print_facts(console, facts);
}

// Models that carry their computation.
void convert_graph(const ConvertOptions& options, Console& console) {
  options.given.require_among(kOptionsOfOthers, kGraphModels);
  const auto& request = options.request;
  ProgressBar progress(console);
  const auto done = pipeline::convert_graph(request.source, request.target, request.format, progress);
  report::FactList facts;
  facts.add("From", "source_format", done.source_format);
  facts.add("To", "target_format", done.target_format);
  facts.add("Nodes", "nodes", Cell::integer(done.nodes));
  facts.add("Weights", "weight_bytes", Cell::bytes(done.weight_bytes));
  facts.add("Size", "stored_bytes", Cell::bytes(stored_bytes(request.target)));
  facts.add("Time", "seconds", Cell::seconds(done.seconds));
  options.json ? print_json(console, facts.to_json()) : print_facts(console, facts);
}

void require_target(const pipeline::ConvertRequest& request) {
  const bool is_graph = formats::graph_format_of(request.source) != nullptr;
  const auto fault = is_graph ? pipeline::graph_target_fault(request.format, request.target)
                              : pipeline::target_fault(request.format, request.target);
  if (!fault.empty()) throw UsageError(fault);
}

void run_convert(const ConvertOptions& options, Console& console) {
  if (formats::is_imatrix(options.request.source)) return convert_statistics(options, console);
  const auto& asked = options.request;
  if (std::ranges::find(formats::imatrix_form_names(), asked.format) != formats::imatrix_form_names().end()) {
    throw UsageError(
        fmt::format("--to {}: only activation statistics are written so, and IN is a model", asked.format));
  }
  require_target(asked);
  if (pipeline::is_graph_conversion(asked.source, asked.target, asked.format)) return convert_graph(options, console);
  pipeline::ConvertRequest request = options.request;
  request.threads = static_cast<unsigned>(options.threads);
  if (options.require == "exact") request.require_exact = true;
  if (!options.require.empty() && request.allow_requantize) {
    throw UsageError("--allow-requantize changes more than --require allows; leave one of them out");
  }
  request.max_memory_bytes = parse_byte_size("--max-ram", options.max_ram);
  if (options.shard_size) request.max_shard_bytes = parse_byte_size("--shard-size", *options.shard_size);
  ProgressBar progress(console);
  const auto report = pipeline::convert(request, progress);
  const auto facts = convert_facts(report, request.target);
  warn_of_non_finite_values(console, report.tensors);
  if (options.json) {
    Json document = facts.to_json();
    document["tensors"] = outcome_table(report.tensors).to_json();
    if (!request.transforms.empty()) document["folds"] = fold_table(report.folds).to_json();
    return print_json(console, document);
  }
  print_facts(console, facts);
  console.write("\n");
  if (!request.transforms.empty()) {
    print_table(console, options.tensors ? fold_table(report.folds) : fold_summary(report.folds));
    console.write("\n");
  }
  print_table(console, options.tensors ? outcome_table(report.tensors) : outcome_summary(report.tensors));
}

constexpr Example kExamples[] = {
    {"convert model-hf model.gguf", "a Hugging Face folder as one GGUF file"},
    {"convert q4_1.gguf q4_1-mlx --require exact", "the same codes and scales for MLX, or nothing"},
    {"convert model-mlx model.gguf", "and from MLX to GGUF"},
    {"convert model.gguf model-hf --to hf --dtype bf16", "and back, with weights in bf16"},
    {"convert model.gguf model-genai --to ort-genai", "a graph with the same codes, for ONNX Runtime GenAI"},
    {"convert model.onnx model.xml", "any graph, as OpenVINO's IR"},
    {"convert resnet20.th resnet20.onnx", "a checkpoint whose weights say what is computed, as a graph"},
    {"convert imatrix.gguf imatrix.dat", "activation statistics for programs that read the older form"},
    {"convert model.gguf rotated.gguf --transform rotate", "the same function, without outliers in weights"},
    {"convert q4_1.gguf f16.gguf --dtype f16 --exact", "expand a quantized file, or refuse if a value would change"},
};

}  // namespace

const Verb convert_verb = make_verb<ConvertOptions, run_convert>({
    .name = "convert",
    .group = "Make",
    .summary = "write a model in another format",
    .description = "Writes a model in another format, tensor by tensor: the memory in use does not depend on its size. "
                   "Packed tensors keep their codes wherever the target can hold them. The report says for each tensor "
                   "whether its bytes were copied, its values stayed exact, scales were rounded, or new codes were "
                   "chosen (docs/exactness.md).",
    .examples = kExamples,
});

}  // namespace adze::cli
