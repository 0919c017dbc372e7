// Schemas that a value must satisfy all at once, with references and allOf resolved.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/json.h"
#include "text/grammars/schema_keywords.h"

namespace adze::text {

/// A place in the document. The document outlives it.
struct SchemaPart {
  const Json* schema = nullptr;
  std::string pointer;  // "#/properties/name"

  /// What lies below: `at("items")`, `at("prefixItems", 0)`. REQUIRES: it is there.
  SchemaPart at(const std::string& keyword) const;
  SchemaPart at(const std::string& keyword, const std::string& name) const;
  SchemaPart at(const std::string& keyword, size_t index) const;
  /// Null when the keyword is absent.
  const Json* find(const std::string& keyword) const;
};

class SchemaDocument {
 public:
  /// `root` must outlive the document. `name` stands in messages.
  SchemaDocument(const Json& root, std::string name) : root_(root), name_(std::move(name)) {}

  SchemaPart root() const { return {&root_, "#"}; }
  /// What "$ref" of `part` refers to. Throws Error(unsupported) for other documents, Error(not_found).
  SchemaPart resolve(const SchemaPart& part) const;

  template <typename... Args>
  [[noreturn]] void refuse(ErrorCode code, const SchemaPart& part, const std::string& keyword,
                           fmt::format_string<Args...> format, Args&&... args) const {
    fail(code, "{}: {}/{}: {}", name_, part.pointer, keyword, fmt::vformat(format, fmt::make_format_args(args...)));
  }
  /// Throws Error(bad_input) unless it is an array, object or string, as asked for.
  void require_array(const SchemaPart& part, const std::string& keyword) const;
  void require_object(const SchemaPart& part, const std::string& keyword) const;
  const std::string& string_at(const SchemaPart& part, const std::string& keyword) const;
  /// A whole number from 0 on that is small enough to count.
  uint32_t count_at(const SchemaPart& part, const std::string& keyword) const;

 private:
  const Json& root_;
  std::string name_;
};

class SchemaConjunction {
 public:
  /// Adds a schema with all that it refers to and all of its allOf. Throws Error for keywords that cannot be kept, and
  /// for a schema that refers to nothing but itself.
  void add(const SchemaDocument& document, const SchemaPart& part);

  /// None of them is a boolean.
  const std::vector<SchemaPart>& parts() const { return parts_; }
  /// A schema `false` is among them.
  bool is_never() const { return is_never_; }

  /// The parts that have the keyword.
  std::vector<const SchemaPart*> with(const std::string& keyword) const;
  bool has(const std::string& keyword) const { return !with(keyword).empty(); }

  /// The first anyOf or oneOf of which no alternative was taken; a null schema when there is none.
  SchemaPart first_choice(std::string& keyword) const;
  /// This and one of the alternatives.
  SchemaConjunction taking(const SchemaDocument& document, const SchemaPart& choice, const std::string& keyword,
                           size_t alternative) const;

  /// Equal for conjunctions of the same schemas.
  std::vector<const Json*> key() const;

 private:
  void add_below(const SchemaDocument& document, const SchemaPart& part, std::vector<const Json*>& path);
  void check_keywords(const SchemaDocument& document, const SchemaPart& part) const;

  std::vector<SchemaPart> parts_;
  std::set<const Json*> taken_;  // lists of which an alternative was taken
  bool is_never_ = false;
};

}  // namespace adze::text
