// lint: foreign names: options and habits of llama.cpp's program
// adze quantize: fewer bits per weight.
#include <fmt/format.h>

#include <algorithm>

#include "base/file.h"
#include "cli/byte_size.h"
#include "cli/card_arguments.h"
#include "cli/conformance_help.h"
#include "cli/fold_report.h"
#include "cli/outcome_report.h"
#include "cli/progress_bar.h"
#include "cli/report_output.h"
#include "cli/verb.h"
#include "codecs/codec.h"
#include "formats/format.h"
#include "pipeline/mlx_recipe.h"
#include "pipeline/quantize.h"
#include "pipeline/target_format.h"
#include "quantize/mix.h"
#include "quantize/quantizer.h"
#include "quantize/recipe.h"

namespace adze::cli {
namespace {

using report::Cell;

std::vector<std::string_view> mix_names() {
  std::vector<std::string_view> names;
  for (const auto& mix : quantize::all_mixes()) names.push_back(mix.name);
  return names;
}

struct QuantizeOptions {
  pipeline::QuantizeRequest request{.type = "Q4_K_M"};
  std::vector<std::string> tensor_types;
  std::optional<std::string> embedding_type;
  std::optional<std::string> output_type;
  std::optional<std::string> recipe;
  std::optional<std::string> recipe_target;
  CardArguments card;
  std::optional<std::string> shard_size;
  std::string max_ram = "1GB";
  int64_t threads = 0;
  bool tensors = false;
  bool json = false;

