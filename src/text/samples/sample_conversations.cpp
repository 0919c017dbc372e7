#include "text/samples/sample_conversations.h"

namespace adze::text {
namespace {

Json message(const char* role, const char* content) { return {{"role", role}, {"content", content}}; }

Json weather_tool() {
  return Json::parse(
      R"({"type": "function", "function": {"name": "get_weather", "description": "The weather of a city.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string", "description": "its name"},
    "days": {"type": "integer"}}, "required": ["city"]}}})");
}

Json call_of_weather_tool() {
  return Json::parse(R"({"role": "assistant", "content": "", "tool_calls": [{"id": "call00001", "type": "function",
    "function": {"name": "get_weather", "arguments": {"city": "Zürich", "days": 2}}}]})");
}

Json result_of_weather_tool() {
  return Json::parse(R"({"role": "tool", "name": "get_weather", "tool_call_id": "call00001",
    "content": "{\"degrees\": 21.5}"})");
}

}  // namespace

std::vector<SampleConversation> sample_conversations() {
  const Json user = message("user", "What is 1 + 1?");
  const Json assistant = message("assistant", "It is 2.");
  const Json system = message("system", "You answer briefly.");
  const Json blanks = message("user", "  blanks around \n\n");
  const Json called = Json::array({user, call_of_weather_tool(), result_of_weather_tool()});
  return {
      {"one question", Json::array({user})},
      {"without a prompt for an answer", Json::array({user}), nullptr, false},
      {"with a system message", Json::array({system, user})},
      {"two questions", Json::array({user, assistant, message("user", "And 2 + 2?")})},
      {"a whole exchange", Json::array({system, user, assistant}), nullptr, false},
      {"blanks around a question", Json::array({blanks})},
      {"an empty answer", Json::array({user, message("assistant", ""), user})},
      {"several scripts", Json::array({message("user", "Grüße, 你好, \U0001f680 <b>&amp;</b> {{ x }}")})},
      {"with a tool", Json::array({user}), Json::array({weather_tool()})},
      {"a tool's result", called, Json::array({weather_tool()})},
  };
}

}  // namespace adze::text
