// The standard input line by line, such that Ctrl-C is never missed.
#pragma once

#include <string>

namespace adze::cli {

class InputLines {
 public:
  /// The next line without its end. False at the end of the input, or when the program was interrupted.
  bool next(std::string& line);

 private:
  bool read_more();
  std::string buffer_;
  bool at_end_ = false;
};

}  // namespace adze::cli
