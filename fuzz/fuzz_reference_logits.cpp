// Any bytes as a file of reference logits: an Error, or a reference in whose numbers a comparison can trust.
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/error.h"
#include "evaluate/reference_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace adze;
  try {
    const auto reference = evaluate::parse_reference(std::as_bytes(std::span(data, size)), "input.ref");
    size_t entries = 0;
    for (const auto& position : reference.positions) entries += position.kept + position.drawn;
    if (entries != reference.entries.size() || entries * sizeof(evaluate::TokenProbability) > size) return -1;
    for (const auto& entry : reference.entries) {
      if (entry.token >= reference.vocabulary) return -1;
    }
  } catch (const Error&) {
  }
  return 0;
}
