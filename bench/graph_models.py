#!/usr/bin/env python3
"""Writes networks of known shapes with random weights as ONNX: ResNet-50 and MobileNetV2, in f32 and with 8-bit numbers.

The 8-bit ones are what a quantizer leaves: activations u8 with one scale, weights i8 with a scale for each channel, biases
i32 with the scale of the products, QuantizeLinear and DequantizeLinear around every op.

  bench/graph_models.py FOLDER [resnet50 mobilenetv2 resnet50-int8 mobilenetv2-int8]
"""
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
STAGES = ((64, 3), (128, 4), (256, 6), (512, 3))  # ResNet-50: width, blocks
INVERTED = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))


class Builder:
    """Nodes, one after the other; `quantized` puts 8-bit numbers between them."""

    def __init__(self, quantized):
        self.quantized = quantized
        self.random = np.random.default_rng(7)
        self.nodes, self.tensors, self.count = [], [], 0

    def name(self, what):
        self.count += 1
        return f"{what}_{self.count}"

    def tensor(self, what, array):
        name = self.name(what)
        self.tensors.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def node(self, op, inputs, **attributes):
        name = self.name(op.lower())
        self.nodes.append(helper.make_node(op, inputs, [name], name=name, **attributes))
        return name

    def recoded(self, x, positive):
        """Through u8 and back, as a quantizer leaves activations: up to 6, or from -8 to 8."""
        if not self.quantized:
            return x
        scale = self.tensor("scale", np.float32(6 / 255 if positive else 16 / 255))
        zero = self.tensor("zero", np.uint8(0 if positive else 128))
        return self.node("DequantizeLinear", [self.node("QuantizeLinear", [x, scale, zero]), scale, zero])

    def scale_of(self, x):
        """The scale that recoded() gave."""
        scales = {node.output[0]: node.input[1] for node in self.nodes if node.op_type == "DequantizeLinear"}
        return next(float(numpy_helper.to_array(t)) for t in self.tensors if t.name == scales[x])

    def weights(self, shape, x):
        """(weights, bias)"""
        spread = np.sqrt(2 / np.prod(shape[1:]))
        numbers = self.random.normal(0, spread, shape).astype(np.float32)
        bias = self.random.normal(0, 0.1, shape[0]).astype(np.float32)
        if not self.quantized:
            return self.tensor("weight", numbers), self.tensor("bias", bias)
        scales = (np.abs(numbers).reshape(shape[0], -1).max(axis=1) / 127).astype(np.float32)
        codes = np.round(numbers / scales.reshape(-1, *[1] * (len(shape) - 1))).astype(np.int8)
        sums = (np.float32(self.scale_of(x)) * scales).astype(np.float32)
        weight = self.node("DequantizeLinear", [self.tensor("codes", codes), self.tensor("scales", scales),
                                                self.tensor("zeros", np.zeros(shape[0], np.int8))], axis=0)
        bias = self.node("DequantizeLinear", [self.tensor("bias", np.round(bias / sums).astype(np.int32)),
                                              self.tensor("scales", sums),
                                              self.tensor("zeros", np.zeros(shape[0], np.int32))], axis=0)
        return weight, bias

    def convolution(self, x, channels, outputs, kernel, stride=1, groups=1, activation="Relu"):
        weight, bias = self.weights((outputs, channels // groups, kernel, kernel), x)
        y = self.node("Conv", [x, weight, bias], kernel_shape=[kernel] * 2, strides=[stride] * 2,
                      pads=[kernel // 2] * 4, group=groups)
        if activation == "Relu":
            y = self.node("Relu", [y])
        elif activation == "Relu6":
            y = self.node("Clip", [y, self.tensor("low", np.float32(0)), self.tensor("high", np.float32(6))])
        return self.recoded(y, activation is not None)

    def classified(self, x, channels):
        x = self.recoded(self.node("GlobalAveragePool", [x]), True)
        x = self.recoded(self.node("Flatten", [x]), True)
        weight, bias = self.weights((1000, channels), x)
        return self.recoded(self.node("Gemm", [x, weight, bias], transB=1), False)

    def save(self, path, y):
        graph = helper.make_graph(
            self.nodes, path.stem, [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 224, 224])],
            [helper.make_tensor_value_info(y, TensorProto.FLOAT, [1, 1000])], self.tensors)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
        onnx.checker.check_model(model)
        onnx.save(model, path)


def resnet50(path, quantized):
    b = Builder(quantized)
    x = b.convolution(b.recoded("x", False), 3, 64, 7, 2)
    x = b.recoded(b.node("MaxPool", [x], kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4), True)
    channels = 64
    for stage, (width, blocks) in enumerate(STAGES):
        for block in range(blocks):
            stride = 2 if stage > 0 and block == 0 else 1
            y = b.convolution(x, channels, width, 1)
            y = b.convolution(y, width, width, 3, stride)
            y = b.convolution(y, width, 4 * width, 1, activation=None)
            if block == 0:
                x = b.convolution(x, channels, 4 * width, 1, stride, activation=None)
            x = b.recoded(b.node("Relu", [b.node("Add", [y, x])]), True)
            channels = 4 * width
    b.save(path, b.classified(x, channels))


def mobilenetv2(path, quantized):
    b = Builder(quantized)
    x, channels = b.convolution(b.recoded("x", False), 3, 32, 3, 2, activation="Relu6"), 32
    for expansion, outputs, blocks, first_stride in INVERTED:
        for block in range(blocks):
            stride, hidden = first_stride if block == 0 else 1, expansion * channels
            y = b.convolution(x, channels, hidden, 1, activation="Relu6") if expansion > 1 else x
            y = b.convolution(y, hidden, hidden, 3, stride, groups=hidden, activation="Relu6")
            y = b.convolution(y, hidden, outputs, 1, activation=None)
            joined = stride == 1 and channels == outputs
            x, channels = b.recoded(b.node("Add", [x, y]), False) if joined else y, outputs
    x = b.convolution(x, channels, 1280, 1, activation="Relu6")
    b.save(path, b.classified(x, 1280))


MODELS = {
    "resnet50": lambda path: resnet50(path, False),
    "mobilenetv2": lambda path: mobilenetv2(path, False),
    "resnet50-int8": lambda path: resnet50(path, True),
    "mobilenetv2-int8": lambda path: mobilenetv2(path, True),
}


def model_file(folder, name):
    """The file, which is made where it is missing."""
    path = Path(folder) / f"{name}.onnx"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        MODELS[name](path)
    return path


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    for name in sys.argv[2:] or MODELS:
        print(model_file(sys.argv[1], name))


if __name__ == "__main__":
    main()
