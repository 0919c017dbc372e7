// Checks as JUnit's XML, which most continuous integration shows.
#pragma once

#include <string>
#include <vector>

namespace adze::report {

struct CheckedCase {
  std::string name;
  bool passed = false;
  std::string message;  // what was measured, and the limit
};

/// One suite. `seconds` of all cases together.
std::string junit_xml(const std::string& suite, const std::vector<CheckedCase>& cases, double seconds);

}  // namespace adze::report
