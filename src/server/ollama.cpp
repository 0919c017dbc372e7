#include "server/ollama.h"

#include <chrono>
#include <ctime>
#include <filesystem>

#include "server/answer_options.h"
#include "server/request_error.h"
#include "server/service.h"
#include "server/whole_answer.h"

namespace adze::server {
namespace {

constexpr size_t kMaxStops = 64;
constexpr int64_t kMostTokens = int64_t{1} << 40;

constexpr RequestField kOptions[] = {
    {"num_predict"},
    {"num_ctx"},
    {"seed"},
    {"stop"},
    {"temperature"},
    {"top_k"},
    {"top_p"},
    {"min_p"},
    {"typical_p"},
    {"repeat_last_n"},
    {"repeat_penalty"},
    {"presence_penalty"},
    {"frequency_penalty"},
    {"mirostat"},
    {"mirostat_tau"},
    {"mirostat_eta"},
    {"num_keep", FieldUse::no_effect, "what does not fit is refused, not forgotten"},
    {"num_batch", FieldUse::no_effect},
    {"num_gpu", FieldUse::no_effect},
    {"main_gpu", FieldUse::no_effect},
    {"num_thread", FieldUse::no_effect},
    {"numa", FieldUse::no_effect},
    {"low_vram", FieldUse::no_effect},
    {"use_mmap", FieldUse::no_effect},
    {"use_mlock", FieldUse::no_effect},
    {"vocab_only", FieldUse::no_effect},
    {"f16_kv", FieldUse::no_effect},
    {"tfs_z", FieldUse::refused, "this sampler is not there", "1.0"},
    {"penalize_newline", FieldUse::refused, "all tokens are treated alike", "true"},
    {"draft_num_predict", FieldUse::no_effect, "the answer is the same"},
};

void read_format(const Fields& fields, AnswerConstraint& constraint) {
  const Json* format = fields.find("format");
  if (!format || *format == "") return;
  if (*format == "json") {
    constraint.kind = AnswerKind::json_object;
  } else if (format->is_object()) {
    constraint.kind = AnswerKind::json_schema;
    constraint.schema = *format;
  } else {
    refuse_field("format", "must be \"json\" or a JSON Schema");
  }
}

void read_think(const Fields& fields, ChatRequest& request) {
  const Json* think = fields.find("think");
  if (!think) return;
  if (!think->is_boolean() && !think->is_string()) refuse_field("think", "must be true, false or a level");
  if (!request.template_variables.is_object()) request.template_variables = Json::object();
  request.template_variables["enable_thinking"] = think->is_string() || think->get<bool>();
  if (think->is_string()) request.template_variables["reasoning_effort"] = *think;
}

int64_t nanoseconds(double seconds) { return static_cast<int64_t>(seconds * 1e9); }

std::string time_text(std::chrono::system_clock::time_point time) {
  const auto since = time.time_since_epoch();
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
  const std::time_t seconds = milliseconds / 1000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  return fmt::format("{}.{:03d}Z", text, milliseconds % 1000);
}

Json line_head(const ServedModel& model) { return {{"model", model.settings().name}, {"created_at", ollama_time()}}; }

class LineStream : public AnswerSink {
 public:
  LineStream(ExchangePtr exchange, std::shared_ptr<ServedModel> model, OllamaPart part_json)
      : exchange_(std::move(exchange)), model_(std::move(model)), part_json_(part_json) {}

  void on_begin(int64_t) override { exchange_->response().begin_stream("application/x-ndjson"); }
  void on_delta(size_t, const AnswerDelta& delta) override {
    if (!delta.part.empty()) send(part_json_(delta.part), false);
  }
  void on_choice_end(size_t, const ChoiceEnd& end) override {
    exchange_->prompt_tokens = end.summary.prompt_tokens;
    exchange_->generated_tokens = end.summary.generated_tokens;
    Json rest = part_json_({});
    rest.update(ollama_figures(end.summary));
    send(std::move(rest), true);
  }
  void on_end() override { exchange_->response().end_stream(); }
  void on_error(const Error& error) override {
    exchange_->send_error(error);
    exchange_->response().write(to_text(error_document(Dialect::ollama, error, exchange_->id())) + "\n");
    exchange_->response().end_stream();
  }

 private:
  void send(Json rest, bool is_done) {
    Json line = line_head(*model_);
    line["done"] = is_done;
    line.update(rest);
    exchange_->response().write(to_text(line) + "\n");
  }

