// Writes a schema's grammar: each set of schemas that a value must satisfy is one rule.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "text/grammars/decimal_ranges.h"
#include "text/grammars/grammar.h"
#include "text/grammars/json_text.h"
#include "text/grammars/schema_values.h"

namespace adze::text {

class JsonSchemaCompiler {
 public:
  JsonSchemaCompiler(const Json& schema, const std::string& name) : document_(schema, name), json_(grammar_) {}

  Grammar compile();

 private:
  struct Counts {
    uint32_t min = 0;
    uint32_t max = kUnbounded;
  };

  RuleId rule_of(const SchemaConjunction& schemas);
  ExpressionId value_of(const SchemaConjunction& schemas);
  ExpressionId write(const SchemaConjunction& schemas);
  ExpressionId write_choice(const SchemaConjunction& schemas, const SchemaPart& choice, const std::string& keyword);
  ExpressionId write_types(const SchemaConjunction& schemas, uint32_t types);
  void require_disjoint(const std::vector<SchemaConjunction>& alternatives, const SchemaPart& choice) const;
  Counts counts(const SchemaConjunction& schemas, const char* min, const char* max) const;

  // json_schema_strings.cpp
  ExpressionId write_string(const SchemaConjunction& schemas);
  ExpressionId write_matching_string(const SchemaPart& part, const std::string& keyword, const Counts& lengths);
  ExpressionId write_number(const SchemaConjunction& schemas, bool has_fractions);
  DecimalBound bound_at(const SchemaPart& part, const std::string& keyword) const;

  // json_schema_containers.cpp
  ExpressionId write_object(const SchemaConjunction& schemas);
  ExpressionId write_members(const std::vector<ExpressionId>& members, const std::vector<bool>& is_required,
                             ExpressionId others, const Counts& other_counts);
  Counts counts_of_others(const SchemaConjunction& schemas, const ObjectMembers& members) const;
  ExpressionId additional_member(const SchemaConjunction& schemas, const ObjectMembers& members);
  ExpressionId write_array(const SchemaConjunction& schemas);
  SchemaConjunction item_schemas(const SchemaConjunction& schemas, size_t index) const;
  void refuse_unique_items(const SchemaConjunction& schemas) const;

  SchemaDocument document_;
  Grammar grammar_;
  JsonText json_;
  std::map<std::vector<const Json*>, RuleId> rules_;
  std::deque<std::pair<RuleId, SchemaConjunction>> waiting_;
};

}  // namespace adze::text
