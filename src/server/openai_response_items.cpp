#include "server/openai_response_items.h"

#include <algorithm>
#include <utility>

#include "server/openai.h"
#include "server/openai_messages.h"
#include "server/request_error.h"

namespace adze::server {
namespace {

constexpr size_t kMaxItems = 4096;

// Reasoning and calls are parts of the assistant's message that they stand beside.
class ItemReader {
 public:
  void read(const Fields& item) {
    const auto type = item.text("type").value_or("message");
    if (type == "message") return add_message(item);
    if (type == "reasoning") return add_thoughts(item);
    if (type == "function_call") return add_call(item);
    if (type == "function_call_output") return add_result(item);
    refuse_field(item.path("type"), "'{}' is not supported; only messages, functions and reasoning are", type);
  }

  Json take() {
    end_turn();
    return std::move(messages_);
  }

 private:
  void add_message(const Fields& item) {
    std::string role = item.require_text("role");
    if (role == "developer") role = "system";
    if (role != "user" && role != "assistant" && role != "system") {
      refuse_field(item.path("role"), "'{}' is none of user, assistant, system, developer", role);
    }
    const Json* content = item.find("content");
    if (!content) refuse_field(item.path("content"), "is missing");
    std::string text = content_text(*content, item.path("content"));
    if (role != "assistant") {
      end_turn();
      messages_.push_back({{"role", std::move(role)}, {"content", std::move(text)}});
      return;
    }
    if (turn_.contains("tool_calls") || turn_.contains("content")) end_turn();
    turn_["content"] = std::move(text);
  }

  void add_thoughts(const Fields& item) {
    if (turn_.contains("tool_calls") || turn_.contains("content")) end_turn();
    const Json* content = item.list("content");
    if (!content || content->empty()) return;  // a summary was written for people
    turn_["reasoning_content"] = turn_.value("reasoning_content", "") + content_text(*content, item.path("content"));
  }

  void add_call(const Fields& item) {
    turn_["tool_calls"].push_back(
        {{"id", item.require_text("call_id")},
         {"type", "function"},
         {"function", {{"name", item.require_text("name")}, {"arguments", call_arguments(item)}}}});
  }

  void add_result(const Fields& item) {
    end_turn();
    const Json* output = item.find("output");
    if (!output) refuse_field(item.path("output"), "is missing");
    messages_.push_back({{"role", "tool"},
                         {"tool_call_id", item.require_text("call_id")},
                         {"content", content_text(*output, item.path("output"))}});
  }

  void end_turn() {
    if (turn_.empty()) return;
    Json message = {{"role", "assistant"}, {"content", ""}};
    message.update(turn_);
    messages_.push_back(std::move(message));
    turn_ = Json::object();
  }

