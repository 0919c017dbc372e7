// A model in two files: the one that is named, and one with numbers beside it that is called after it.
#pragma once

#include <string>

#include "base/file.h"

namespace adze::formats {

/// Error(bad_input) where `beside` is there and `named` is not: then it is somebody else's.
void require_free_beside(const std::string& named, const std::string& beside);

/// Both have been appended whole; they appear together, at the end, the numbers first.
void commit_pair(OutputFile& named, OutputFile& beside);

}  // namespace adze::formats
