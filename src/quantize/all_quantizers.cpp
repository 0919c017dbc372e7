// The table of quantizers. To add one: write its file, declare it in quantizer.h, add a line here.
#include <array>
#include <string>

#include "base/error.h"
#include "quantize/quantizer.h"

namespace adze::quantize {
namespace {

constexpr std::array kAllQuantizers = {&nearest, &importance, &hqq, &gptq};

}  // namespace

std::span<const Quantizer* const> all_quantizers() { return kAllQuantizers; }

const Quantizer& quantizer_named(std::string_view name) {
  std::string known;
  for (const Quantizer* quantizer : kAllQuantizers) {
    if (quantizer->name == name) return *quantizer;
    known += (known.empty() ? "" : ", ") + std::string(quantizer->name);
  }
  fail(ErrorCode::unsupported, "unknown quantizer \"{}\"; known are {}", name, known);
}

}  // namespace adze::quantize
