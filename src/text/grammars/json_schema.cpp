#include "text/grammars/json_schema.h"

#include "text/grammars/json_schema_compiler.h"

namespace adze::text {
namespace {

constexpr size_t kMaxRules = 50'000;
constexpr size_t kMaxComparedAlternatives = 64;

}  // namespace

Grammar parse_json_schema(const Json& schema, const std::string& name) {
  return JsonSchemaCompiler(schema, name).compile();
}

// Rules are written one after the other, not inside each other, however schemas refer to each other.
Grammar JsonSchemaCompiler::compile() {
  SchemaConjunction root;
  root.add(document_, document_.root());
  grammar_.set_root(rule_of(root));
  while (!waiting_.empty()) {
    const auto [rule, schemas] = std::move(waiting_.front());
    waiting_.pop_front();
    grammar_.define(rule, write(schemas));
  }
  return std::move(grammar_);
}

RuleId JsonSchemaCompiler::rule_of(const SchemaConjunction& schemas) {
  const auto [entry, is_new] = rules_.try_emplace(schemas.key(), 0);
  if (!is_new) return entry->second;
  const std::string pointer = schemas.parts().empty() ? "#" : schemas.parts().front().pointer;
  if (rules_.size() > kMaxRules) {
    fail(ErrorCode::unsupported, "{}: the schema comes to more than {} combinations of schemas", pointer, kMaxRules);
  }
  entry->second = grammar_.add_rule(pointer);
  waiting_.emplace_back(entry->second, schemas);
  return entry->second;
}

ExpressionId JsonSchemaCompiler::value_of(const SchemaConjunction& schemas) {
  return grammar_.reference(rule_of(schemas));
}

ExpressionId JsonSchemaCompiler::write(const SchemaConjunction& schemas) {
  if (schemas.is_never()) return grammar_.never();
  std::string keyword;
  if (const SchemaPart choice = schemas.first_choice(keyword); choice.schema) {
    return write_choice(schemas, choice, keyword);
  }
  if (const auto values = listed_values(document_, schemas)) {
    std::vector<ExpressionId> ways;
    for (const Json& value : *values) ways.push_back(json_.constant(value));
    return grammar_.choice(std::move(ways));
  }
  return write_types(schemas, allowed_types(document_, schemas));
}

ExpressionId JsonSchemaCompiler::write_choice(const SchemaConjunction& schemas, const SchemaPart& choice,
                                              const std::string& keyword) {
  document_.require_array(choice, keyword);
  std::vector<SchemaConjunction> alternatives;
  std::vector<ExpressionId> ways;
  for (size_t i = 0; i < choice.find(keyword)->size(); ++i) {
    alternatives.push_back(schemas.taking(document_, choice, keyword, i));
    ways.push_back(value_of(alternatives.back()));
  }
  if (keyword == "oneOf") require_disjoint(alternatives, choice);
  return grammar_.choice(std::move(ways));
}

void JsonSchemaCompiler::require_disjoint(const std::vector<SchemaConjunction>& alternatives,
                                          const SchemaPart& choice) const {
  if (alternatives.size() > kMaxComparedAlternatives) {
    document_.refuse(ErrorCode::unsupported, choice, "oneOf", "more than {} alternatives; use anyOf",
                     kMaxComparedAlternatives);
  }
  for (size_t i = 0; i < alternatives.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (are_disjoint(document_, alternatives[j], alternatives[i])) continue;
      document_.refuse(
          ErrorCode::unsupported, choice, "oneOf",
          "a value may satisfy alternatives {} and {} at once; tell them apart by a required property with "
          "a const, or use anyOf",
          j, i);
    }
  }
}

ExpressionId JsonSchemaCompiler::write_types(const SchemaConjunction& schemas, uint32_t types) {
  std::vector<ExpressionId> ways;
  if (types & kObject) ways.push_back(write_object(schemas));
  if (types & kArray) ways.push_back(write_array(schemas));
  if (types & kString) ways.push_back(write_string(schemas));
  if (types & kInteger) ways.push_back(write_number(schemas, (types & kFraction) != 0));
  if (types & kBoolean) ways.push_back(json_.boolean());
  if (types & kNull) ways.push_back(grammar_.text("null"));
  return grammar_.choice(std::move(ways));
}

JsonSchemaCompiler::Counts JsonSchemaCompiler::counts(const SchemaConjunction& schemas, const char* min,
                                                      const char* max) const {
  Counts counts;
  for (const SchemaPart* part : schemas.with(min)) counts.min = std::max(counts.min, document_.count_at(*part, min));
  for (const SchemaPart* part : schemas.with(max)) counts.max = std::min(counts.max, document_.count_at(*part, max));
  return counts;
}

}  // namespace adze::text
