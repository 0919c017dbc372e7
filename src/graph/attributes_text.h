// The attribute list of the text form: {eps=1e-05, mode="neox", sizes=[1, 2], scales=[0.5], none=floats[], on=true}.
#pragma once

#include "graph/graph.h"
#include "graph/text_cursor.h"

namespace adze::graph {

/// Equal attributes, floats compared by their bits, and only those, have equal text. "" when there are none.
std::string attributes_text(const Attributes& attributes);

/// Reads "{…}", or nothing when the next character is not '{'. An integer stays an integer, a number with '.', an
/// exponent, inf or nan is a double, a list is of doubles when one of its numbers is.
Attributes parse_attributes(TextCursor& cursor);

}  // namespace adze::graph
