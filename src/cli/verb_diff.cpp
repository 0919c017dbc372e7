// adze diff: what two models have not in common.
#include <fmt/format.h>

#include <cmath>

#include "cli/graph_arguments.h"
#include "cli/graph_diff.h"
#include "cli/progress_bar.h"
#include "cli/report_output.h"
#include "cli/verb.h"
#include "pipeline/diff.h"
#include "report/table.h"

namespace adze::cli {
namespace {

using pipeline::TensorDifference;
using report::Align;
using report::Cell;

constexpr std::string_view kGraphOptions[] = {"--tolerance", "--input",   "--dim", "--skip-outputs",
                                              "--all",       "--threads", "--json"};
constexpr size_t kRowsShown = 20;  // of each table, without --all

struct DiffOptions {
  pipeline::DiffRequest request;
  int64_t threads = 0;
  bool without_tensors = false;
  bool all = false;
  bool json = false;
  bool without_outputs = false;
  GraphInputArguments graph;
  GivenOptions given;

  void declare(Arguments& arguments) {
    arguments.required("A", "model in any format of `adze list formats`", request.first);
    arguments.required("B", "another, in the same or another format", request.second);
    arguments.takes_model(request.first);
    arguments.takes_model(request.second);
    arguments.option({"--tolerance", "SHARE",
                      "relative error (root mean square) up to which tensors count as equal; 0: every value the same"},
                     request.tolerance);
    arguments.flag("--skip-tensors", "compare settings, tokenizer and chat templates only", without_tensors);
    arguments.flag("--all", "show every difference, not only the first of each kind", all);
    arguments.option({"-t,--threads", "N", "threads; 0: one per usable processor"}, threads, {0, 1024});
    arguments.json_flag(json);
    graph.declare(arguments);
    arguments.flag("--skip-outputs", "do not run the graphs", without_outputs);
    arguments.note_given(given);
  }
};

Cell error_cell(double error) { return Cell::shown_as(fmt::format("{:.2e}", error), error); }

Cell shape_cell(const Shape& shape, StorageType storage) {
  return storage ? Cell(fmt::format("{} {}", shape.to_string(), storage->name)) : Cell::nothing();
}

report::Table tensor_table(const std::vector<TensorDifference>& tensors, size_t most) {
  report::Table table({{"Tensor", "name", Align::left, true},
                       {"Differs", "kind"},
                       {"A", "first"},
                       {"B", "second"},
                       {"Values", "different_values", Align::right},
                       {"Rows", "different_rows", Align::right},
                       {"First row", "first_row", Align::right},
                       {"Worst row", "worst_row", Align::right},
                       {"Largest error", "max_error", Align::right},
                       {"Mean error", "mean_error", Align::right},
                       {"Relative error", "relative_error", Align::right}});
  for (size_t i = 0; i < std::min(most, tensors.size()); ++i) {
    const auto& tensor = tensors[i];
    std::vector<Cell> cells{tensor.name, pipeline::kind_name(tensor.kind),
                            shape_cell(tensor.first_shape, tensor.first_storage),
                            shape_cell(tensor.second_shape, tensor.second_storage)};
    if (tensor.kind == TensorDifference::Kind::values) {
      for (const int64_t count : {tensor.different_values, tensor.different_rows, tensor.first_row, tensor.worst_row}) {
        cells.push_back(Cell::integer(count));
      }
      for (const double error : {tensor.max_error, tensor.mean_error, tensor.relative_error}) {
        cells.push_back(error_cell(error));
      }
    } else {
      cells.resize(11, Cell::nothing());
    }
    table.add_row(std::move(cells));
  }
  return table;
}

report::Table setting_table(const std::vector<pipeline::SettingDifference>& settings, size_t most) {
  report::Table table({{"Section", "section"}, {"Setting", "key"}, {"A", "first"}, {"B", "second"}});
  const auto shown = [](const std::string& text) { return text.empty() ? Cell::nothing() : Cell(text); };
  for (size_t i = 0; i < std::min(most, settings.size()); ++i) {
    const auto& setting = settings[i];
    table.add_row({setting.section, setting.key, shown(setting.first), shown(setting.second)});
  }
  return table;
}

report::Table text_table(const std::vector<pipeline::TextDifference>& texts, size_t most) {
  report::Table table({{"What", "what"}, {"A, B", "details"}});
  for (size_t i = 0; i < std::min(most, texts.size()); ++i) table.add_row({texts[i].what, texts[i].details});
  return table;
}

// "272 compared, 3 differ"
std::string verdict(size_t differences) { return differences == 0 ? "equal" : fmt::format("{} differ", differences); }

report::FactList facts_of(const pipeline::DiffReport& report, bool with_tensors) {
  report::FactList facts;
  facts.add("A", "first_format", report.first_format);
  facts.add("B", "second_format", report.second_format);
  if (with_tensors) {
    facts.add("Tensors", "tensor_differences",
              Cell::shown_as(fmt::format("{} compared, {}", report.compared_tensors, verdict(report.tensors.size())),
                             static_cast<int64_t>(report.tensors.size())));
  }
  const auto add = [&](const char* label, const char* key, size_t differences) {
    facts.add(label, key, Cell::shown_as(verdict(differences), static_cast<int64_t>(differences)));
  };
  add("Settings", "setting_differences", report.settings.size());
  add("Tokenizer", "tokenizer_differences", report.tokenizer.size());
  add("Chat templates", "chat_template_differences", report.chat_templates.size());
  facts.add("Models are", "equal", Cell::shown_as(report.equal() ? "equal" : "different", report.equal()));
  facts.add("Time", "seconds", Cell::seconds(report.seconds));
  return facts;
}

void print_part(Console& console, std::string_view title, const report::Table& table, size_t left_out) {
  if (table.empty()) return;
  print_heading(console, title);
  print_table(console, table);
  if (left_out > 0) console.write(fmt::format("… and {} more; --all shows them\n", left_out));
}

void print_report(const pipeline::DiffReport& report, const DiffOptions& options, Console& console) {
  const size_t most = options.all ? SIZE_MAX : kRowsShown;
  const auto left_out = [&](size_t count) { return count > most ? count - most : 0; };
  print_facts(console, facts_of(report, options.request.with_tensors));
  print_part(console, "Tensors", tensor_table(report.tensors, most), left_out(report.tensors.size()));
  print_part(console, "Settings", setting_table(report.settings, most), left_out(report.settings.size()));
  print_part(console, "Tokenizer", text_table(report.tokenizer, most), left_out(report.tokenizer.size()));
  print_part(console, "Chat templates", text_table(report.chat_templates, most),
             left_out(report.chat_templates.size()));
}

ExitCode diff_graphs(const DiffOptions& asked, Console& console) {
  asked.given.require_among(kGraphOptions, kGraphModels);
  if (asked.without_outputs && asked.graph.any()) {
    throw UsageError("--input and --dim have no effect with --skip-outputs: the graphs are not run");
  }
  const auto& request = asked.request;
  const bool equal = diff_graph_models({request.first, request.second, asked.graph, request.tolerance,
                                        !asked.without_outputs, asked.threads, asked.json},
                                       console);
  return equal ? kSuccess : kFailure;
}

ExitCode run_diff(const DiffOptions& asked, Console& console) {
  if (asked.request.tolerance < 0) throw UsageError("--tolerance must be 0 or more");
  if (is_graph_model(asked.request.first) && is_graph_model(asked.request.second)) return diff_graphs(asked, console);
  if (asked.graph.any() || asked.without_outputs) {
    throw UsageError("--input, --dim and --skip-outputs need models of a graph format");
  }
  DiffOptions options = asked;
  options.request.with_tensors = !options.without_tensors;
  options.request.threads = static_cast<unsigned>(options.threads);
  ProgressBar progress(console);
  const auto report = pipeline::diff(options.request, progress);
  if (options.json) {
    Json document = facts_of(report, options.request.with_tensors).to_json();
    document["compared_tensors"] = report.compared_tensors;
    document["tensors"] = tensor_table(report.tensors, SIZE_MAX).to_json();
    document["settings"] = setting_table(report.settings, SIZE_MAX).to_json();
    document["tokenizer"] = text_table(report.tokenizer, SIZE_MAX).to_json();
    document["chat_templates"] = text_table(report.chat_templates, SIZE_MAX).to_json();
    print_json(console, document);
  } else {
    print_report(report, options, console);
  }
  return report.equal() ? kSuccess : kFailure;
}

constexpr Example kExamples[] = {
    {"diff model-hf model.gguf", "did a converter change anything?"},
    {"diff model-f32.gguf model-f16.gguf --tolerance 1e-3", "equal but for rounding"},
    {"diff model.onnx fused.onnx --tolerance 1e-5", "ops, weights, and what both compute of the same numbers"},
    {"diff a.gguf b.gguf --skip-tensors --json", "settings, tokenizer and chat templates, for a script"},
};

}  // namespace

const Verb diff_verb = make_verb<DiffOptions, run_diff>({
    .name = "diff",
    .group = "Measure",
    .summary = "show what two models have not in common, whatever their formats",
    .description =
        "Compares two models: every number of every tensor, decoded; hyper-parameters and generation defaults; "
        "vocabulary, merges, special tokens and the encodings of sample texts in many scripts; and what the chat "
        "templates make of sample conversations. Names, licences and storage types do not count. Of models of graph "
        "formats: nodes by op, with attributes and where inputs come from; every stored number; and what both compute "
        "of the same inputs, where --tolerance is the largest difference in an output, relative to the largest number "
        "in it. The exit status is 0 when the models are equal, 1 when they differ.",
    .examples = kExamples,
});

}  // namespace adze::cli
