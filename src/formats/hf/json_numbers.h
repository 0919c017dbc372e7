// JSON values <-> stored values.
#pragma once

#include "base/json.h"
#include "model/key_values.h"

namespace adze::formats {

/// A float stored as 0.1f is meant as 0.1: the double with the fewest digits that rounds to it. Other doubles stay.
double shortest_double(double value);

/// Scalars and flat arrays of one kind: integers become i64, fractions f64. Empty for null, objects and mixed arrays.
std::optional<model::Value> value_of_json(const Json& json);

Json json_of_value(const model::Value& value);

/// Indented text with a final newline. Strings that are not UTF-8 get replacement characters instead of failing.
std::string json_text(const Json& json);

}  // namespace adze::formats
