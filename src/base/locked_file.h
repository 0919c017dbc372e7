// Files that one process at a time may write.
#pragma once

#include <string>

namespace adze {

/// A descriptor of the file at `path`, created where there is none, read and written with `flags` (of open(2)) besides;
/// the lock goes when it is closed. Error(io) where it cannot be opened or another process holds it.
int open_locked(const std::string& path, int flags = 0);

}  // namespace adze
