// lint: foreign names: published models lend their names to their shapes
#include "pipeline/model_shapes.h"

#include <fmt/format.h>

#include <array>
#include <string>
#include <vector>

#include "base/error.h"

namespace adze::pipeline {
namespace {

// clang-format off
constexpr std::array kShapes = {
    //          name           layers  features  hidden  heads  key  dim  vocabulary  context  rope base   tied  biases
    ModelShape{"tiny",              2,      256,    512,     4,   2,  64,       1024,    2048,   10000.0f, true, false},
    ModelShape{"smollm2-135m",     30,      576,   1536,     9,   3,  64,      49152,    8192,  100000.0f, true, false},
    ModelShape{"qwen-0.5b",        24,      896,   4864,    14,   2,  64,     151936,   32768, 1000000.0f, true, true},
    ModelShape{"llama-1b",         16,     2048,   8192,    32,   8,  64,     128256,  131072,  500000.0f, true, false},
    ModelShape{"llama-3b",         28,     3072,   8192,    24,   8, 128,     128256,  131072,  500000.0f, true, false},
    ModelShape{"llama-8b",         32,     4096,  14336,    32,   8, 128,     128256,  131072,  500000.0f, false, false},
};
// clang-format on

}  // namespace

std::span<const ModelShape> all_model_shapes() { return kShapes; }

const ModelShape& model_shape_named(std::string_view name) {
  std::vector<std::string_view> names;
  for (const auto& shape : kShapes) {
    if (shape.name == name) return shape;
    names.push_back(shape.name);
  }
  fail(ErrorCode::not_found, "no shape '{}'; there are {}", name, fmt::join(names, ", "));
}

}  // namespace adze::pipeline
