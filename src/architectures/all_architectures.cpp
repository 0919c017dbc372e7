// The table of architectures. To add one: a file, golden data, and a line here.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "architectures/architecture.h"
#include "architectures/bert.h"
#include "architectures/deepseek2.h"
#include "architectures/falcon.h"
#include "architectures/gemma.h"
#include "architectures/gpt2.h"
#include "architectures/gptneox.h"
#include "architectures/gptoss.h"
#include "architectures/granite.h"
#include "architectures/llama.h"
#include "architectures/mamba2.h"
#include "architectures/mpnet.h"
#include "architectures/olmo2.h"
#include "architectures/phi2.h"
#include "architectures/phi3.h"
#include "architectures/qwen2.h"
#include "architectures/qwen2moe.h"
#include "architectures/qwen3.h"
#include "architectures/qwen3moe.h"
#include "architectures/smollm3.h"
#include "architectures/stablelm.h"
#include "architectures/starcoder2.h"
#include "base/error.h"

namespace adze::architectures {
namespace {
constexpr std::array kArchitectures{&bert,   &deepseek2, &falcon, &gemma,    &gemma2,  &gemma3,   &gpt2,      &gptneox,
                                    &gptoss, &granite,   &llama,  &mamba2,   &mpnet,   &olmo2,    &phi2,      &phi3,
                                    &qwen2,  &qwen2moe,  &qwen3,  &qwen3moe, &smollm3, &stablelm, &starcoder2};
}

std::span<const Architecture* const> all_architectures() { return kArchitectures; }

const Architecture* find_architecture(std::string_view name) {
  const auto found = std::ranges::find(kArchitectures, name, &Architecture::name);
  return found == kArchitectures.end() ? nullptr : *found;
}

const Architecture& architecture_named(std::string_view name) {
  if (const Architecture* found = find_architecture(name)) return *found;
  if (name.empty()) {
    fail(ErrorCode::unsupported, "these are tensors without an architecture; only a model's computation is known");
  }
  std::string known;
  for (const Architecture* architecture : kArchitectures) {
    known += (known.empty() ? "" : ", ") + std::string(architecture->name);
  }
  fail(ErrorCode::unsupported, "architecture '{}' is not supported; known are: {}", name, known);
}

const HuggingFaceClass* find_hugging_face_class(const Architecture& architecture, std::string_view class_name) {
  const auto& classes = architecture.hugging_face_classes;
  const auto found = std::ranges::find(classes, class_name, &HuggingFaceClass::class_name);
  return found == classes.end() ? nullptr : &*found;
}

const Architecture* find_by_hugging_face_class(std::string_view class_name) {
  const auto found = std::ranges::find_if(kArchitectures, [&](const Architecture* architecture) {
    return find_hugging_face_class(*architecture, class_name) != nullptr;
  });
  return found == kArchitectures.end() ? nullptr : *found;
}

}  // namespace adze::architectures
