#include "text/grammars/json_schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "text/grammars/decimal_ranges.h"
#include "text/grammars/grammar_automaton.h"
#include "text/grammars/string_formats.h"

namespace adze::text {
namespace {

using testing::HasSubstr;

class Schema {
 public:
  explicit Schema(const std::string& source)
      : automaton_(std::make_shared<GrammarProgram>(parse_json_schema(parse_json(source, "test"), "test"))) {}

  bool accepts(const std::string& text) { return automaton_.may_end(automaton_.read(automaton_.start(), text)); }

 private:
  GrammarAutomaton automaton_;
};

void expect(const std::string& source, const std::vector<std::string>& valid, const std::vector<std::string>& invalid) {
  Schema schema(source);
  for (const auto& text : valid) EXPECT_TRUE(schema.accepts(text)) << source << "\n" << text;
  for (const auto& text : invalid) EXPECT_FALSE(schema.accepts(text)) << source << "\n" << text;
}

std::string error_of(const std::string& source) {
  try {
    Schema schema(source);
    return "accepted";
  } catch (const Error& error) {
    return error.what();
  }
}

TEST(JsonSchema, AnyValue) {
  const std::vector<std::string> valid{
      "null", "true", "-0.5e+10", "\"a\\u00e9\\n\\ud83d\\ude00é\"", "[1,[],{}]", "{\"a\": {\n  \"b\": [1, 2]\n}}"};
  const std::vector<std::string> invalid{"",     "nul",   "01",      "1.", "\"\n\"", "\"\\ud800\"",
                                         "[1,]", "{a:1}", "\"\\x\"", "1 2"};
  expect("{}", valid, invalid);
  expect("true", valid, invalid);
  EXPECT_THAT(error_of("false"), HasSubstr("no text can match"));
}

TEST(JsonSchema, Types) {
  expect(R"({"type": ["integer", "null"]})", {"1", "-20", "null", "0"}, {"1.5", "\"a\"", "-0", "00"});
  expect(R"({"type": "number"})", {"1.5", "1e9", "-1"}, {"null"});
  expect(R"({"type": "boolean"})", {"true", "false"}, {"null"});
  expect(R"({"type": "string"})", {"\"\""}, {"1"});
  expect(R"({"type": "array"})", {"[]", "[1, \"a\"]"}, {"{}"});
  expect(R"({"type": "object"})", {"{}", "{\"a\": 1}"}, {"[]"});
  EXPECT_THAT(error_of(R"({"type": "text"})"), HasSubstr("test: #/type: \"text\" is no type"));
}

TEST(JsonSchema, Objects) {
  const std::string source = R"({"type": "object", "properties": {"a": {"type": "integer"}, "b": {"const": true},
                                 "c": {"type": "null"}}, "required": ["b"]})";
  expect(
      source, {R"({"b": true})", R"({"a":1,"b":true,"c":null})", R"({"a": 1, "b": true})", "{\n  \"b\": true\n}"},
      {"{}", R"({"a": 1})", R"({"b": true, "a": 1})", R"({"b": true,})", R"({"b": true, "d": 1})", R"({,"b": true})"});
  expect(R"({"properties": {"a": {}}, "additionalProperties": {"type": "integer"}})",
         {"{}", R"({"a": "x", "b": 1, "ab": 2})", R"({"b": 1})", R"({"": 1})", R"({"A": 1, "\n": 2})"},
         {R"({"b": "x"})", R"({"b": 1, "a": "x"})", R"({"\u0061": 1})"});
  expect(R"({"properties": {"a": {}}, "additionalProperties": false})", {"{}", R"({"a": 1})"}, {R"({"b": 1})"});
  expect(R"({"type": "object", "required": ["k\"ey"]})", {R"({"k\"ey": [1]})"}, {"{}", R"({"x": 1})"});
  expect(R"({"type": "object", "additionalProperties": {"type": "null"}, "maxProperties": 2})",
         {"{}", R"({"a": null, "b": null})"}, {R"({"a": null, "b": null, "c": null})"});
}

