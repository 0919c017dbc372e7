// adze inspect: what is in a model.
#include <fmt/format.h>

#include <filesystem>

#include "architectures/architecture.h"
#include "cli/graph_arguments.h"
#include "cli/graph_report.h"
#include "cli/model_overview.h"
#include "cli/report_output.h"
#include "cli/statistics_report.h"
#include "cli/verb.h"
#include "formats/format.h"
#include "formats/imatrix/read_imatrix.h"
#include "graph/graph.h"
#include "report/display_width.h"

namespace adze::cli {
namespace {

constexpr size_t kKeyColumns = 48;
constexpr size_t kValueColumns = 72;

struct InspectOptions {
  std::string model;
  bool tensors = false;
  bool graph = false;
  bool json = false;

  void declare(Arguments& arguments) {
    arguments.required("MODEL", "file or folder in any format of `adze list formats`", model);
    arguments.takes_model(model);
    arguments.flag("--tensors", "list every tensor", tensors);
    arguments.flag("--graph", "print the computation: what the architecture makes of it, or the file's own graph",
                   graph);
    arguments.json_flag(json);
  }
};

void print_settings(Console& console, std::string_view title, const model::KeyValues& values) {
  if (values.size() == 0) return;
  print_heading(console, title);
  report::FactList facts;
  for (const auto& [key, value] : values) {
    facts.add(report::shortened(report::printable(key), kKeyColumns), key,
              report::shortened(report::printable(to_string(value)), kValueColumns));
  }
  print_facts(console, facts);
}

std::string graph_text(const model::Model& model) {
  return graph::to_text(architectures::architecture_named(model.architecture).build(model));
}

std::string title_of(const model::Model& model, const std::string& path) {
  const auto* name = model.metadata.find("name");
  const std::string title = name ? to_string(*name) : std::filesystem::path(path).filename().string();
  return report::shortened(report::printable(title), kValueColumns);
}

void print_report(Console& console, const model::Model& model, const InspectOptions& options) {
  print_heading(console, title_of(model, options.model), true);
  print_facts(console, overview_facts(model));
  if (model.tensors.size() > 0) {
    print_heading(console, "Tensor types");
    print_table(console, tensor_types_table(model.tensors));
  }
  if (options.tensors) {
    print_heading(console, "Tensors");
    print_table(console, tensors_table(model.tensors));
  }
  print_settings(console, "Settings", model.config);
  print_settings(console, "Metadata", model.metadata);
  print_settings(console, "Generation defaults", model.generation);
  print_settings(console, "Other keys", model.other);
  if (!options.graph) return;
  print_heading(console, "Graph");
  console.write(graph_text(model));
}

Json tensors_json(const model::TensorList& tensors) {
  Json list = Json::array();
  for (const auto& tensor : tensors) {
    const auto dims = tensor.shape.dims();
    list.push_back({{"name", tensor.name},
                    {"type", tensor.storage->name},
                    {"shape", std::vector<int64_t>(dims.begin(), dims.end())},
                    {"bytes", tensor.byte_size()}});
  }
  return list;
}

Json report_json(const model::Model& model, const InspectOptions& options) {
  Json report = {{"path", options.model}};
  report.update(overview_facts(model).to_json());
  report["config"] = to_json(model.config);
  report["metadata"] = to_json(model.metadata);
  report["generation"] = to_json(model.generation);
  report["other"] = to_json(model.other);
  report["chat_templates"] = Json::object();
  for (const auto& [name, source] : model.chat_templates) {
    report["chat_templates"][name.empty() ? "default" : name] = source;
  }
  report["types"] = tensor_types_table(model.tensors).to_json();
  report["tensors"] = tensors_json(model.tensors);
  if (options.graph) report["graph"] = graph_text(model);
  return report;
}

void inspect_statistics(const InspectOptions& options, Console& console) {
  const auto statistics = formats::read_imatrix(options.model);
  warn_of_rare_experts(console, statistics);
  if (options.json) {
    Json document = {{"path", options.model}};
    document.update(statistics_facts(statistics).to_json());
    document["tensors"] = statistics_table(statistics).to_json();
    return print_json(console, document);
  }
  print_heading(console, std::filesystem::path(options.model).filename().string(), true);
  print_facts(console, statistics_facts(statistics));
  print_heading(console, "Inputs of weights");
  print_table(console, statistics_table(statistics));
}

void run_inspect(const InspectOptions& options, Console& console) {
  if (formats::is_imatrix(options.model)) return inspect_statistics(options, console);
  if (is_graph_model(options.model)) {
    return report_graph_model(options.model, {options.tensors, options.graph, options.json}, console);
  }
  const auto model = formats::read_model(options.model);
  if (options.json) {
    print_json(console, report_json(model, options));
  } else {
    print_report(console, model, options);
  }
}

constexpr Example kExamples[] = {
    {"inspect model.gguf", "the overview"},
    {"inspect model.gguf --tensors", "and every tensor with type, shape and size"},
    {"inspect model.gguf --graph", "and what is computed with them, node by node"},
    {"inspect model.onnx", "inputs, outputs, opsets and how often each op occurs"},
    {"inspect imatrix.gguf", "what was seen of the inputs of every weight"},
    {"inspect model.gguf --json | jq .bits_per_weight", "everything, for scripts"},
};

}  // namespace

const Verb inspect_verb = make_verb<InspectOptions, run_inspect>({
    .name = "inspect",
    .group = "Look",
    .summary = "show what is in a model",
    .description =
        "Shows format, architecture, size, settings, metadata and tensor types of a model. Reads only the "
        "headers, so it is quick for models of any size. Of a file of activation statistics it shows what they say "
        "about the inputs of every weight.",
    .examples = kExamples,
});

}  // namespace adze::cli
