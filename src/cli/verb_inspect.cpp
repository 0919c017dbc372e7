// adze inspect: what is in a model.
#include <fmt/format.h>

#include <filesystem>

#include "architectures/architecture.h"
#include "cli/json_report.h"
#include "cli/model_overview.h"
#include "cli/text_table.h"
#include "cli/verb.h"
#include "formats/format.h"
#include "graph/graph.h"
#include "tensor/shape.h"

namespace adze::cli {
namespace {

constexpr size_t kValueColumns = 72;

struct InspectOptions {
  std::string model;
  bool tensors = false;
  bool graph = false;
  bool json = false;

  void declare(Arguments& arguments) {
    arguments.required("MODEL", "file or folder in any format of `adze list formats`", model);
    arguments.flag("--tensors", "list every tensor", tensors);
    arguments.flag("--graph", "print the computation that the architecture makes of it", graph);
    arguments.json_flag(json);
  }
};

void print_settings(Console& console, std::string_view title, const model::KeyValues& values) {
  if (values.size() == 0) return;
  print_heading(console, title);
  Facts facts;
  for (const auto& [key, value] : values) {
    facts.emplace_back(printable(key, 48), printable(to_string(value), kValueColumns));
  }
  print_facts(console, facts);
}

void print_types(Console& console, const model::TensorList& tensors) {
  if (tensors.size() == 0) return;
  print_heading(console, "Tensor types");
  TextTable table({{"type"},
                   {"tensors", Align::right},
                   {"parameters", Align::right},
                   {"bits", Align::right},
                   {"size", Align::right},
                   {"share", Align::right}});
  const auto total = static_cast<double>(tensors.byte_size());
  for (const auto& share : type_shares(tensors)) {
    const auto bytes = static_cast<double>(share.bytes);
    table.add_row({std::string(share.storage->name), count_text(share.tensors), parameters_text(share.parameters),
                   fmt::format("{:.2f}", share.storage->bits_per_weight()), bytes_text(bytes),
                   fmt::format("{:.1f} %", total > 0 ? 100 * bytes / total : 0)});
  }
  table.print(console);
}

void print_tensors(Console& console, const model::TensorList& tensors) {
  print_heading(console, "Tensors");
  TextTable table({{"name"}, {"type"}, {"shape"}, {"size", Align::right}});
  for (const auto& tensor : tensors) {
    table.add_row({printable(tensor.name, 64), std::string(tensor.storage->name), tensor.shape.to_string(),
                   bytes_text(static_cast<double>(tensor.byte_size()))});
  }
  table.print(console);
}

std::string graph_text(const model::Model& model) {
  return graph::to_text(architectures::architecture_named(model.architecture).build(model));
}

void print_report(Console& console, const model::Model& model, const InspectOptions& options) {
  const auto* name = model.metadata.find("name");
  const std::string title = name ? to_string(*name) : std::filesystem::path(options.model).filename().string();
  console.print("{}\n\n", console.styled(Style::heading, printable(title, kValueColumns)));
  print_facts(console, overview_facts(model));
  print_types(console, model.tensors);
  if (options.tensors) print_tensors(console, model.tensors);
  print_settings(console, "Settings", model.config);
  print_settings(console, "Metadata", model.metadata);
  print_settings(console, "Generation defaults", model.generation);
  print_settings(console, "Other keys", model.other);
  if (!options.graph) return;
  print_heading(console, "Graph");
  console.write(graph_text(model));
}

Json types_json(const model::TensorList& tensors) {
  Json types = Json::array();
  for (const auto& share : type_shares(tensors)) {
    types.push_back({{"type", share.storage->name},
                     {"tensors", share.tensors},
                     {"parameters", share.parameters},
                     {"bytes", share.bytes}});
  }
  return types;
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
  Json templates = Json::object();
  for (const auto& [name, source] : model.chat_templates) templates[name.empty() ? "default" : name] = source;
  Json report = {{"path", options.model},
                 {"format", model.format},
                 {"architecture", model.architecture},
                 {"stored_bytes", stored_bytes(options.model)},
                 {"parameters", model.tensors.element_count()},
                 {"weight_bytes", model.tensors.byte_size()},
                 {"bits_per_weight", bits_per_weight(model.tensors)},
                 {"config", to_json(model.config)},
                 {"metadata", to_json(model.metadata)},
                 {"generation", to_json(model.generation)},
                 {"other", to_json(model.other)},
                 {"chat_templates", templates},
                 {"types", types_json(model.tensors)},
                 {"tensors", tensors_json(model.tensors)}};
  if (options.graph) report["graph"] = graph_text(model);
  return report;
}

void run_inspect(const InspectOptions& options, Console& console) {
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
    {"inspect model.gguf --json | jq .bits_per_weight", "everything, for scripts"},
};

}  // namespace

const Verb inspect_verb = make_verb<InspectOptions, run_inspect>({
    .name = "inspect",
    .group = "Look",
    .summary = "show what is in a model",
    .description = "Shows format, architecture, size, settings, metadata and tensor types of a model. Reads only the "
                   "headers, so it is quick for models of any size.",
    .examples = kExamples,
});

}  // namespace adze::cli