TEST(JsonSchema, Arrays) {
  expect(R"({"items": {"type": "integer"}, "minItems": 2, "maxItems": 3})", {"[1, 2]", "[1,2,3]"},
         {"[1]", "[1,2,3,4]", "[1,null]", "[]"});
  expect(R"({"prefixItems": [{"type": "integer"}, {"type": "null"}]})", {"[]", "[1]", "[1, null]"},
         {"[null]", "[1, null, 2]"});
  expect(R"({"prefixItems": [{"type": "integer"}], "items": {"type": "null"}, "minItems": 1})",
         {"[1]", "[1, null, null]"}, {"[]", "[1, 1]"});
  expect(R"({"prefixItems": [{"type": "integer"}, {}], "minItems": 3})", {"[1, 2, {}]"}, {"[1, 2]"});
  expect(R"({"type": "array", "maxItems": 0})", {"[]", "[ ]"}, {"[1]"});
  expect(R"({"items": false})", {"[]"}, {"[1]"});
  expect(R"({"type": "array", "maxItems": 1})", {"[]", "[1]"}, {"[1,1]"});
}

TEST(JsonSchema, Strings) {
  expect(R"({"type": "string", "minLength": 2, "maxLength": 3})", {R"("ab")", R"("é😀ß")", R"("\n\ud83d\ude00a")"},
         {R"("a")", R"("abcd")"});
  expect(R"({"pattern": "^[a-c\"\\n]{2,}$"})", {R"("ab")", R"("\"\n")"}, {R"("a")", R"("ad")"});
  expect(R"({"pattern": "b+"})", {R"("abba")"}, {R"("aca")"});
  expect(R"({"pattern": "^[A-Z]{3}$", "minLength": 2, "maxLength": 3})", {R"("ABC")"}, {R"("AB")"});
  EXPECT_THAT(error_of(R"({"pattern": "^a+$", "maxLength": 3})"), HasSubstr("#/pattern: the lengths"));
  EXPECT_THAT(error_of(R"_({"properties": {"a": {"pattern": "(?=a)"}}})_"), HasSubstr("#/properties/a/pattern:1:3"));
  EXPECT_THAT(error_of(R"({"pattern": "a", "format": "uuid"})"), HasSubstr("#/format: beside #/pattern"));
  EXPECT_THAT(error_of(R"({"format": "iri"})"), HasSubstr("#/format: 'iri' is not supported"));
}

TEST(JsonSchema, Formats) {
  expect(R"({"format": "date"})", {R"("2024-02-29")", R"("2000-02-29")", R"("1999-12-31")"},
         {R"("2023-02-29")", R"("1900-02-29")", R"("2024-04-31")", R"("2024-13-01")", R"("0000-01-01")"});
  expect(R"({"format": "time"})", {R"("23:59:59Z")", R"("00:00:00.5+02:00")"}, {R"("24:00:00Z")", R"("12:00Z")"});
  expect(R"({"format": "date-time"})", {R"("2024-02-29T12:30:00Z")"}, {R"("2024-02-29 12:30:00Z")"});
  expect(R"({"format": "uuid"})", {R"("123e4567-e89b-12d3-a456-426614174000")"}, {R"("123e4567")"});
  expect(R"({"format": "email"})", {R"("a.b+c@example.org")"}, {R"("a@b")", R"("@example.org")"});
  expect(R"({"format": "ipv4"})", {R"("255.0.10.1")"}, {R"("256.0.0.1")", R"("1.2.3")"});
  expect(R"({"format": "ipv6"})", {R"("::1")", R"("1:2:3:4:5:6:7:8")", R"("::")"}, {R"("1:2")"});
  expect(R"({"format": "duration"})", {R"("P1Y2M3DT4H5M6S")", R"("PT5M")", R"("P3W")"}, {R"("P")", R"("P1YT")"});
  expect(R"({"format": "uri"})", {R"("https://example.org:80/a%20b?q=1#x")"}, {R"("example.org")"});
  expect(R"({"format": "hostname"})", {R"("a-b.example")"}, {R"("-a")"});
  for (const StringFormat& format : string_formats()) {
    EXPECT_EQ(error_of(R"({"format": ")" + std::string(format.name) + "\"}"), "accepted");
  }
}

// Every bound against every number of a fine grid around them.
TEST(JsonSchema, IntegersWithinBounds) {
  const std::vector<int> bounds{-1005, -100, -99, -10, -1, 0, 1, 5, 9, 10, 11, 99, 100, 105, 999, 1234};
  for (const int low : bounds) {
    for (const int high : bounds) {
      if (high < low) continue;
      Schema schema("{\"type\": \"integer\", \"minimum\": " + std::to_string(low) +
                    ", \"exclusiveMaximum\": " + std::to_string(high + 1) + "}");
      for (int number = -1300; number <= 1300; ++number) {
        ASSERT_EQ(schema.accepts(std::to_string(number)), low <= number && number <= high)
            << low << " " << high << " " << number;
      }
    }
  }
  expect(R"({"type": "integer", "minimum": 0})", {"0", "9999999999999999"}, {"-1", "-0", "007", "1.0"});
  expect(R"({"type": "integer", "minimum": 0.5, "maximum": 2.5})", {"1", "2"}, {"0", "3"});
  EXPECT_THAT(error_of(R"({"type": "integer", "minimum": 3, "maximum": 2})"), HasSubstr("no text can match"));
  EXPECT_THAT(error_of(R"({"type": "integer", "exclusiveMinimum": true})"),
              HasSubstr("#/exclusiveMinimum: must be a number"));
}

TEST(JsonSchema, NumbersWithinBounds) {
  const std::vector<double> bounds{-12.5, -1, -0.25, 0, 0.001, 0.5, 0.75, 1, 1.05, 9.5, 10, 12.345};
  for (const double low : bounds) {
    for (const double high : bounds) {
      if (high < low) continue;
      const std::string text = "\": " + Json(low).dump();
      Schema closed(R"({"type": "number", "minimum)" + text + R"(, "maximum": )" + Json(high).dump() + "}");
      for (int thousandths = -13000; thousandths <= 13000; thousandths += 25) {
        const double number = thousandths / 1000.0;
        ASSERT_EQ(closed.accepts(Json(number).dump()), low <= number && number <= high)
            << low << " " << high << " " << number;
      }
      if (high == low) continue;
      Schema open(R"({"type": "number", "exclusiveMinimum)" + text + R"(, "exclusiveMaximum": )" + Json(high).dump() +
                  "}");
      for (const double number : bounds) {
        ASSERT_EQ(open.accepts(Json(number).dump()), low < number && number < high)
            << low << " " << high << " " << number;
      }
    }
  }
  expect(R"({"type": "number", "minimum": 0, "maximum": 1})", {"0", "1", "0.5", "1.0", "0.0"},
         {"1.1", "-0.1", "1e0", "2"});
  expect(R"({"type": "number", "exclusiveMinimum": 0})", {"0.1", "5", "0.0000001"}, {"0", "0.0", "0.000", "-1"});
}

