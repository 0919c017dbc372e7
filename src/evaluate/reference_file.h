// Reference logits in a file of their own. docs/formats/reference_logits.md has the layout.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "evaluate/reference_logits.h"

namespace adze::evaluate {

/// Looks at the first bytes only; false for a folder or where there is nothing.
bool is_reference_file(const std::string& path);

/// Error(bad_input) naming the byte for whatever does not follow the layout. Memory is bounded by the size of the file.
ReferenceLogits parse_reference(std::span<const std::byte> bytes, const std::string& path);
ReferenceLogits read_reference(const std::string& path);

void write_reference(const ReferenceLogits& reference, const std::string& path);

}  // namespace adze::evaluate
