#include "report/junit.h"

#include <fmt/format.h>

#include <algorithm>

#include "report/html_text.h"

namespace adze::report {

std::string junit_xml(const std::string& suite, const std::vector<CheckedCase>& cases, double seconds) {
  const auto failures = std::ranges::count(cases, false, &CheckedCase::passed);
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  out += fmt::format("<testsuites><testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"0\" time=\"{:.3f}\">\n",
                     markup_escaped(suite), cases.size(), failures, seconds);
  for (const auto& checked : cases) {
    const std::string message = markup_escaped(checked.message);
    out +=
        fmt::format("  <testcase classname=\"{}\" name=\"{}\">", markup_escaped(suite), markup_escaped(checked.name));
    out += checked.passed ? fmt::format("<system-out>{}</system-out>", message)
                          : fmt::format("<failure message=\"{}\"/>", message);
    out += "</testcase>\n";
  }
  return out + "</testsuite></testsuites>\n";
}

}  // namespace adze::report
