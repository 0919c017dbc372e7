// The table of architectures. To add one: a file, golden data, and a line here.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "architectures/architecture.h"
#include "architectures/llama.h"
#include "base/error.h"

namespace adze::architectures {
namespace {
constexpr std::array kArchitectures{&llama};
}

std::span<const Architecture* const> all_architectures() { return kArchitectures; }

const Architecture& architecture_named(std::string_view name) {
  std::string known;
  for (const Architecture* architecture : kArchitectures) {
    if (architecture->name == name) return *architecture;
    known += (known.empty() ? "" : ", ") + std::string(architecture->name);
  }
  fail(ErrorCode::unsupported, "architecture '{}' is not supported; known are: {}", name, known);
}

const Architecture* find_by_hugging_face_class(std::string_view class_name) {
  for (const Architecture* architecture : kArchitectures) {
    const auto& classes = architecture->hugging_face_classes;
    if (std::ranges::find(classes, class_name, &HuggingFaceClass::class_name) != classes.end()) return architecture;
  }
  return nullptr;
}

}  // namespace adze::architectures
