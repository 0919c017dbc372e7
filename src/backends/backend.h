// What a device offers beneath the ops: memory, capability, launch. No knowledge of ops or models.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace adze::backends {

struct Backend {
  std::string_view name;     // "cpu": the value of Node::placement
  std::string_view summary;  // one line for `adze list backends`
  /// Whether this machine has it, and in a few words what was found or what is missing.
  bool (*available)(std::string& description);
};

std::span<const Backend* const> all_backends();

}  // namespace adze::backends
