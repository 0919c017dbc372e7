// The table of transforms. To add one: write its file, declare it in transform.h, add a line here.
#include <array>
#include <string>

#include "base/error.h"
#include "transforms/transform.h"

namespace adze::transforms {
namespace {

constexpr std::array kAllTransforms = {&rotate, &awq};

}  // namespace

std::span<const Transform* const> all_transforms() { return kAllTransforms; }

const Transform& transform_named(std::string_view name) {
  std::string known;
  for (const Transform* transform : kAllTransforms) {
    if (transform->name == name) return *transform;
    known += (known.empty() ? "" : ", ") + std::string(transform->name);
  }
  fail(ErrorCode::unsupported, "unknown transform \"{}\"; known are {}", name, known);
}

}  // namespace adze::transforms
