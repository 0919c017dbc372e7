// lint: foreign names: OpenVINO, ONNX
// Functions of one number with parameters.
#include <fmt/format.h>

#include "codecs/codec.h"
#include "formats/openvino/standard_to_ir.h"

namespace adze::formats {
namespace {

std::string text_of(double number) { return fmt::format("{}", static_cast<float>(number)); }

IrValue scalar(GraphToIr& g, double number) { return g.scalar(number, g.storage(0)); }

}  // namespace

void ir_put_elu(GraphToIr& g, Row row) {
  g.give(g.out().add(row.layer, row.opset, {g.input(0)}, {{"alpha", text_of(g.number("alpha", 1))}}, g.output_type()));
}

// alpha Elu(x / alpha)
void ir_put_celu(GraphToIr& g, Row row) {
  const IrValue alpha = scalar(g, g.number("alpha", 1));
  const IrValue divided = g.both("Divide", g.input(0), alpha, g.output_type());
  const IrValue made = g.out().add(row.layer, row.opset, {divided}, {{"alpha", "1"}}, g.output_type());
  g.give(g.both("Multiply", made, alpha, g.output_type()));
}

void ir_put_selu(GraphToIr& g, Row row) {
  g.give(g.out().add(row.layer, row.opset,
                     {g.input(0), scalar(g, g.number("alpha", 1.67326319217681884765625)),
                      scalar(g, g.number("gamma", 1.05070102214813232421875))},
                     {}, g.output_type()));
}

// PRelu too: x where it is not negative, else x times the slope.
void ir_put_leaky_relu(GraphToIr& g, Row) {
  const IrValue x = g.input(0);
  const IrValue slope = g.has(1) ? g.input(1) : scalar(g, g.number("alpha", 0.01));
  const IrValue below = g.both("Multiply", x, slope, g.output_type());
  g.give(g.select(g.both("Less", x, scalar(g, 0), "boolean"), below, x));
}

void ir_put_thresholded_relu(GraphToIr& g, Row) {
  const IrValue is_above = g.both("Greater", g.input(0), scalar(g, g.number("alpha", 1)), "boolean");
  g.give(g.select(is_above, g.input(0), scalar(g, 0)));
}

void ir_put_shrink(GraphToIr& g, Row) {
  const IrValue x = g.input(0);
  const double limit = g.number("lambd", 0.5);
  const IrValue bias = scalar(g, g.number("bias", 0));
  const auto where = [&](const char* comparison, double number, const char* moved, IrValue other) {
    const IrValue condition = g.both(comparison, x, scalar(g, number), "boolean");
    return g.select(condition, g.both(moved, x, bias, g.output_type()), other);
  };
  g.give(where("Less", -limit, "Add", where("Greater", limit, "Subtract", scalar(g, 0))));
}

void ir_put_hard_sigmoid(GraphToIr& g, Row row) {
  g.give(g.out().add(row.layer, row.opset,
                     {g.input(0), scalar(g, g.number("alpha", 0.2)), scalar(g, g.number("beta", 0.5))}, {},
                     g.output_type()));
}

void ir_put_gelu(GraphToIr& g, Row row) {
  const bool by_tanh = g.word("approximate", "none") == "tanh";
  g.give(g.out().add(row.layer, row.opset, {g.input(0)}, {{"approximation_mode", by_tanh ? "TANH" : "ERF"}},
                     g.output_type()));
}

void ir_put_swish(GraphToIr& g, Row row) {
  g.give(g.out().add(row.layer, row.opset, {g.input(0), scalar(g, g.number("alpha", 1))}, {}, g.output_type()));
}

void ir_put_quick_gelu(GraphToIr& g, Row row) {
  g.give(g.out().add(row.layer, row.opset, {g.input(0), scalar(g, g.number("alpha", 1.702))}, {}, g.output_type()));
}

void ir_put_is_inf(GraphToIr& g, Row row) {
  g.give(g.out().add(row.layer, row.opset, {g.input(0)},
                     {{"detect_negative", g.flag("detect_negative", true) ? "true" : "false"},
                      {"detect_positive", g.flag("detect_positive", true) ? "true" : "false"}},
                     "boolean"));
}

}  // namespace adze::formats