  void declare(Arguments& arguments) {
    const auto mixes = mix_names();
    std::vector<std::string> quantizers;
    for (const auto* quantizer : quantize::all_quantizers()) quantizers.emplace_back(quantizer->name);
    const std::string mixes_help = fmt::format(
        "a mix, which gives each tensor its storage type: {}; or one storage type of `adze list codecs` for all "
        "matrices, as affine4_g64_f16 for MLX, int4_g128_f16 (symmetric) or uint4_g128_f16 for GPTQ, AWQ and "
        "compressed-tensors",
        fmt::join(mixes, ", "));
    const std::string quantizers_help = fmt::format(
        "how values are chosen: {}; without it nearest, or importance with --imatrix", fmt::join(quantizers, ", "));
    arguments.required("IN", "model in any format of `adze list formats`", request.source);
    arguments.takes_model(request.source);
    arguments.required("OUT", "GGUF file, or folder (*-mlx, *-gptq …), to write; it appears when it is complete",
                       request.target);
    arguments.option({"--type", "TYPE", mixes_help}, request.type);
    std::vector<std::string> formats;
    for (const auto& format : formats::all_formats()) {
      if (format.packed_types) formats.emplace_back(format.name);
    }
    const std::string formats_help = fmt::format("{}; without it, what the name of OUT says", fmt::join(formats, ", "));
    arguments.choice({"--to", "FORMAT", formats_help}, formats, request.format);
    arguments.choice({"--quantizer", "NAME", quantizers_help}, quantizers, request.quantizer);
    const std::string transforms_text = transforms_help();
    arguments.option({"--transform", "NAME", transforms_text}, request.transforms);
    arguments.option({"--set", "NAME=VALUE",
                      "a parameter of the quantizer, or TRANSFORM.NAME=VALUE of a transform, see `adze list "
                      "parameters`; may be repeated"},
                     request.settings);
    arguments.option({"--imatrix", "FILE", "activation statistics of `adze calibrate`, or an imatrix file"},
                     request.statistics);
    arguments.option({"--tensor-type", "REGEX=TYPE",
                      "the storage type of tensors whose name this regular expression finds; the first one decides"},
                     tensor_types);
    arguments.option({"--output-type", "TYPE", "storage type of the matrix that produces the logits"}, output_type);
    arguments.option({"--embedding-type", "TYPE", "storage type of the token embedding"}, embedding_type);
    arguments.flag("--leave-output", "keep output.weight as it is stored", request.overrides.keep_output);
    arguments.flag("--pure", "the mix's main type for every tensor", request.overrides.pure);
    arguments.option({"--recipe", "FILE", "which tensor gets which storage type, instead of --type (docs/optimize.md)"},
                     recipe);
    arguments.option({"--save-recipe", "FILE",
                      "also write the chosen types as a recipe; *.args: as options of "
                      "llama-quantize; *.mlx.json: as the \"quantization\" of MLX's config.json"},
                     recipe_target);
    arguments.flag("--allow-requantize", "take a source that is quantized already; the errors of both add up",
                   request.allow_requantize);
    arguments.flag("--without-importance", "write types of very few bits without knowing which columns matter",
                   request.without_importance);
    arguments.flag("--allow-mismatch", kAllowMismatchHelp, request.allow_mismatch);
    arguments.flag("--keep-split", "a source in several files gives as many, with the same tensors in each",
                   request.keep_split);
    arguments.option({"--shard-size", "SIZE", "begin a new file before this, for example 2GB"}, shard_size);
    arguments.option({"--max-ram", "SIZE", "memory to stay within, mapped files aside; fewer threads where it asks"},
                     max_ram);
    arguments.flag("--resume", "go on with what a stopped or killed run of the same request left beside OUT",
                   request.resume);
    arguments.flag("--dry-run", "say what would be written and how large it would be; write nothing", request.dry_run);
    arguments.option({"-t,--threads", "N", "threads; 0: one per usable processor; the bytes do not depend on it"},
                     threads, {0, 1024});
    arguments.flag("--tensors", "show what happened to every tensor and why", tensors);
    arguments.json_flag(json);
    card.declare(arguments);
  }
};

char ascii_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// "ffn_down=q6_k" at the last '=', as names of types have none.
quantize::TypeOverrides::Pattern parse_pattern(const std::string& text) {
  const size_t equals = text.rfind('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == text.size()) {
    throw UsageError(fmt::format("--tensor-type: '{}' is not REGEX=TYPE; write for example ffn_down=q6_k", text));
  }
  return {text.substr(0, equals), &codecs::require_codec(text.substr(equals + 1))};
}

bool is_mix(const std::string& name) {
  const auto same = [&](std::string_view known) {
    return std::ranges::equal(known, name, {}, ascii_lower, ascii_lower);
  };
  const auto mixes = quantize::all_mixes();
  const auto aliases = quantize::mix_aliases();
  return std::ranges::any_of(mixes, same, &quantize::Mix::name) ||
         std::ranges::any_of(aliases, same, &quantize::MixAlias::name);
}

/// A storage type for every matrix is the simplest recipe.
void set_type(pipeline::QuantizeRequest& request) {
  if (is_mix(request.type)) return;
  const auto* codec = codecs::find_codec(request.type);
  if (!codec) {
    throw UsageError(fmt::format("--type: '{}' is not one of the mixes, {}, nor a type of `adze list codecs`",
                                 request.type, fmt::join(mix_names(), ", ")));
  }
  if (!codec->encode) throw UsageError(fmt::format("--type: {} can be read, but not written", codec->info.name));
  request.recipe = quantize::Recipe{.note = request.type, .quantizer = "", .lines = {{"*", &codec->info}}};
}

pipeline::QuantizeRequest request_of(const QuantizeOptions& options) {
  pipeline::QuantizeRequest request = options.request;
  request.threads = static_cast<unsigned>(options.threads);
  request.max_memory_bytes = parse_byte_size("--max-ram", options.max_ram);
  if (options.shard_size) {
    if (request.keep_split) throw UsageError("--keep-split and --shard-size cannot both decide about files");
    request.max_shard_bytes = parse_byte_size("--shard-size", *options.shard_size);
  }
  if (options.recipe) request.recipe = quantize::read_recipe(*options.recipe);
  if (!options.recipe) set_type(request);
  for (const auto& text : options.tensor_types) request.overrides.patterns.push_back(parse_pattern(text));
  if (options.embedding_type) request.overrides.token_embedding = &codecs::require_codec(*options.embedding_type);
  if (options.output_type) request.overrides.output = &codecs::require_codec(*options.output_type);
  return request;
}

int64_t total_bytes(const std::vector<formats::PlannedFile>& files) {
  uint64_t bytes = 0;
  for (const auto& file : files) bytes += file.bytes;
  return static_cast<int64_t>(bytes);
}

report::FactList quantize_facts(const pipeline::QuantizeReport& report, bool dry_run) {
  report::FactList facts;
  facts.add("Type", "type", report.type);
  facts.add("Quantizer", "quantizer", report.quantizer);
  if (!report.transforms.empty()) {
    std::vector<std::string> names;
    for (const auto& transform : report.transforms) names.push_back(transform.name);
    facts.add("Transforms", "transforms", fmt::format("{}", fmt::join(names, ", ")));
  }
  facts.add("Tensors read", "bytes_read", Cell::bytes(report.bytes_read));
  facts.add(dry_run ? "Tensors to write" : "Tensors written", "bytes_written", Cell::bytes(report.bytes_written));
  const int64_t stored = report.files.empty() ? report.bytes_written : total_bytes(report.files);
  facts.add("Size", "stored_bytes", Cell::bytes(stored));
  if (report.files.size() > 1) facts.add("Files", "files", Cell::integer(static_cast<int64_t>(report.files.size())));
  const double bits = report.bits_per_weight();
  facts.add("Bits per weight", "bits_per_weight", Cell::shown_as(fmt::format("{:.2f}", bits), bits));
  if (dry_run) {
    facts.add("Memory", "memory_bytes", Cell::bytes(static_cast<int64_t>(report.memory_bytes)));
    facts.add("Memory at least", "least_memory_bytes", Cell::bytes(static_cast<int64_t>(report.least_memory_bytes)));
    facts.add("Threads", "threads", Cell::integer(report.threads));
  } else {
    if (report.resumed_tensors > 0) {
      facts.add("Tensors resumed", "resumed_tensors", Cell::integer(static_cast<int64_t>(report.resumed_tensors)));
    }
    facts.add("Time", "seconds", Cell::seconds(report.seconds));
  }
  return facts;
}

/// What would become of every tensor.
report::Table planned_table(const std::vector<pipeline::TensorOutcome>& tensors) {
  report::Table table({{"Tensor", "name", report::Align::left, true},
                       {"Shape", "shape"},
                       {"From", "from"},
                       {"To", "to"},
                       {"Size", "bytes", report::Align::right},
                       {"Why", "reason"}});
  for (const auto& tensor : tensors) {
    table.add_row({tensor.name, tensor.shape.to_string(), tensor.from->name, tensor.to->name, Cell::bytes(tensor.bytes),
                   tensor.reason.empty() ? Cell::nothing() : Cell(tensor.reason)});
  }
  return table;
}

void add_folds(Json& document, const pipeline::QuantizeReport& report) {
  if (!report.transforms.empty()) document["folds"] = fold_table(report.folds).to_json();
}

void print_folds(const pipeline::QuantizeReport& report, const QuantizeOptions& options, Console& console) {
  if (report.transforms.empty()) return;
  print_table(console, options.tensors ? fold_table(report.folds) : fold_summary(report.folds));
  console.write("\n");
}

void report_dry_run(const pipeline::QuantizeReport& report, const QuantizeOptions& options, Console& console) {
  const auto facts = quantize_facts(report, true);
  if (options.json) {
    Json document = facts.to_json();
    document["tensors"] = planned_table(report.tensors).to_json();
    add_folds(document, report);
    return print_json(console, document);
  }
  print_facts(console, facts);
  console.write("\n");
  print_folds(report, options, console);
  print_table(console, planned_table(report.tensors));
}

void save_recipe(const std::string& path, const std::string& text) {
  OutputFile file(path);
  file.append(text);
  file.commit();
}

std::string recipe_text(const std::string& path, const pipeline::QuantizeReport& report) {
  std::vector<quantize::TensorToStore> tensors;
  std::vector<StorageType> types;
  for (const auto& tensor : report.tensors) {
    tensors.push_back({tensor.name, tensor.shape, tensor.from});
    types.push_back(tensor.to);
  }
  if (path.ends_with(".mlx.json")) return pipeline::mlx_quantization_block(report.architecture, tensors, types);
  if (path.ends_with(".args")) {
    return fmt::format("{}\n", fmt::join(quantize::llama_cpp_options(tensors, types), "\n"));
  }
  const std::string note = fmt::format("{}, {:.2f} bits per weight", report.type, report.bits_per_weight());
  auto recipe = quantize::recipe_of(tensors, types, report.quantizer, note);
  recipe.transforms = report.transforms;
  return quantize::to_json(recipe);
}

/// A recipe that cannot be written stops everything before the model is.
void check_recipe(const std::string& path, pipeline::QuantizeRequest request) {
  request.dry_run = true;
  recipe_text(path, pipeline::quantize(request));
}

void run_quantize(const QuantizeOptions& options, Console& console) {
  const pipeline::QuantizeRequest request = request_of(options);
  if (const auto fault = pipeline::target_fault(request.format, request.target); !fault.empty())
    throw UsageError(fault);
  if (options.recipe_target) check_recipe(*options.recipe_target, request);
  ProgressBar progress(console);
  pipeline::CardedQuantization done;
  if (request.dry_run || options.card.none) {
    done.report = pipeline::quantize(request, progress);
  } else {
    done = pipeline::quantize_with_card(request, options.card.request(), progress);
  }
  const auto& report = done.report;
  if (options.recipe_target) save_recipe(*options.recipe_target, recipe_text(*options.recipe_target, report));
  if (request.dry_run) return report_dry_run(report, options, console);
  auto facts = quantize_facts(report, false);
  if (!options.card.none) add_card_facts(facts, done.card);
  note_missing_behaviour(console, done.card);
  warn_of_non_finite_values(console, report.tensors);
  if (options.json) {
    Json document = facts.to_json();
    document["tensors"] = outcome_table(report.tensors).to_json();
    add_folds(document, report);
    return print_json(console, document);
  }
  print_facts(console, facts);
  console.write("\n");
  print_folds(report, options, console);
  print_table(console, options.tensors ? outcome_table(report.tensors) : outcome_summary(report.tensors));
}

constexpr Example kExamples[] = {
    {"quantize model.gguf small.gguf --type Q4_K_M", "about 5 bits per weight, most of the quality"},
    {"quantize model-hf small.gguf --type Q8_0", "straight from a Hugging Face folder"},
    {"quantize model-hf small-mlx --type affine4_g64_f16", "a folder for MLX: 4 bits, groups of 64"},
    {"quantize model-hf small-gptq --type int4_g128_f16", "a folder of GPTQ for transformers and vLLM"},
    {"quantize model.gguf small.gguf --imatrix stats.gguf", "errors weighted by what `adze calibrate` saw"},
    {"quantize model.gguf small.gguf --type Q4_0 --quantizer gptq --imatrix stats.gguf",
     "with statistics that have Hessians"},
    {"quantize model.gguf small.gguf --transform rotate --transform awq --imatrix stats.gguf",
     "outliers spread, factors searched, then rounded; any program runs the result"},
    {"quantize model.gguf small.gguf --type Q4_0 --tensors", "with the error of every tensor"},
    {"quantize model.gguf small.gguf --type IQ4_XS --dry-run", "sizes to the byte, in a moment"},
    {"quantize model.gguf small.gguf --type Q4_K_M --resume", "go on where the same command was stopped or killed"},
    {"quantize model.gguf small.gguf --tensor-type 'blk\\.[0-3]\\..*ffn_down=q6_k'", "more bits for a few tensors"},
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
