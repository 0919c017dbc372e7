// Where something to write ends up: behind links, so that these stay links.
#pragma once

#include <string>

namespace adze {

/// `path` with the links followed that it is, also to what is not there yet. Error(bad_input) where they lead to an
/// open file of a process (/dev/stdout) or round in circles.
std::string behind_links(const std::string& path);

/// behind_links() for a file. Error(bad_input) where there is something that is no file: a folder, a device, a pipe.
std::string output_place(const std::string& path);

}  // namespace adze
