// What happens to each number, or to columns, of rows.
#include "formats/onnx_lowering/lowerings.h"

namespace adze::formats {
namespace {

std::string gelu_of(OnnxLowering& l, const std::string& x) {
  const auto approximation = graph::string_attribute_or(l.node(), "approximation", "none");
  return l.out().add("Gelu", {x}, {{"approximate", approximation}});
}

/// x * sigmoid(slope * x)
std::string swish(OnnxLowering& l, const std::string& x, double slope) {
  auto& out = l.out();
  const auto steep = slope == 1 ? x : out.add("Mul", {x, out.number(slope)});
  return out.add("Mul", {x, out.add("Sigmoid", {steep})});
}

}  // namespace

void lower_swiglu(OnnxLowering& l) { l.set_result(l.out().add("Mul", {swish(l, l.input(0), 1), l.input(1)})); }

void lower_clamped_swiglu(OnnxLowering& l) {
  auto& out = l.out();
  const double limit = graph::number_attribute(l.node(), "limit");
  const auto gate = out.add("Min", {l.input(0), out.number(limit)});
  const auto up = out.add("Clip", {l.input(1), out.number(-limit), out.number(limit)});
  const auto swished = swish(l, gate, graph::number_attribute(l.node(), "slope"));
  l.set_result(out.add("Mul", {swished, out.add("Add", {up, out.number(1)})}));
}

void lower_gelu(OnnxLowering& l) { l.set_result(gelu_of(l, l.input(0))); }

void lower_geglu(OnnxLowering& l) { l.set_result(l.out().add("Mul", {gelu_of(l, l.input(0)), l.input(1)})); }

void lower_scale(OnnxLowering& l) {
  const double factor = graph::number_attribute(l.node(), "factor");
  l.set_result(l.out().add("Mul", {l.input(0), l.out().number(factor)}));
}

void lower_soft_cap(OnnxLowering& l) {
  auto& out = l.out();
  const auto cap = out.number(graph::number_attribute(l.node(), "cap"));
  l.set_result(out.add("Mul", {out.add("Tanh", {out.add("Div", {l.input(0), cap})}), cap}));
}

void lower_slice_columns(OnnxLowering& l) {
  auto& out = l.out();
  const int64_t begin = graph::int_attribute(l.node(), "begin");
  const int64_t end = begin + graph::int_attribute(l.node(), "count");
  l.set_result(out.add("Slice", {l.input(0), out.ints({begin}), out.ints({end}), out.ints({2})}));
}

}  // namespace adze::formats
