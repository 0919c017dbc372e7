// Converts and quantizes for the peer scripts and measures its memory:
//   convert_tool convert SOURCE TARGET DTYPE [exact] [SHARD_BYTES]
//   convert_tool quantize SOURCE TARGET TYPE
// Prints one line per tensor (name, from, to, fidelity, largest error, dB) and the highest anonymous memory.
#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/memory_use.h"
#include "pipeline/convert.h"
#include "pipeline/quantize.h"

namespace {

using namespace adze;

class MemoryWatch final : public Progress {
 public:
  void update(std::string_view, uint64_t, uint64_t) override {
    peak_bytes_ = std::max(peak_bytes_, memory_use().anonymous_bytes);
  }
  uint64_t peak_bytes() const { return peak_bytes_; }

 private:
  uint64_t peak_bytes_ = 0;
};

void print_tensors(const std::vector<pipeline::TensorOutcome>& tensors) {
  for (const auto& tensor : tensors) {
    fmt::print("tensor {} {} {} {} {} {:.2f}\n", tensor.name, tensor.from->name, tensor.to->name,
               fidelity_name(tensor.fidelity), tensor.max_error, tensor.signal_to_noise);
  }
}

double run(const std::vector<std::string>& arguments, Progress& progress) {
  const auto& source = arguments.at(1);
  const auto& target = arguments.at(2);
  if (arguments.at(0) == "quantize") {
    const auto report = pipeline::quantize({.source = source, .target = target, .type = arguments.at(3)}, progress);
    print_tensors(report.tensors);
    return report.seconds;
  }
  pipeline::ConvertRequest request{.source = source, .target = target, .dtype = arguments.at(3)};
  for (size_t i = 4; i < arguments.size(); ++i) {
    if (arguments[i] == "exact")
      request.require_exact = true;
    else
      request.max_shard_bytes = std::strtoull(arguments[i].c_str(), nullptr, 10);
  }
  const auto report = pipeline::convert(request, progress);
  print_tensors(report.tensors);
  return report.seconds;
}

}  // namespace

int main(int count, char** values) {
  const std::vector<std::string> arguments(values + 1, values + count);
  MemoryWatch watch;
  try {
    const double seconds = run(arguments, watch);
    fmt::print("seconds {:.2f}\npeak_anonymous_bytes {}\n", seconds, watch.peak_bytes());
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
  return 0;
}