  ExchangePtr exchange_;
  std::shared_ptr<ServedModel> model_;
  OllamaPart part_json_;
};

}  // namespace

std::vector<std::string> read_ollama_options(const Json& options, const std::string& where, ChatRequest& request) {
  auto unknown = check_fields(options, kOptions, false);
  const Fields fields(options, where);
  for (const auto& [name, value] : options.items()) {
    if (value.is_null() || !is_sampler_parameter(name)) continue;
    if (const auto number = fields.number(name)) request.sampling.set(name, *number);
  }
  if (const auto seed = fields.integer("seed", INT64_MIN, INT64_MAX))
    request.sampling.seed = static_cast<uint64_t>(*seed);
  request.stop = fields.texts("stop", kMaxStops);
  // -1 and -2: as much as fits.
  request.max_tokens = fields.integer("num_predict", -2, kMostTokens);
  if (request.max_tokens && *request.max_tokens < 0) request.max_tokens = kMostTokens;
  return unknown;
}

void read_ollama_generation(const Fields& fields, ChatRequest& request) {
  request.model = fields.text("model").value_or("");
  request.stream = fields.flag("stream", true);
  read_format(fields, request.constraint);
  read_think(fields, request);
  if (const Json* options = fields.object("options")) read_ollama_options(*options, "options", request);
}

std::optional<double> read_keep_alive(const Fields& fields) {
  const Json* value = fields.find("keep_alive");
  if (!value) return std::nullopt;
  if (value->is_number()) return value->get<double>();
  const std::string text = fields.require_text("keep_alive");
  const size_t unit = std::min(text.find_first_not_of("-0123456789."), text.size());
  constexpr std::pair<std::string_view, double> kUnits[] = {{"", 1}, {"ms", 1e-3}, {"s", 1}, {"m", 60}, {"h", 3600}};
  for (const auto& [name, seconds] : kUnits) {
    if (text.substr(unit) != name) continue;
    const Json number = Json::parse(text.substr(0, unit), nullptr, false);
    if (number.is_number()) return number.get<double>() * seconds;
  }
  refuse_field("keep_alive", "'{}' is no duration like 5m", text);
}

std::string ollama_name(const Fields& fields) {
  const auto name = fields.text("model");
  return name && !name->empty() ? *name : fields.require_text("name");
}

std::string ollama_time() { return time_text(std::chrono::system_clock::now()); }

std::string ollama_time_of_file(const std::string& path) {
  std::error_code error;
  const auto written = std::filesystem::last_write_time(path, error);
  return time_text(error ? std::chrono::system_clock::time_point{} : std::chrono::file_clock::to_sys(written));
}

Json ollama_figures(const runtime::RequestSummary& summary) {
  const bool is_cut = summary.reason == runtime::StopReason::max_tokens ||
                      summary.reason == runtime::StopReason::context_full ||
                      summary.reason == runtime::StopReason::time_limit;
  const double total = summary.waiting_seconds + summary.prompt_seconds + summary.generation_seconds;
  return {{"done_reason", is_cut ? "length" : "stop"},
          {"total_duration", nanoseconds(total)},
          {"load_duration", 0},
          {"prompt_eval_count", summary.prompt_tokens},
          {"prompt_eval_duration", nanoseconds(summary.prompt_seconds)},
          {"eval_count", summary.generated_tokens},
          {"eval_duration", nanoseconds(summary.generation_seconds)}};
}

Json ollama_calls(std::span<const text::ToolCall> calls) {
  Json list = Json::array();
  for (const auto& call : calls) {
    list.push_back({{"function", {{"name", call.name}, {"arguments", Json::parse(call.arguments)}}}});
  }
  return list;
}

void answer_ollama(const ExchangePtr& exchange, const std::shared_ptr<ServedModel>& model, const ChatRequest& request,
                   OllamaPart part_json) {
  if (request.stream) {
    return begin_generation(model, request, std::make_shared<LineStream>(exchange, model, part_json),
                            exchange->response());
  }
  auto document_of = [model, part_json](const FinishedAnswer& answer) {
    const auto& choice = answer.choices.front();
    Json document = line_head(*model);
    document["done"] = true;
    document.update(part_json(choice.part));
    document.update(ollama_figures(choice.end.summary));
    return document;
  };
  answer_whole(exchange, model, request, std::move(document_of));
}

}  // namespace adze::server
