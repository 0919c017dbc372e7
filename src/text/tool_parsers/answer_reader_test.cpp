#include "text/tool_parsers/answer_reader.h"

#include <gtest/gtest.h>

#include "text/grammars/grammar_program.h"

namespace adze::text {
namespace {

std::string spelled(const AnswerPart& part) {
  std::string text = "[" + part.thoughts + "][" + part.content + "]";
  for (const auto& call : part.calls) text += call.name + call.arguments;
  return text;
}

AnswerPart read_in_pieces(const AnswerForm& form, std::string_view text, size_t bytes) {
  AnswerReader reader(form);
  AnswerPart all;
  for (size_t i = 0; i < text.size(); i += bytes) append(all, reader.push(text.substr(i, bytes)));
  append(all, reader.finish());
  return all;
}

// The same however the text is cut into pieces, and where calls come in pieces, if they are whole.
std::string read(AnswerForm form, std::string_view text) {
  const AnswerPart whole = read_in_pieces(form, text, text.size() + 1);
  for (size_t bytes = 1; bytes <= text.size(); ++bytes) {
    form.streams_calls = false;
    EXPECT_EQ(spelled(read_in_pieces(form, text, bytes)), spelled(whole)) << text << " in pieces of " << bytes;
    form.streams_calls = !whole.calls.empty();
    EXPECT_EQ(spelled(read_in_pieces(form, text, bytes)), spelled(whole)) << text << " streamed in pieces of " << bytes;
  }
  return spelled(whole);
}

// What of the call comes with each byte.
std::vector<std::string> streamed(AnswerForm form, std::string_view text) {
  form.streams_calls = true;
  AnswerReader reader(form);
  std::vector<std::string> pieces;
  for (const char c : text) {
    for (const auto& call : reader.push({&c, 1}).calls) pieces.push_back(call.name + call.arguments);
  }
  return pieces;
}

const AnswerForm kPlain = {};
const AnswerForm kThinks = {.splits_thoughts = true};
const AnswerForm kTagged = {.tools = &tagged_json_format, .splits_thoughts = true};
const AnswerForm kListed = {.tools = &listed_json_format};
const AnswerForm kBare = {.tools = &bare_json_format};
const AnswerForm kFunctions = {.tools = &tagged_functions_format};

TEST(AnswerReader, LeavesTextAsItIs) {
  EXPECT_EQ(read(kPlain, " a <think>b</think> "), "[][ a <think>b</think> ]");
  EXPECT_EQ(read(kTagged, "a < b \n"), "[][a < b \n]");
  EXPECT_EQ(read(kPlain, ""), "[][]");
}

TEST(AnswerReader, SplitsThoughts) {
  EXPECT_EQ(read(kThinks, "<think>\nwhy </not> so\n</think>\n\nBecause."), "[why </not> so][Because.]");
  EXPECT_EQ(read(kThinks, "\n<think></think>yes"), "[][yes]");
  EXPECT_EQ(read(kThinks, "<think>never ends"), "[never ends][]");
  EXPECT_EQ(read(kThinks, "<thin air"), "[][<thin air]");
  EXPECT_EQ(read(kThinks, "no <think>x</think>"), "[][no <think>x</think>]");
  EXPECT_EQ(read({.splits_thoughts = true, .begins_in_thoughts = true}, "\nhm\n</think>\nyes"), "[hm][yes]");
}

TEST(AnswerReader, ReadsTaggedJson) {
  constexpr auto kCall = "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"x\": 1}}\n</tool_call>";
  EXPECT_EQ(read(kTagged, kCall), "[][]f{\"x\": 1}");
  EXPECT_EQ(read(kTagged, std::string("<think>t</think>\nI look.\n") + kCall + "\n" + kCall + "\n"),
            "[t][I look.]f{\"x\": 1}f{\"x\": 1}");
  EXPECT_EQ(read(kTagged, std::string(kCall) + "\nDone."), "[][Done.]f{\"x\": 1}");
  EXPECT_EQ(read(kTagged, "<tool_call>{\"name\": \"f\", \"arguments\": {}}"), "[][]f{}");  // cut off, but whole
  EXPECT_EQ(read(kTagged, "<tool_call>{\"name\": \"f\", \"arguments\": \"{\\\"a\\\": 2}\"}</tool_call>"),
            "[][]f{\"a\": 2}");
}

TEST(AnswerReader, WhatIsNoCallIsContent) {
  EXPECT_EQ(read(kTagged, "a\n<tool_call>{\"name\": 1}</tool_call> b"),
            "[][a\n<tool_call>{\"name\": 1}</tool_call> b]");
  EXPECT_EQ(read(kTagged, "<tool_call>{\"name\": \"f\", \"argu"), "[][<tool_call>{\"name\": \"f\", \"argu]");
  EXPECT_EQ(read(kBare, "{\"a\": 1}"), "[][{\"a\": 1}]");
  EXPECT_EQ(read(kBare, "{ not JSON; at all"), "[][{ not JSON; at all]");
}

TEST(AnswerReader, ReadsLists) {
  EXPECT_EQ(read(kListed, "[TOOL_CALLS][{\"name\":\"f\",\"arguments\":{}},{\"name\":\"g\",\"arguments\":{\"a\":[]}}]"),
            "[][]f{}g{\"a\":[]}");
  EXPECT_EQ(read(kListed, "[TOOL_CALLS]f[ARGS]{\"a\":1}"), "[][]f{\"a\":1}");
  EXPECT_EQ(read(kListed, "[TOOL_CALLS][]x"), "[][[TOOL_CALLS][]x]");
}

TEST(AnswerReader, ReadsBareObjects) {
  EXPECT_EQ(read(kBare, "{\"name\":\"f\",\"parameters\":{\"q\":\"a;b\"}}"), "[][]f{\"q\":\"a;b\"}");
  EXPECT_EQ(read(kBare, "<|python_tag|>{\"name\":\"f\",\"parameters\":{}}; {\"name\":\"g\",\"parameters\":{}}"),
            "[][]f{}g{}");
  EXPECT_EQ(read(kBare, "Hello {\"name\":\"f\",\"parameters\":{}}"), "[][Hello {\"name\":\"f\",\"parameters\":{}}]");
}

TEST(AnswerReader, ReadsFunctions) {
  EXPECT_EQ(read(kFunctions,
                 "<tool_call>\n<function=f>\n<parameter=city>\nRome\n</parameter>\n<parameter=days>\n3\n"
                 "</parameter>\n</function>\n</tool_call>"),
            "[][]f{\"city\":\"Rome\",\"days\":3}");
}

TEST(AnswerReader, ReadsFunctionsWithTexts) {
  EXPECT_EQ(read(kFunctions,
                 "<tool_call><function=f><parameter=a>say \"hi\"\n\n</parameter><parameter=b>\n\n7 x\n</parameter>"
                 "<parameter=c>[1, {}]</parameter></function>\n<function=g>\n</function></tool_call>"),
            "[][]f{\"a\":\"say \\\"hi\\\"\\n\",\"b\":\"\\n7 x\",\"c\":[1, {}]}g{}");
  EXPECT_EQ(read(kFunctions,
                 "<tool_call><function=f><parameter=a>1</parameter><parameter=a>2</parameter></function></tool_call>"),
            "[][<tool_call><function=f><parameter=a>1</parameter><parameter=a>2</parameter></function></tool_call>]");
}

TEST(AnswerReader, ReadsCallsInAnyOrderOfMembers) {
  EXPECT_EQ(
      read(kTagged, "<tool_call>{\"id\": [1, \"}\"], \"arguments\": {\"x\": \"\\\"}\"}, \"name\": \"f\"}</tool_call>"),
      "[][]f{\"x\": \"\\\"}\"}");
  EXPECT_EQ(read(kTagged, "<tool_call>{\"name\": \"f\", \"name\": \"g\", \"arguments\": {}}</tool_call>"),
            "[][<tool_call>{\"name\": \"f\", \"name\": \"g\", \"arguments\": {}}</tool_call>]");
  EXPECT_EQ(read(kTagged, "<tool_call>{\"name\": \"f\", \"n\": 1e5 , \"arguments\": {}}</tool_call>"), "[][]f{}");
}

TEST(AnswerReader, StreamsCallsAsTheyCome) {
  using Pieces = std::vector<std::string>;
  EXPECT_EQ(streamed(kTagged, "<tool_call>{\"name\": \"f\", \"arguments\": {\"x\":1}}</tool_call>"),
            (Pieces{"f{", "\"", "x", "\"", ":", "1", "}"}));
  EXPECT_EQ(streamed(kListed, "[TOOL_CALLS]f[ARGS]{\"a\":1}"), (Pieces{"f{", "\"", "a", "\"", ":", "1", "}"}));
  EXPECT_EQ(streamed(kBare, "{\"name\": \"f\", \"parameters\": {\"a\""), (Pieces{"f{", "\"", "a", "\""}));
  EXPECT_EQ(streamed(kFunctions, "<tool_call><function=f><parameter=a>\nwhy\n</parameter></function></tool_call>"),
            (Pieces{"f{", "\"a\":\"", "w", "h", "y", "\"", "}"}));
}

TEST(AnswerReader, SaysThatAStreamedCallIsBroken) {
  AnswerForm form = kTagged;
  form.streams_calls = true;
  for (const auto& [text, is_broken] : {std::pair("<tool_call>{\"name\": \"f\", \"arguments\": {\"x\"", true),
                                        std::pair("<tool_call>{\"name\": \"f\", \"arguments\": {}}", false),
                                        std::pair("<tool_call>{\"name\": \"f\", \"arg", false)}) {
    AnswerReader reader(form);
    reader.push(text);
    reader.finish();
    EXPECT_EQ(reader.has_broken_call(), is_broken) << text;
  }
}

TEST(ToolFormats, AreToldByTheTemplate) {
  EXPECT_EQ(tool_format_of("... <tool_call>{\"name\": x, \"arguments\": y}"), &tagged_json_format);
  EXPECT_EQ(tool_format_of("... <tool_call>\n<function=x> \"arguments\""), &tagged_functions_format);
  EXPECT_EQ(tool_format_of("[TOOL_CALLS]"), &listed_json_format);
  EXPECT_EQ(tool_format_of("<tool_call>name<arg_key> \"arguments\""), nullptr);
  EXPECT_EQ(tool_format_of("{{ messages }}"), nullptr);
}

TEST(ToolFormats, GrammarsOfCallsAreThere) {
  const Json tools = {
      {{"name", "f"}, {"parameters", {{"type", "object"}, {"properties", {{"x", {{"type", "integer"}}}}}}}},
      {{"name", "g"}}};
  for (const auto* format : all_tool_formats()) {
    if (!format->schema) continue;
    EXPECT_GT(GrammarProgram(tool_call_grammar(*format, tools)).instructions().size(), 10u);
  }
  EXPECT_THROW(tool_call_grammar(tagged_json_format, Json::array()), Error);
}

}  // namespace
}  // namespace adze::text
