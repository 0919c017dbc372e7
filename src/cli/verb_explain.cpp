// adze explain: which kernel runs each node, and why the faster ones do not.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "cli/graph_arguments.h"
#include "cli/graph_measure.h"
#include "cli/report_output.h"
#include "cli/session_arguments.h"
#include "cli/verb.h"
#include "evaluate/op_profile.h"
#include "model/pooling.h"
#include "runtime/encoder.h"

namespace adze::cli {
namespace {

using report::Cell;

struct ExplainOptions {
  SessionArguments session;
  bool all = false;
  bool time = false;
  bool json = false;
  GraphInputArguments graph;
  GivenOptions given;

  void declare(Arguments& arguments) {
    session.declare_model(arguments);
    arguments.flag("--all", "every node on a line of its own, not the like ones of all layers together", all);
    arguments.flag("--time", "run one token (an encoder: a text of 64) and show where the time goes", time);
    arguments.json_flag(json);
    session.declare_running(arguments);
    graph.declare(arguments);
    arguments.note_given(given);
  }
};

constexpr std::string_view kGraphOptions[] = {"--all", "--time", "--input", "--dim", "--threads", "--json"};

struct Explained {
  std::string node;
  std::string op;
  std::string weight;  // its storage type, or empty
  std::string activation;
  std::string kernel;
  std::string refusals;  // "avx512_q8_32: needs avx512; …"
  int64_t nodes = 1;
  int64_t ns = 0;
};

std::string weight_type(const graph::Node& node, const runtime::LoadedModel& model) {
  for (const graph::ValueId id : node.inputs) {
    if (id == graph::kNoValue) continue;
    const auto& value = model.graph().value(id);
    if (value.origin != graph::ValueOrigin::weight) continue;
    const auto* tensor = model.model().tensors.find(value.name);
    if (tensor) return std::string(tensor->storage->name);
  }
  return "";
}

std::string refusals_text(const ops::KernelChoice& choice) {
  std::string text;
  for (const auto& [kernel, reason] : choice.refusals) {
    text.append(text.empty() ? "" : "; ").append(kernel).append(": ").append(reason);
  }
  return text;
}

std::vector<Explained> explain_nodes(const runtime::Plan& plan, const runtime::LoadedModel& model) {
  std::vector<Explained> list;
  for (const auto& planned : plan.nodes()) {
    const auto& node = *planned.node;
    list.push_back({node.name, std::string(node.op->name), weight_type(node, model),
                    graph::string_attribute_or(node, "activation", ""), std::string(planned.choice.kernel->name),
                    refusals_text(planned.choice)});
  }
  return list;
}

void add_times(const runtime::Plan& plan, const std::vector<runtime::NodeTime>& times, std::vector<Explained>& list) {
  std::map<const runtime::PlannedNode*, size_t> index;
  const auto nodes = plan.nodes();
  for (size_t i = 0; i < nodes.size(); ++i) index[&nodes[i]] = i;
  for (const auto& time : times) list[index.at(time.node)].ns += time.ns;
}

// Time of one token behind a few others, which warm the caches up.
void measure_nodes(runtime::Session& session, std::vector<Explained>& list) {
  const auto sequence = session.add_sequence();
  const std::vector<int32_t> warm_up(8, 0);
  session.feed(sequence, warm_up);
  std::vector<runtime::NodeTime> times;
  session.measure(&times);
  session.feed(sequence, std::vector<int32_t>{0});
  session.measure(nullptr);
  add_times(session.plan(), times, list);
}

// Time of a text of a few sentences, run for the second time.
void measure_nodes(runtime::Encoder& encoder, std::vector<Explained>& list) {
  constexpr int64_t kTokens = 64;
  const runtime::EncoderText text{std::vector<int32_t>(static_cast<size_t>(std::min(kTokens, encoder.longest_text())))};
  encoder.encode({&text, 1});
  std::vector<runtime::NodeTime> times;
  encoder.measure(&times);
  encoder.encode({&text, 1});
  encoder.measure(nullptr);
  add_times(encoder.plan(), times, list);
}

std::vector<Explained> explain_encoder(const ExplainOptions& options, std::shared_ptr<runtime::LoadedModel> model) {
  runtime::Encoder encoder(model, {.threads = static_cast<unsigned>(options.session.threads)});
  auto list = explain_nodes(encoder.plan(), *model);
  if (options.time) measure_nodes(encoder, list);
  return list;
}

std::vector<Explained> explain_decoder(const ExplainOptions& options, std::shared_ptr<runtime::LoadedModel> model) {
  const auto session = open_session(model, options.session, {.context_tokens = 512, .batch_tokens = 128});
  auto list = explain_nodes(session->plan(), *model);
  if (options.time) measure_nodes(*session, list);
  return list;
}

bool is_alike(const Explained& a, const Explained& b) {
  return a.node == b.node && a.op == b.op && a.weight == b.weight && a.activation == b.activation &&
         a.kernel == b.kernel && a.refusals == b.refusals;
}

std::vector<Explained> grouped(const std::vector<Explained>& list) {
  std::vector<Explained> groups;
  for (Explained entry : list) {
    entry.node = evaluate::node_group(entry.node);
    const auto found =
        std::find_if(groups.begin(), groups.end(), [&](const auto& group) { return is_alike(group, entry); });
    if (found == groups.end()) {
      groups.push_back(std::move(entry));
      continue;
    }
    found->nodes += 1;
    found->ns += entry.ns;
  }
  return groups;
}

Cell text_or_nothing(const std::string& text) { return text.empty() ? Cell::nothing() : Cell(text); }

report::Table explained_table(const std::vector<Explained>& list, const ExplainOptions& options) {
  using report::Align;
  std::vector<report::Column> columns = {{"Node", "node"},     {"Nodes", "nodes", Align::right}, {"Op", "op"},
                                         {"Weight", "weight"}, {"Activation", "activation"},     {"Kernel", "kernel"}};
  if (options.time) {
    columns.push_back({"Time", "seconds", Align::right});
    columns.push_back({"Share", "share", Align::right});
  }
  columns.push_back({"Passed over", "passed_over"});
  double total = 0;
  for (const auto& entry : list) total += static_cast<double>(entry.ns);
  report::Table table(columns);
  for (const auto& entry : list) {
    std::vector<Cell> cells = {entry.node,
                               Cell::integer(entry.nodes),
                               entry.op,
                               text_or_nothing(entry.weight),
                               text_or_nothing(entry.activation),
                               Cell(entry.kernel).with_style(report::Style::strong)};
    if (options.time) {
      cells.push_back(Cell::seconds(static_cast<double>(entry.ns) * 1e-9));
      cells.push_back(Cell::percent(total > 0 ? static_cast<double>(entry.ns) / total : 0));
    }
    cells.push_back(text_or_nothing(entry.refusals));
    table.add_row(std::move(cells));
  }
  return table;
}

void run_explain(const ExplainOptions& options, Console& console) {
  if (is_graph_model(options.session.model)) {
    options.given.require_among(kGraphOptions, kGraphModels);
    if (options.graph.any() && !options.time)
      throw UsageError("--input and --dim need --time: only that runs the graph");
    return explain_graph_model(
        {options.session.model, options.graph, options.session.threads, options.all, options.time, options.json},
        console);
  }
  if (options.graph.any()) throw UsageError("--input and --dim need a model of a graph format");
  const auto model = load_model(options.session);
  const auto list = is_encoder(model->model()) ? explain_encoder(options, model) : explain_decoder(options, model);
  if (options.json) return print_json(console, explained_table(list, options).to_json());
  print_table(console, explained_table(options.all ? list : grouped(list), options));
}

constexpr Example kExamples[] = {
    {"explain model.gguf", "the kernels of this machine, like nodes of all layers together"},
    {"explain model.gguf --time", "where the time of one token goes"},
    {"explain model.onnx --time", "the ops of a graph after its passes, and their shares of the time"},
    {"explain model.gguf --all --json", "every node, for scripts"},
};

}  // namespace

const Verb explain_verb = make_verb<ExplainOptions, run_explain>({
    .name = "explain",
    .group = "Look",
    .summary = "show which kernel runs each node, and why faster ones do not",
    .description = "Plans a model for this machine and shows the kernel that runs each node of its graph, with the "
                   "better ones that were passed over and their reasons. Of a model of a graph format: the ops after "
                   "the passes that it goes through before it runs; --time runs it with inputs that are given or made "
                   "up.",
    .examples = kExamples,
});

}  // namespace adze::cli
