// lint: foreign names: programs of llama.cpp read and write these files too
// adze calibrate: what the inputs of a model's weights look like.
#include <fmt/format.h>

#include <filesystem>

#include "base/error.h"
#include "calibrate/calibrate.h"
#include "cli/byte_size.h"
#include "cli/input_text.h"
#include "cli/model_overview.h"
#include "cli/progress_bar.h"
#include "cli/report_output.h"
#include "cli/statistics_report.h"
#include "cli/text_tokens.h"
#include "cli/verb.h"
#include "formats/format.h"

namespace adze::cli {
namespace {

using report::Cell;

struct CalibrateOptions {
  calibrate::CalibrationRequest request;
  std::string model;
  std::string text;
  std::optional<std::string> target;
  std::string form;
  std::string memory = "2GB";
  int64_t threads = 0;
  bool parse_special = false;
  bool tensors = false;
  bool json = false;

  void declare(Arguments& arguments) {
    static const std::string kForms[] = {"statistics", "imatrix", "dat"};
    arguments.required("MODEL", "file or folder in any format of `adze list formats`", model);
    arguments.takes_model(model);
    arguments.option({"--text", "FILE", "the text to run; '-' reads the standard input"}, text);
    arguments.option({"-o,--output", "STATS", "file to write; without it, beside the model: MODEL.statistics.gguf"},
                     target);
    arguments.choice({"--to", "FORM",
                      "statistics: everything, also readable by llama.cpp; imatrix: only what llama-imatrix writes; "
                      "dat: its older form. Without it, what the name of STATS says"},
                     kForms, form);
    arguments.flag("--hessians", "also gather X^T X per input, which GPTQ needs", request.hessians);
    arguments.flag("--output-weight", "also observe the matrix that makes the logits", request.output_weight);
    arguments.option({"-c,--context", "TOKENS", "tokens per chunk"}, request.context, {1, 1 << 20});
    arguments.option({"--chunks", "N", "use only the first N chunks; 0: all"}, request.max_chunks, at_least(0));
    arguments.flag("--parse-special", "spellings of control tokens in the text count as such", parse_special);
    arguments.option({"--memory", "SIZE",
                      "limit for everything but the weights, which stay mapped; Hessians that do not fit are gathered "
                      "in further runs over the text"},
                     memory);
    arguments.flag("--resume", "go on with what a stopped run left beside STATS", request.resume);
    arguments.option({"-t,--threads", "N", "threads; 0: one per usable processor; the numbers do not depend on it"},
                     threads, {0, 1024});
    arguments.flag("--tensors", "show the statistics of every weight", tensors);
    arguments.json_flag(json);
  }
};

std::string target_beside(const std::string& model) {
  auto path = std::filesystem::path(model).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  if (path.extension() == ".gguf" || path.extension() == ".safetensors") path.replace_extension();
  return path.string() + ".statistics.gguf";
}

calibrate::CalibrationRequest request_of(const CalibrateOptions& options) {
  calibrate::CalibrationRequest request = options.request;
  request.target = options.target.value_or(target_beside(options.model));
  request.form = formats::imatrix_form_for(options.form, request.target);
  request.dataset = std::filesystem::path(options.text).filename().string();
  request.memory_bytes = static_cast<int64_t>(parse_byte_size("--memory", options.memory));
  request.threads = static_cast<unsigned>(options.threads);
  if (request.hessians && request.form != formats::ImatrixForm::statistics) {
    throw UsageError("--hessians: only the form 'statistics' can hold them");
  }
  return request;
}

report::FactList calibration_facts(const calibrate::CalibrationReport& report, const std::string& target) {
  report::FactList facts;
  facts.add("Statistics", "path", target);
  facts.add("Size", "stored_bytes", Cell::bytes(stored_bytes(target)));
  facts.add("Weights", "weights", Cell::integer(report.weights));
  facts.add("Distinct inputs", "inputs", Cell::integer(report.inputs));
  facts.add("Chunks", "chunks", Cell::integer(report.chunks));
  facts.add("Tokens", "tokens", Cell::integer(report.tokens));
  facts.add("Runs over the text", "runs", Cell::integer(report.runs));
  if (report.resumed_chunks > 0) facts.add("Chunks resumed", "resumed_chunks", Cell::integer(report.resumed_chunks));
  facts.add("Time", "seconds", Cell::seconds(report.seconds));
  return facts;
}

void run_calibrate(const CalibrateOptions& options, Console& console) {
  if (options.text.empty()) throw UsageError("--text FILE is missing");
  const auto request = request_of(options);
  const std::string source = input_text(std::nullopt, options.text, "a text");
  const auto model =
      std::make_shared<runtime::LoadedModel>(formats::read_model(options.model), passes::ActivationPolicy::f32,
                                             runtime::WeightMemory::mapped, calibrate::observable_passes());
  auto [tokens, first_token] = tokens_of_text(*model, source, options.parse_special);
  auto with_first = request;
  with_first.first_token = first_token;
  ProgressBar progress(console);
  const auto report = calibrate::calibrate(model, tokens, with_first, progress);
  const auto facts = calibration_facts(report, request.target);
  warn_of_rare_experts(console, report.statistics);
  if (options.json) {
    Json document = facts.to_json();
    document["tensors"] = statistics_table(report.statistics).to_json();
    return print_json(console, document);
  }
  print_facts(console, facts);
  if (!options.tensors) return;
  console.write("\n");
  print_table(console, statistics_table(report.statistics));
}

constexpr Example kExamples[] = {
    {"calibrate model.gguf --text wiki.txt", "importance and ranges, for `adze quantize --imatrix`"},
    {"calibrate model.gguf --text wiki.txt -o stats.gguf --hessians --memory 1GB",
     "what GPTQ needs, within a gigabyte"},
    {"calibrate model.gguf --text wiki.txt -o imatrix.gguf --to imatrix", "the file that llama-imatrix would write"},
};

}  // namespace

const Verb calibrate_verb = make_verb<CalibrateOptions, run_calibrate>({
    .name = "calibrate",
    .group = "Make",
    .summary = "run a model over text and keep what quantizers want to know",
    .description =
        "Runs a model over text, in chunks as llama-imatrix does, and stores the mean square of every column "
        "of every weight's input, ranges, quantiles and, on request, Hessians. llama-quantize reads the file "
        "too. Ctrl-C keeps what was gathered; --resume goes on.",
    .examples = kExamples,
});

}  // namespace adze::cli
