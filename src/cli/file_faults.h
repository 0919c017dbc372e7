// A mapped file that somebody truncates: reading what is gone raises SIGBUS, which ends a program without a word.
#pragma once

namespace adze::cli {

/// From now on such a read ends the program with one line that names the file, and kFailure.
void catch_file_faults();

}  // namespace adze::cli
