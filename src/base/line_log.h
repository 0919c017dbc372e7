// A file of lines that grows while long work goes on, so that after any end of the program it tells how far that came.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace adze {

class LineLog {
 public:
  /// Opens the file, or creates it. Error(io), also while another process has it open.
  explicit LineLog(const std::string& path);
  ~LineLog();
  LineLog(const LineLog&) = delete;
  LineLog& operator=(const LineLog&) = delete;

  /// The complete lines: what lies behind the last newline was cut off.
  std::vector<std::string> lines() const;
  /// Cuts off all but the first `count` lines.
  void keep(size_t count);
  /// REQUIRES: no newline within.
  void append(std::string_view line);
  /// Returns when all lines have reached the disk.
  void sync();
  void remove();

 private:
  std::string content() const;

  std::string path_;
  int descriptor_;
};

}  // namespace adze
