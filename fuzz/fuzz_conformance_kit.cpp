// Any bytes as a conformance kit: an Error, or a kit that its own text gives again.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "text/conformance/conformance_kit.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace adze;
  try {
    const auto kit = text::read_conformance_kit({reinterpret_cast<const char*>(data), size}, "fuzz");
    const auto text = text::to_text(kit);
    if (text::to_text(text::read_conformance_kit(text, "again")) != text) __builtin_trap();
    text::conformance_faults(kit, nullptr, {{"", "{{ messages[0].content }}"}});
    text::with_originals(kit, kit);
    text::conformance_losses(kit);
  } catch (const Error&) {
  }
  return 0;
}
