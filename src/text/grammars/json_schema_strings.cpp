// Strings and numbers of a schema.
#include <algorithm>

#include "text/grammars/expression_lengths.h"
#include "text/grammars/json_schema_compiler.h"
#include "text/grammars/regex_parser.h"
#include "text/grammars/string_formats.h"

namespace adze::text {

ExpressionId JsonSchemaCompiler::write_string(const SchemaConjunction& schemas) {
  const Counts lengths = counts(schemas, "minLength", "maxLength");
  if (lengths.max < lengths.min) return grammar_.never();
  std::vector<std::pair<const SchemaPart*, std::string>> forms;
  for (const char* keyword : {"pattern", "format"}) {
    for (const SchemaPart* part : schemas.with(keyword)) {
      const auto is_same = [&](const auto& form) {
        return form.second == keyword && *form.first->find(keyword) == *part->find(keyword);
      };
      if (std::none_of(forms.begin(), forms.end(), is_same)) forms.emplace_back(part, keyword);
    }
  }
  if (forms.size() > 1) {
    document_.refuse(ErrorCode::unsupported, *forms[1].first, forms[1].second, "beside {}/{}; write one pattern",
                     forms[0].first->pointer, forms[0].second);
  }
  if (!forms.empty()) return write_matching_string(*forms[0].first, forms[0].second, lengths);
  if (lengths.min == 0 && lengths.max == kUnbounded) return json_.any_string();
  return json_.string_of(grammar_.repeat(json_.any_character(), lengths.min, lengths.max));
}

// The expression is read twice: once as characters, to know its lengths, and once as JSON writes them.
ExpressionId JsonSchemaCompiler::write_matching_string(const SchemaPart& part, const std::string& keyword,
                                                       const Counts& lengths) {
  const std::string& value = document_.string_at(part, keyword);
  const bool is_pattern = keyword == "pattern";
  std::string regex = value;
  if (!is_pattern) {
    const StringFormat* format = find_string_format(value);
    if (!format) {
      document_.refuse(ErrorCode::unsupported, part, keyword, "'{}' is not supported; write a pattern instead", value);
    }
    regex = format->regex;
  }
  const std::string name = part.pointer + "/" + keyword;
  Grammar plain;
  const LengthRange found =
      lengths_of(plain, add_regex(plain, regex, name, {.characters = {}, .searches = is_pattern}));
  const uint64_t most = lengths.max == kUnbounded ? UINT64_MAX : lengths.max;
  if (found.min < lengths.min || found.max > most) {
    document_.refuse(ErrorCode::unsupported, part, keyword,
                     "the lengths of what it matches are not within minLength and maxLength; say so in the pattern");
  }
  const auto as_json = [&](const CharacterSet& set) { return json_.character_of(set); };
  return json_.string_of(add_regex(grammar_, regex, name, {.characters = as_json, .searches = is_pattern}));
}

DecimalBound JsonSchemaCompiler::bound_at(const SchemaPart& part, const std::string& keyword) const {
  const Json& value = *part.find(keyword);
  const bool is_exclusive = keyword.starts_with("exclusive");
  if (!value.is_number()) {
    document_.refuse(ErrorCode::bad_input, part, keyword, "must be a number{}",
                     value.is_boolean() ? " (since draft 6)" : "");
  }
  const auto number = Decimal::parse(value.dump());
  if (!number) document_.refuse(ErrorCode::unsupported, part, keyword, "the number is too large or too small");
  return {*number, is_exclusive};
}

ExpressionId JsonSchemaCompiler::write_number(const SchemaConjunction& schemas, bool has_fractions) {
  DecimalRange range;
  for (const char* keyword : {"minimum", "exclusiveMinimum"}) {
    for (const SchemaPart* part : schemas.with(keyword)) range.raise_min(bound_at(*part, keyword));
  }
  for (const char* keyword : {"maximum", "exclusiveMaximum"}) {
    for (const SchemaPart* part : schemas.with(keyword)) range.lower_max(bound_at(*part, keyword));
  }
  const bool is_limited = range.min || range.max;
  if (has_fractions) return is_limited ? add_decimals(grammar_, range) : json_.any_number();
  return is_limited ? add_integers(grammar_, range) : json_.any_integer();
}

}  // namespace adze::text
