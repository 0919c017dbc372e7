#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "base/error.h"
#include "ops/op.h"

namespace adze::ops {
namespace {

bool is_reference(const Op& op, const Kernel& kernel) { return &kernel == &op.kernels.back(); }

const Op* find_op(std::string_view name) {
  for (const Op* op : all_ops()) {
    if (op->name == name) return op;
  }
  return nullptr;
}

[[noreturn]] void fail_force(std::string_view entry, std::string_view reason) {
  fail(ErrorCode::bad_input, "ADZE_FORCE: '{}': {}; write op=kernel or op=ref, see `adze list kernels`", entry, reason);
}

const Kernel* find_kernel(const Op& op, std::string_view name) {
  if (name == "ref") return &op.kernels.back();
  for (const Kernel& kernel : op.kernels) {
    if (kernel.name == name) return &kernel;
  }
  return nullptr;
}

// The kernels that the environment pins for `op`; none: all may run. Every entry is checked, also those of other ops.
std::vector<const Kernel*> forced_kernels(const Op& op) {
  const char* setting = std::getenv("ADZE_FORCE");
  if (!setting) return {};
  std::vector<const Kernel*> forced;
  std::string_view rest = setting;
  while (!rest.empty()) {
    const auto entry = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), entry.size() + 1));
    const auto equals = entry.find('=');
    if (equals == std::string_view::npos) fail_force(entry, "no '='");
    const Op* named = find_op(entry.substr(0, equals));
    if (!named) fail_force(entry, "unknown op");
    const Kernel* kernel = find_kernel(*named, entry.substr(equals + 1));
    if (!kernel) fail_force(entry, "unknown kernel of this op");
    if (named == &op) forced.push_back(kernel);
  }
  return forced;
}

std::optional<std::string> refusal(const Op& op, const Kernel& kernel, const std::vector<const Kernel*>& forced,
                                   const KernelRequest& request) {
  const bool is_passed_over = !forced.empty() && std::ranges::find(forced, &kernel) == forced.end();
  if (is_passed_over && !is_reference(op, kernel)) return "another kernel is forced";
  if (!isa_includes(request.isa, kernel.isa)) return fmt::format("needs {}", isa_name(kernel.isa));
  return kernel.refuse ? kernel.refuse(request) : std::nullopt;
}

}  // namespace

KernelChoice choose_kernel(const KernelRequest& request) {
  const Op& op = op_of(request.node);
  const auto forced = forced_kernels(op);
  KernelChoice choice;
  for (const Kernel& kernel : op.kernels) {
    auto reason = refusal(op, kernel, forced, request);
    if (!reason) {
      choice.kernel = &kernel;
      return choice;
    }
    choice.refusals.emplace_back(kernel.name, std::move(*reason));
  }
  fail(ErrorCode::internal, "node '{}' ({}): no kernel accepts it", request.node.name, op.name);
}

}  // namespace adze::ops
