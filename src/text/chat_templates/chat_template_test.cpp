#include "text/chat_templates/chat_template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/json.h"

namespace adze::text {
namespace {

using testing::HasSubstr;

constexpr char kCases[] = "tests/cases/chat_templates/cases.json";

/// A fixed time, and limits that are reached soon.
RenderOptions test_options() {
  RenderOptions options;
  options.max_steps = 1'000'000;
  options.max_bytes = 16 << 20;
  options.now = std::chrono::system_clock::time_point(std::chrono::seconds(1753444800));  // 2025-07-25 12:00 UTC
  return options;
}

std::string render(const std::string& source, const Json& context = Json::object()) {
  return ChatTemplate::parse(source, "test").render(context, test_options());
}

std::string error_of(const std::string& source, const Json& context = Json::object()) {
  try {
    return "rendered: " + render(source, context);
  } catch (const Error& error) {
    return error.what();
  }
}

// Expected results come from jinja2 (tests/peers/make_chat_template_cases.py).
TEST(ChatTemplate, RendersEveryCaseLikeJinja2) {
  const Json document = read_json_file(kCases);
  ASSERT_GT(document["cases"].size(), 1000u);
  for (const Json& example : document["cases"]) {
    const std::string source = example["template"];
    SCOPED_TRACE(source);
    if (example.contains("refused")) {
      EXPECT_THROW(render(source, document["context"]), Error);
    } else {
      EXPECT_EQ(render(source, document["context"]), example["expected"].get<std::string>());
    }
  }
}

TEST(ChatTemplate, RendersAConversation) {
  const std::string source =
      "{{ bos_token }}{% for message in messages %}<{{ message.role }}>{{ message['content'] | trim }}</s>\n"
      "{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}";
  ChatContextOptions options;
  options.add_generation_prompt = true;
  options.special_tokens = {{"bos_token", "<s>"}};
  const Json context = chat_context({{"system", " Be kind. "}, {"user", "Hi"}}, options);
  EXPECT_EQ(render(source, context), "<s><system>Be kind.</s>\n<user>Hi</s>\n<assistant>");
}

TEST(ChatTemplate, BuildsTheContextOfTransformers) {
  ChatContextOptions options;
  options.extra = {{"enable_thinking", false}};
  const Json context = chat_context({{"user", "Hi"}}, options);
  EXPECT_EQ(context.dump(), R"({"messages":[{"role":"user","content":"Hi"}],"tools":null,"documents":null,)"
                            R"("add_generation_prompt":false,"enable_thinking":false})");
  EXPECT_THROW(chat_context_from_json(Json::object()), Error);
}

TEST(ChatTemplate, ErrorsSayWhereAndWhat) {
  EXPECT_EQ(error_of("a\n  {{ 1 + }}"), "test:2:10: unexpected '}}': expected an expression");
  EXPECT_THAT(error_of("{% for x in y %}"), HasSubstr("test:1:17: unexpected the end of the template"));
  EXPECT_THAT(error_of("x{% if a.b.c %}{% endif %}", {{"a", 1}}),
              HasSubstr("test:1:11: attribute 'b' of a int is undefined"));
  EXPECT_THAT(error_of("{{ raise_exception('roles must alternate') }}"), HasSubstr("roles must alternate"));
  EXPECT_THAT(error_of("{{ 1 | nope }}"), HasSubstr("there is no filter 'nope'"));
  EXPECT_THAT(error_of("{% include 'x' %}"), HasSubstr("chat templates may use if, for"));
}

TEST(ChatTemplate, FormatsTheGivenTime) {
  EXPECT_THAT(render("{{ strftime_now('%Y') }}"), "2025");
  EXPECT_EQ(render("{{ strftime_now('') }}"), "");
}

TEST(ChatTemplate, IsUnchangedByRendering) {
  const ChatTemplate chat =
      ChatTemplate::parse("{% set ns = namespace(n=0) %}{% set ns.n = ns.n + 1 %}{{ ns.n }}", "test");
  EXPECT_EQ(chat.render(Json::object()), "1");
  EXPECT_EQ(chat.render(Json::object()), "1");
}

TEST(ChatTemplate, ReplacesInvalidUtf8) {
  EXPECT_EQ(render("a\xff{{ x }}", {{"x", "b\xc3"}}),
            "a\xef\xbf\xbd"
            "b\xef\xbf\xbd");
}

TEST(ChatTemplateLimits, StopsEndlessWork) {
  const std::string loops = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}";
  EXPECT_THAT(error_of(loops), HasSubstr("too "));
  EXPECT_THAT(error_of("{{ 'x' * 9000000000 }}"), HasSubstr("too much text"));
  EXPECT_THAT(
      error_of(
          "{% set ns = namespace(s='xxxxxxxx') %}{% for i in range(90) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}"),
      HasSubstr("too much text"));
  EXPECT_THAT(error_of("{{ [1] * 9000000000 }}"), HasSubstr("too"));
  EXPECT_THAT(error_of("{{ range(1000000) }}"), HasSubstr("longer than 100000"));
  EXPECT_THAT(error_of("{{ '%999999999d' % 1 }}"), HasSubstr("is above"));
  EXPECT_THAT(error_of("{{ 'a' | center(999999999) }}"), HasSubstr("is above"));
}

TEST(ChatTemplateLimits, StopsDeepNesting) {
  EXPECT_THAT(error_of("{{ " + std::string(100000, '(') + std::string(100000, ')') + " }}"),
              HasSubstr("levels of nesting"));
  EXPECT_THAT(error_of("{{ " + std::string(100000, '-') + "1 }}"), HasSubstr("levels of nesting"));
  std::string sum = "{{ 1";
  for (int i = 0; i < 100000; ++i) sum += "+1";
  EXPECT_THAT(error_of(sum + " }}"), HasSubstr("more than 2000 operators"));
  std::string ifs;
  for (int i = 0; i < 100000; ++i) ifs += "{% if 1 %}";
  EXPECT_THAT(error_of(ifs), HasSubstr("levels of nesting"));
  EXPECT_THAT(error_of("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"), HasSubstr("nests too deeply"));
  const std::string grow =
      "{% set ns = namespace(x=[]) %}{% for i in range(9999) %}{% set ns.x = [ns.x] %}{% endfor %}";
  EXPECT_THAT(error_of(grow), HasSubstr("values nest deeper"));
}

TEST(ChatTemplateLimits, StopsExponentialValues) {
  const std::string grow =
      "{% set ns = namespace(x=[1]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}";
  EXPECT_THAT(error_of(grow + "{{ ns.x }}"), HasSubstr("template"));
  EXPECT_THAT(error_of(grow + "{{ ns.x | tojson }}"), HasSubstr("template"));
  EXPECT_THAT(error_of(grow + "{{ ns.x == [ns.x[0], ns.x[1]] }}"), HasSubstr("runs too long"));
}

// Operations that multiply a long text by a count must pay for it piece by piece.
TEST(ChatTemplateLimits, StopsTextBombs) {
  const std::string big = "{% set b = 'x' * 1000000 %}";
  std::string chain = big + "{{ b";
  for (int i = 0; i < 1000; ++i) chain += " ~ b";
  std::string fields;
  for (int i = 0; i < 1000; ++i) fields += "{0}";
  EXPECT_THAT(error_of(chain + " }}"), HasSubstr("too much text"));
  EXPECT_THAT(error_of(big + "{{ '" + fields + "'.format(b) }}"), HasSubstr("too much text"));
  EXPECT_THAT(error_of(big + "{{ ([('a', b)] * 1000) | urlencode }}"), HasSubstr("too much text"));
  EXPECT_THAT(error_of(big + "{{ ([b] * 1000) | sort | length }}"), HasSubstr("too much text"));
  EXPECT_THAT(error_of(big + "{{ b.split('x') | length }}"), HasSubstr("too "));
  EXPECT_THAT(error_of(big + "{{ b | list | length }}"), HasSubstr("too "));
  EXPECT_THAT(error_of("{% for i in range(99999) %}{% macro m() %}{% endmacro %}{% endfor %}"), HasSubstr("too much"));
}

// Values that refer to themselves must neither hang nor leak.
TEST(ChatTemplateLimits, SurvivesCycles) {
  EXPECT_EQ(render("{% set ns = namespace() %}{% set ns.ns = ns %}{{ ns.ns.ns is defined }}"), "True");
  EXPECT_EQ(
      render("{% set ns = namespace() %}{% macro m() %}{{ ns.m is defined }}{% endmacro %}{% set ns.m = m %}{{ m() }}"),
      "True");
  EXPECT_EQ(render("{% for x in [1, 2] %}{{ loop.changed(loop) }}{% endfor %}"), "TrueFalse");
}

TEST(ChatTemplateLimits, RefusesWhatDoesNotFit64Bits) {
  EXPECT_THAT(error_of("{{ 9223372036854775807 + 1 }}"), HasSubstr("64 bits"));
  EXPECT_THAT(error_of("{{ 2 ** 64 }}"), HasSubstr("64 bits"));
  EXPECT_THAT(error_of("{{ 99999999999999999999 }}"), HasSubstr("64 bits"));
  EXPECT_THAT(error_of("{{ x }}", {{"x", UINT64_MAX}}), HasSubstr("64 bits"));
}

}  // namespace
}  // namespace adze::text
