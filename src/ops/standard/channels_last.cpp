#include "ops/standard/channels_last.h"

#include <algorithm>
#include <numeric>

#include "ops/standard/transpose.h"

namespace adze::ops {
namespace {

template <typename T>
std::vector<T> first_channels(std::vector<T> list) {
  std::rotate(list.begin() + 1, list.end() - 1, list.end());
  return list;
}

template <typename T>
std::vector<T> last_channels(std::vector<T> list) {
  std::rotate(list.begin() + 1, list.begin() + 2, list.end());
  return list;
}

std::vector<size_t> axes_of(const HostTensor& x) {
  require_rank(x, 3);
  std::vector<size_t> axes(x.rank());
  std::iota(axes.begin(), axes.end(), 0);
  return axes;
}

}  // namespace

std::vector<int64_t> channels_first(std::vector<int64_t> dims) { return first_channels(std::move(dims)); }
std::vector<int64_t> channels_last(std::vector<int64_t> dims) { return last_channels(std::move(dims)); }
HostTensor channels_first(const HostTensor& x) { return transpose(x, first_channels(axes_of(x))); }
HostTensor channels_last(const HostTensor& x) { return transpose(x, last_channels(axes_of(x))); }

HostValues evaluate_channels_first(const StandardCall& call, std::initializer_list<size_t> turned,
                                   HostValues (*evaluate)(const StandardCall&)) {
  HostValues inputs(call.inputs.begin(), call.inputs.end());
  for (const size_t input : turned) {
    if (call.has(input)) inputs[input] = channels_first(call.tensor(input));
  }
  auto results = evaluate({call.node, inputs, call.run_body, call.pool, nullptr});
  for (HostValue& result : results) result = channels_last(result.tensor());
  return results;
}

Types infer_channels_last(const graph::NodeTypes& node, Types (*infer)(const graph::NodeTypes&)) {
  auto inputs = node.inputs;
  graph::ValueType x = type_of_input(node, 0);
  if (x.dims.size() < 3) return Types(node.node.outputs.size(), any_tensor(x.storage));
  x.dims = first_channels(x.dims);
  inputs[0] = &x;
  auto types = infer({node.node, inputs});
  for (auto& type : types) {
    if (type.dims.size() >= 3) type.dims = last_channels(type.dims);
  }
  return types;
}

}  // namespace adze::ops
