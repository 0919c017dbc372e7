// adze split, adze merge: a GGUF model in several files, and in one again.
#include <fmt/format.h>

#include <algorithm>

#include "cli/byte_size.h"
#include "cli/model_overview.h"
#include "cli/progress_bar.h"
#include "cli/report_output.h"
#include "cli/verb.h"
#include "pipeline/split.h"

namespace adze::cli {
namespace {

using report::Cell;

struct SplitOptions {
  pipeline::SplitRequest request;
  std::optional<std::string> max_size;
  std::optional<int64_t> max_tensors;
  bool json = false;

  void declare(Arguments& arguments) {
    arguments.required("MODEL", "a GGUF file, or a part of one that is split already", request.source);
    arguments.takes_model(request.source);
    arguments.required("OUT", "name or folder: the parts are called OUT-00001-of-00003.gguf and so on", request.target);
    arguments.option({"--max-size", "SIZE", "largest size of a file, for example 2GB; a tensor is never divided"},
                     max_size);
    arguments.option({"--max-tensors", "N", "most tensors in a file"}, max_tensors, at_least(1));
    arguments.flag("--dry-run", "say which files would be written and how large; write nothing", request.dry_run);
    arguments.json_flag(json);
  }
};

report::Table files_table(const std::vector<formats::PlannedFile>& files) {
  report::Table table({{"File", "path", report::Align::left, true},
                       {"Tensors", "tensors", report::Align::right},
                       {"Size", "bytes", report::Align::right}});
  for (const auto& file : files) {
    table.add_row(
        {file.path, Cell::integer(static_cast<int64_t>(file.tensors)), Cell::bytes(static_cast<int64_t>(file.bytes))});
  }
  return table;
}

void note_files_beyond(Console& console, const pipeline::SplitReport& report, const pipeline::SplitRequest& request) {
  if (request.max_bytes == 0) return;
  const auto large = std::ranges::count_if(report.files, [&](const auto& f) { return f.bytes > request.max_bytes; });
  if (large == 0) return;
  console.note("{} {} of {} files {} larger than asked for: a tensor, or the vocabulary, is that large alone",
               console.styled_message(Style::warning, "warning:"), large, report.files.size(),
               large == 1 ? "is" : "are");
}

void run_split(const SplitOptions& options, Console& console) {
  auto request = options.request;
  if (!options.max_size && !options.max_tensors) throw UsageError("say --max-size SIZE or --max-tensors N");
  if (options.max_size) request.max_bytes = parse_byte_size("--max-size", *options.max_size);
  if (options.max_size && request.max_bytes == 0) throw UsageError("--max-size: must be more than 0");
  request.max_tensors = static_cast<size_t>(options.max_tensors.value_or(0));
  ProgressBar progress(console);
  const auto report = pipeline::split(request, progress);
  uint64_t bytes = 0;
  for (const auto& file : report.files) bytes += file.bytes;
  report::FactList facts;
  facts.add("Files", "files", Cell::integer(static_cast<int64_t>(report.files.size())));
  facts.add("Tensors", "tensors", Cell::integer(static_cast<int64_t>(report.tensors)));
  facts.add("Size", "stored_bytes", Cell::bytes(static_cast<int64_t>(bytes)));
  facts.add("Time", "seconds", Cell::seconds(report.seconds));
  note_files_beyond(console, report, request);
  if (options.json) {
    Json document = facts.to_json();
    document["parts"] = files_table(report.files).to_json();
    return print_json(console, document);
  }
  print_facts(console, facts);
  console.write("\n");
  print_table(console, files_table(report.files));
}

struct MergeOptions {
  pipeline::MergeRequest request;
  bool json = false;

  void declare(Arguments& arguments) {
    arguments.required("PART", "any part of a split GGUF model; the others lie beside it", request.source);
    arguments.takes_model(request.source);
    arguments.required("OUT", "GGUF file to write; it appears when it is complete", request.target);
    arguments.json_flag(json);
  }
};

void run_merge(const MergeOptions& options, Console& console) {
  ProgressBar progress(console);
  const auto report = pipeline::merge(options.request, progress);
  report::FactList facts;
  facts.add("Parts", "parts", Cell::integer(static_cast<int64_t>(report.parts)));
  facts.add("Tensors", "tensors", Cell::integer(static_cast<int64_t>(report.tensors)));
  facts.add("Size", "stored_bytes", Cell::bytes(stored_bytes(options.request.target)));
  facts.add("Time", "seconds", Cell::seconds(report.seconds));
  options.json ? print_json(console, facts.to_json()) : print_facts(console, facts);
}

constexpr Example kSplitExamples[] = {
    {"split model.gguf model --max-size 2GB", "model-00001-of-00003.gguf and so on, none above 2 GB"},
    {"split model.gguf parts/model --max-tensors 128 --dry-run", "which files that would be"},
};

constexpr Example kMergeExamples[] = {
    {"merge model-00001-of-00003.gguf model.gguf", "one file of the three beside each other"},
};

}  // namespace

const Verb split_verb = make_verb<SplitOptions, run_split>({
    .name = "split",
    .group = "Make",
    .summary = "divide a GGUF file into parts",
    .description = "Writes a GGUF model as numbered parts with the names and keys that every GGUF program knows; any "
                   "part opens the whole model. Tensors are copied as they are. `convert` and `quantize` write parts "
                   "at once with --shard-size.",
    .examples = kSplitExamples,
});

const Verb merge_verb = make_verb<MergeOptions, run_merge>({
    .name = "merge",
    .group = "Make",
    .summary = "make one file of the parts of a GGUF model",
    .description = "Joins a GGUF model in parts into one file; tensors are copied as they are. Models in parts run and "
                   "convert without it. Missing parts, and parts of different models, are errors.",
    .examples = kMergeExamples,
});

}  // namespace adze::cli
