// adze prepare: pack the weights once, so that loading needs no packing and no memory of its own.
#include <fmt/format.h>

#include "cli/model_overview.h"
#include "cli/progress_bar.h"
#include "cli/report_output.h"
#include "cli/verb.h"
#include "pipeline/prepare.h"

namespace adze::cli {
namespace {

using report::Cell;

struct PrepareOptions {
  pipeline::PrepareRequest request;
  int64_t threads = 0;
  bool json = false;

  void declare(Arguments& arguments) {
    arguments.required("IN", "model in any format of `adze list formats`", request.source);
    arguments.takes_model(request.source);
    arguments.required("OUT", "file to write; it appears when it is complete", request.target);
    arguments.option({"-t,--threads", "N", "threads; 0: one per usable processor; the bytes do not depend on it"},
                     threads, {0, 1024});
    arguments.json_flag(json);
  }
};

report::FactList prepare_facts(const pipeline::PrepareReport& report, const std::string& target) {
  report::FactList facts;
  facts.add("Layout", "layout", fmt::format("{} version {}", report.layout, report.layout_version));
  facts.add(
      "Packed", "packed_tensors",
      Cell::shown_as(fmt::format("{} of {} tensors", report.packed_tensors, report.tensors), report.packed_tensors));
  facts.add("Tensors read", "bytes_read", Cell::bytes(report.bytes_read));
  facts.add("Tensors written", "bytes_written", Cell::bytes(report.bytes_written));
  facts.add("Size", "stored_bytes", Cell::bytes(stored_bytes(target)));
  facts.add("Time", "seconds", Cell::seconds(report.seconds));
  return facts;
}

void run_prepare(const PrepareOptions& options, Console& console) {
  pipeline::PrepareRequest request = options.request;
  request.threads = static_cast<unsigned>(options.threads);
  ProgressBar progress(console);
  const auto facts = prepare_facts(pipeline::prepare(request, progress), request.target);
  if (options.json) return print_json(console, facts.to_json());
  print_facts(console, facts);
}

constexpr Example kExamples[] = {
    {"prepare model.gguf model.adze", "then `adze run model.adze` starts at once"},
    {"prepare model-hf model.adze --json", "from a Hugging Face folder, with figures for scripts"},
};

}  // namespace

const Verb prepare_verb = make_verb<PrepareOptions, run_prepare>({
    .name = "prepare",
    .group = "Make",
    .summary = "make a copy that loads without work",
    .description = "Stores the weights as the kernels of this kind of machine read them. Such a file is mapped, not "
                   "read: it starts sooner, and processes that run it share its memory. It runs like any other model, "
                   "with the same results, but cannot be converted or quantized: keep the original.",
    .examples = kExamples,
});

}  // namespace adze::cli