TEST(JsonSchema, DecimalsOfAnySpelling) {
  const auto decimal = [](const char* text) {
    const auto value = Decimal::parse(text);
    return (value->is_negative ? "-" : "") + value->integer + "." + value->fraction;
  };
  EXPECT_EQ(decimal("1e-07"), "0.0000001");
  EXPECT_EQ(decimal("-12.50"), "-12.5");
  EXPECT_EQ(decimal("1.5e3"), "1500.");
  EXPECT_EQ(decimal("-0.0"), "0.");
  EXPECT_EQ(decimal("12345E-2"), "123.45");
  EXPECT_FALSE(Decimal::parse("1e400"));
}

TEST(JsonSchema, ValuesThatAreListed) {
  expect(R"({"enum": ["a", 1, null, {"x": [1, "\n"]}, []]})",
         {"\"a\"", "1", "null", R"({"x": [1, "\n"]})", R"({"x":[1,"\n"]})", "[]"}, {"\"b\"", "{}", "2"});
  expect(R"({"type": "string", "enum": ["a", 1]})", {"\"a\""}, {"1"});
  expect(R"({"allOf": [{"enum": [1, 2, 3]}, {"enum": [2, 3, 4]}, {"type": "integer"}]})", {"2", "3"}, {"1", "4"});
  EXPECT_THAT(error_of(R"({"enum": [1, 2], "maximum": 1})"), HasSubstr("#/maximum: beside const or enum"));
  EXPECT_EQ(error_of(R"({"enum": ["a"], "maximum": 1})"), "accepted");
  EXPECT_THAT(error_of(R"({"enum": []})"), HasSubstr("no text can match"));
}