  Json messages_ = Json::array();
  Json turn_ = Json::object();  // of the assistant, so far
};

}  // namespace

Json messages_of_items(const Json& input) {
  if (input.is_string()) return Json::array({{{"role", "user"}, {"content", input}}});
  if (!input.is_array() || input.empty()) refuse_field("input", "must be a text or a list with at least one item");
  if (input.size() > kMaxItems)
    refuse_field("input", "has {} entries, at most {} are allowed", input.size(), kMaxItems);
  ItemReader reader;
  for (size_t i = 0; i < input.size(); ++i) reader.read(Fields(input[i], fmt::format("input[{}]", i)));
  return reader.take();
}

Json message_of_answer(const text::AnswerPart& answer) {
  Json message = {{"role", "assistant"}, {"content", answer.content}};
  if (!answer.thoughts.empty()) message["reasoning_content"] = answer.thoughts;
  for (const auto& call : answer.calls) {
    Json arguments = Json::parse(call.arguments, nullptr, false);
    if (!arguments.is_object()) continue;  // cut off
    message["tool_calls"].push_back(
        {{"type", "function"}, {"function", {{"name", call.name}, {"arguments", arguments}}}});
  }
  return message;
}

struct ResponseOutput::Kind {
  std::string_view type, id_prefix;
  std::string_view part;  // type of its one part of content; empty: it has none
  std::string_view delta_event, done_event;
  std::string_view text_member;  // of the last event
};

const ResponseOutput::Kind ResponseOutput::kThoughts = {
    "reasoning", "rs_", "reasoning_text", "response.reasoning_text.delta", "response.reasoning_text.done", "text"};
const ResponseOutput::Kind ResponseOutput::kText = {
    "message", "msg_", "output_text", "response.output_text.delta", "response.output_text.done", "text"};
const ResponseOutput::Kind ResponseOutput::kCall = {
    "function_call", "fc_", {}, "response.function_call_arguments.delta", "response.function_call_arguments.done",
    "arguments"};

void ResponseOutput::add(const text::AnswerPart& part, Json logprobs) {
  if (!part.thoughts.empty()) say(kThoughts, part.thoughts);
  const bool is_of_text = part.thoughts.empty() && part.calls.empty();
  if (is_of_text) std::ranges::move(logprobs, std::back_inserter(fresh_logprobs_));
  if (!part.content.empty()) say(kText, part.content);
  for (const auto& call : part.calls) {
    if (!call.name.empty()) begin_call(call);
    say(kCall, call.arguments);
  }
}

void ResponseOutput::close(bool is_whole) {
  if (items_.empty()) say(kText, "");
  close_item(is_whole ? "completed" : "incomplete");
}

void ResponseOutput::say(const Kind& kind, const std::string& text) {
  if (kind_ != &kind) open(kind, {});
  if (text.empty()) return;
  text_ += text;
  Json members = place();
  members["delta"] = text;
  if (kind_ == &kText) members["logprobs"] = take_logprobs();
  tell_(kind.delta_event, std::move(members));
}

void ResponseOutput::begin_call(const text::ToolCall& call) {
  open(kCall, {{"call_id", random_id("call_")}, {"name", call.name}, {"arguments", ""}});
}

void ResponseOutput::open(const Kind& kind, Json members) {
  close_item("completed");
  Json item = {{"id", random_id(kind.id_prefix)}, {"type", kind.type}, {"status", "in_progress"}};
  if (&kind == &kText) item["role"] = "assistant";
  if (&kind == &kThoughts) item["summary"] = Json::array();
  if (!kind.part.empty()) item["content"] = Json::array();
  if (!members.is_null()) item.update(members);
  items_.push_back(item);
  kind_ = &kind;
  tell_("response.output_item.added", {{"output_index", items_.size() - 1}, {"item", std::move(item)}});
  if (kind.part.empty()) return;
  Json place_of_part = place();
  place_of_part["part"] = part_json();
  tell_("response.content_part.added", std::move(place_of_part));
}

void ResponseOutput::close_item(std::string_view status) {
  if (!kind_) return;
  if (kind_ == &kText) take_logprobs();
  Json done = place();
  done[std::string(kind_->text_member)] = text_;
  if (kind_ == &kText) done["logprobs"] = logprobs_;
  tell_(kind_->done_event, std::move(done));
  Json& item = items_.back();
  if (kind_->part.empty()) {
    item["arguments"] = text_;
  } else {
    Json place_of_part = place();
    place_of_part["part"] = part_json();
    item["content"].push_back(part_json());
    tell_("response.content_part.done", std::move(place_of_part));
  }
  item["status"] = status;
  tell_("response.output_item.done", {{"output_index", items_.size() - 1}, {"item", item}});
  kind_ = nullptr;
  text_.clear();
  logprobs_ = Json::array();
}

Json ResponseOutput::take_logprobs() {
  Json fresh = std::exchange(fresh_logprobs_, Json::array());
  logprobs_.insert(logprobs_.end(), fresh.begin(), fresh.end());
  return fresh;
}

Json ResponseOutput::part_json() const {
  Json part = {{"type", kind_->part}, {"text", text_}};
  if (kind_ == &kText) part.update(Json{{"annotations", Json::array()}, {"logprobs", logprobs_}});
  return part;
}

Json ResponseOutput::place() const {
  Json place = {{"item_id", items_.back()["id"]}, {"output_index", items_.size() - 1}};
  if (!kind_->part.empty()) place["content_index"] = 0;
  return place;
}

}  // namespace adze::server
