// adze make-model: a file of random weights in the shape of a known model.
#include <fmt/format.h>

#include "cli/model_overview.h"
#include "cli/progress_bar.h"
#include "cli/report_output.h"
#include "cli/verb.h"
#include "pipeline/make_model.h"
#include "pipeline/model_shapes.h"
#include "quantize/mix.h"

namespace adze::cli {
namespace {

using report::Cell;

struct MakeModelOptions {
  pipeline::MakeModelRequest request{.shape = "tiny", .type = "Q4_0"};
  int64_t threads = 0;
  int64_t seed = 1;
  bool json = false;

  void declare(Arguments& arguments) {
    std::vector<std::string> shapes;
    for (const auto& shape : pipeline::all_model_shapes()) shapes.emplace_back(shape.name);
    std::vector<std::string> mixes;
    for (const auto& mix : quantize::all_mixes()) mixes.emplace_back(mix.name);
    const std::string shapes_help = fmt::format("whose shape: {}", fmt::join(shapes, ", "));
    const std::string mixes_help = fmt::format("which tensor gets which storage type: {}", fmt::join(mixes, ", "));
    arguments.required("OUT", "GGUF file to write; it appears when it is complete", request.target);
    arguments.choice({"--shape", "NAME", shapes_help}, shapes, request.shape);
    arguments.choice({"--type", "MIX", mixes_help}, mixes, request.type);
    arguments.option({"--seed", "N", "other numbers, other weights"}, seed, at_least(0));
    arguments.option({"-t,--threads", "N", "threads; 0: one per usable processor; the bytes do not depend on it"},
                     threads, {0, 1024});
    arguments.json_flag(json);
  }
};

void run_make_model(const MakeModelOptions& options, Console& console) {
  pipeline::MakeModelRequest request = options.request;
  request.threads = static_cast<unsigned>(options.threads);
  request.seed = static_cast<uint64_t>(options.seed);
  ProgressBar progress(console);
  const auto made = pipeline::make_model(request, progress);
  report::FactList facts;
  facts.add("Shape", "shape", request.shape);
  facts.add("Type", "type", request.type);
  facts.add("Weights", "weights", Cell::count(made.weights));
  facts.add("Size", "stored_bytes", Cell::bytes(stored_bytes(request.target)));
  facts.add("Time", "seconds", Cell::seconds(made.seconds));
  options.json ? print_json(console, facts.to_json()) : print_facts(console, facts);
}

constexpr Example kExamples[] = {
    {"make-model random.gguf --shape llama-1b", "4-bit weights"},  // lint: allow model-names: a shape's name
    {"make-model random.gguf --type Q4_K_M --seed 7", "a small one in another storage type"},
};

}  // namespace

const Verb make_model_verb = make_verb<MakeModelOptions, run_make_model>({
    .name = "make-model",
    .group = "Make",
    .summary = "write a model of random weights in the shape of a known one",
    .description = "Writes a file of random weights with a made-up vocabulary. It says nothing sensible, but is as "
                   "large and as fast as the real model of its shape: for measuring without a download.",
    .examples = kExamples,
});

}  // namespace adze::cli