TEST(JsonSchema, SchemasTogether) {
  expect(R"({"anyOf": [{"type": "integer"}, {"type": "null"}]})", {"1", "null"}, {"1.5"});
  expect(R"({"type": "object", "properties": {"a": {"type": "integer"}}, "anyOf": [{"required": ["a"]},
             {"properties": {"b": {"type": "null"}}, "required": ["b"]}]})",
         {R"({"a": 1})", R"({"a": 1, "b": null})", R"({"b": null})"}, {"{}", R"({"b": 1})"});
  expect(R"({"allOf": [{"properties": {"a": {"minimum": 3}}, "required": ["a"]},
             {"properties": {"a": {"type": "integer"}, "b": {"const": 1}}}]})",
         {R"({"a": 3})", R"({"a": 4, "b": 1})"}, {R"({"a": 2})", "{}"});
  expect(
      R"({"oneOf": [{"type": "object", "properties": {"kind": {"const": "a"}, "x": {"type": "integer"}}, "required": ["kind"]},
             {"type": "object", "properties": {"kind": {"const": "b"}}, "required": ["kind"]}, {"type": "null"}]})",
      {R"({"kind": "a", "x": 1})", R"({"kind": "b"})", "null"}, {R"({"kind": "b", "x": 1})", R"({"kind": "c"})"});
  EXPECT_THAT(error_of(R"({"oneOf": [{"type": "integer"}, {"type": "number"}]})"),
              HasSubstr("#/oneOf: a value may satisfy alternatives 0 and 1"));
  EXPECT_THAT(error_of(R"({"allOf": [{"type": "string"}, {"type": "null"}]})"), HasSubstr("no text can match"));
}

TEST(JsonSchema, References) {
  expect(R"({"$ref": "#/$defs/node", "$defs": {"node": {"type": "object", "required": ["value"],
             "properties": {"value": {"type": "integer"}, "next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]}}}}})",
         {R"({"value": 1})", R"({"value": 1, "next": {"value": 2, "next": null}})"}, {R"({"value": 1, "next": {}})"});
  expect(R"({"type": "array", "items": {"$ref": "#"}})", {"[]", "[[], [[]]]"}, {"[1]"});
  expect(R"({"$ref": "#/$defs/a~1b%25", "minimum": 5, "$defs": {"a/b%": {"type": "integer"}}})", {"5"}, {"4"});
  EXPECT_THAT(error_of(R"({"$ref": "#/$defs/x"})"), HasSubstr("#/$ref: there is no '#/$defs/x'"));
  EXPECT_THAT(error_of(R"({"$ref": "http://example.org/x"})"), HasSubstr("no pointer into this document"));
  EXPECT_THAT(error_of(R"({"$ref": "#"})"), HasSubstr("refers to itself"));
  EXPECT_THAT(error_of(R"({"anyOf": [{"$ref": "#"}, {"type": "null"}]})"),
              HasSubstr("refers to the schema that it is one of"));
}

TEST(JsonSchema, RefusesWhatItCannotKeepNamingThePlace) {
  EXPECT_THAT(error_of(R"({"properties": {"a/b": {"items": {"not": {}}}}})"),
              HasSubstr("test: #/properties/a~1b/items/not: this keyword is not supported"));
  for (const char* keyword : {"if", "multipleOf", "patternProperties", "propertyNames", "contains", "dependentRequired",
                              "unevaluatedProperties"}) {
    EXPECT_THAT(error_of("{\"" + std::string(keyword) + "\": {}}"), HasSubstr(std::string("#/") + keyword)) << keyword;
  }
  EXPECT_THAT(error_of(R"({"uniqueItems": true})"), HasSubstr("#/uniqueItems"));
  EXPECT_EQ(error_of(R"({"uniqueItems": false, "x-mine": 1, "title": "a"})"), "accepted");
  EXPECT_THAT(error_of(R"({"items": [{}]})"), HasSubstr("prefixItems"));
  EXPECT_THAT(error_of(R"({"type": "object", "minProperties": 1})"), HasSubstr("#/minProperties"));
  EXPECT_THAT(error_of(R"({"properties": 5})"), HasSubstr("#/properties: must be an object"));
  EXPECT_THAT(error_of(R"({"properties": {"a": 5}})"), HasSubstr("must be an object or a boolean"));
  EXPECT_THAT(error_of(R"({"minLength": -1})"), HasSubstr("#/minLength: must be a whole number"));
  EXPECT_THAT(error_of("5"), HasSubstr("must be an object or a boolean"));
}

TEST(JsonSchema, ManyPropertiesStaySmall) {
  std::string properties;
  for (int i = 0; i < 2000; ++i) properties += (i ? ", \"p" : "\"p") + std::to_string(i) + "\": {\"type\": \"null\"}";
  expect("{\"properties\": {" + properties + "}}", {R"({"p3": null, "p1999": null})"}, {R"({"p3": null, "p2": null})"});
}

}  // namespace
}  // namespace adze::text
