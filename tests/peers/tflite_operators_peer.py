"""Operators of 8-bit integers alone, with random scales and zero points: `adze run` gives what LiteRT gives as it runs by
itself, in every bit where EXACT says so, else within a step. A column says how many numbers its reference kernels,
which round by fixed-point factors, give otherwise than that."""
# needs: numpy ai_edge_litert flatbuffers
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from tflite_files import Tensor, one_operator

ADZE = os.environ["ADZE"]
SEED, MODELS_OF_A_CASE = 31, 6
RELU, RELU6 = schema.ActivationFunctionType.RELU, schema.ActivationFunctionType.RELU6


def options(kind, **fields):
    made = getattr(schema, kind + "OptionsT")()
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def quantized(name, shape, random, dtype=np.int8):
    limits = np.iinfo(dtype)
    return Tensor(name, shape, dtype, np.float32(10 ** random.uniform(-2, -1)), random.integers(limits.min, limits.max + 1))


def like(x, name, shape, factor=1.0, zero=None):
    return Tensor(name, shape, x.dtype, np.float32(x.scale * factor), x.zero if zero is None else zero)


def pair(op, kind, dtype=np.int8, activation=0, second=(1, 64, 64, 4)):
    """All pairs of codes of two tensors, or one of them broadcast."""
    def make(random):
        a, b = quantized("a", (1, 64, 64, 4), random, dtype), quantized("b", second, random, dtype)
        scale = a.scale * b.scale * random.uniform(50, 150) if op == "MUL" else (a.scale + b.scale) * random.uniform(0.4, 1.2)
        y = Tensor("y", a.shape, dtype, np.float32(scale), random.integers(-20, 20) + (128 if dtype == np.uint8 else 0))
        return one_operator(op, options(kind, fusedActivationFunction=activation), [a, b], [y])
    return make


def pool(op, window, stride, padding, activation=0, size=(9, 11)):
    def make(random):
        x = quantized("x", (2, *size, 5), random)
        same = padding == schema.Padding.SAME
        out = [-(-n // stride) if same else (n - w) // stride + 1 for n, w in zip(size, window)]
        y = like(x, "y", (2, *out, 5))
        return one_operator(op, options("Pool2D", padding=padding, strideW=stride, strideH=stride, filterWidth=window[1],
                                        filterHeight=window[0], fusedActivationFunction=activation), [x], [y])
    return make


def mean(op, axes, shape, out, same=False):
    def make(random):
        x = quantized("x", shape, random)
        y = like(x, "y", out, 1.0 if same else random.uniform(0.3, 1.5), None if same else random.integers(-30, 30))
        axis = Tensor("axes", (len(axes),), np.int32, numbers=np.array(axes))
        return one_operator(op, options("Reducer", keepDims=len(out) == len(shape)), [x, axis], [y])
    return make


def unary(op, made, scale, zero, top=None, shape=(1, 256), version=2):
    """`scale` and `zero` of the result: fixed where TFLite fixes them. `top`: the input's largest scale."""
    def make(random):
        x = quantized("x", shape, random)
        if top:
            x.scale = np.float32(random.uniform(0.1, 1) * top)
        y = Tensor("y", shape, np.int8, np.float32(scale if scale else x.scale * random.uniform(0.5, 1.5)),
                   random.integers(-60, 60) if zero is None else zero)
        return one_operator(op, made, [x], [y], version)
    return make


def requantize():
    def make(random):
        x = quantized("x", (1, 256), random)
        return one_operator("QUANTIZE", options("Quantize"), [x],
                            [like(x, "y", (1, 256), random.uniform(0.4, 2.5), random.integers(-30, 30))])
    return make


VALID, SAME = schema.Padding.VALID, schema.Padding.SAME
EXACT, STEP = 0, 1
CASES = [
    ("add", EXACT, pair("ADD", "Add")),
    ("add, u8", EXACT, pair("ADD", "Add", np.uint8)),
    ("add, relu", EXACT, pair("ADD", "Add", activation=RELU)),
    ("add, relu6", EXACT, pair("ADD", "Add", activation=RELU6)),
    ("add, by channel", EXACT, pair("ADD", "Add", second=(4,))),
    ("add, by number", EXACT, pair("ADD", "Add", second=(1,))),
    ("sub", EXACT, pair("SUB", "Sub")),
    ("sub, by number", EXACT, pair("SUB", "Sub", second=(1,))),
    ("mul", EXACT, pair("MUL", "Mul")),
    ("mul, u8", EXACT, pair("MUL", "Mul", np.uint8)),
    ("mul, relu", EXACT, pair("MUL", "Mul", activation=RELU)),
    ("mul, by channel", EXACT, pair("MUL", "Mul", second=(1, 1, 1, 4))),
    ("average pool", EXACT, pool("AVERAGE_POOL_2D", (2, 2), 2, VALID)),
    ("average pool, 3x5", EXACT, pool("AVERAGE_POOL_2D", (3, 5), 1, VALID, RELU)),
    ("average pool, padded", EXACT, pool("AVERAGE_POOL_2D", (4, 3), 2, SAME)),
    ("average pool, all", EXACT, pool("AVERAGE_POOL_2D", (8, 8), 1, VALID, size=(8, 8))),
    ("max pool", EXACT, pool("MAX_POOL_2D", (3, 2), 2, SAME)),
    ("mean over images", EXACT, mean("MEAN", [1, 2], (2, 8, 8, 16), (2, 1, 1, 16))),
    ("mean over images, same scale", EXACT, mean("MEAN", [1, 2], (2, 8, 8, 16), (2, 16), True)),
    ("mean over channels", EXACT, mean("MEAN", [3], (2, 8, 8, 7), (2, 8, 8))),
    ("sum", EXACT, mean("SUM", [1, 2], (2, 3, 3, 64), (2, 64))),
    ("softmax", EXACT, unary("SOFTMAX", options("Softmax", beta=1.0), 1 / 256, -128, 0.3, (32, 10))),
    ("logistic", EXACT, unary("LOGISTIC", None, 1 / 256, -128, 0.1)),
    ("tanh", EXACT, unary("TANH", None, 1 / 128, 0, 0.05)),
    ("relu", EXACT, unary("RELU", None, None, None)),
    ("relu6", EXACT, unary("RELU6", None, None, None)),
    ("leaky relu", EXACT, unary("LEAKY_RELU", options("LeakyRelu", alpha=0.3), None, None)),
    ("hard swish", STEP, unary("HARD_SWISH", None, None, None, version=1)),
    ("quantize again", EXACT, requantize()),
]


class Reference:
    def __init__(self, content, kernels=OpResolverType.AUTO):
        self.interpreter = Interpreter(model_content=content, experimental_op_resolver_type=kernels)
        self.interpreter.allocate_tensors()
        self.inputs = self.interpreter.get_input_details()
        self.output = self.interpreter.get_output_details()[0]

    def run(self, values):
        for details, value in zip(self.inputs, values):
            self.interpreter.set_tensor(details["index"], value)
        self.interpreter.invoke()
        return self.interpreter.get_tensor(self.output["index"]).copy()


def run_adze(folder, content, names, values, output):
    (folder / "model.tflite").write_bytes(content)
    command = [ADZE, "run", folder / "model.tflite", "--json", "--output", f"{output}={folder}/y.npy"]
    for name, value in zip(names, values):
        np.save(folder / f"{name}.npy", value)
        command += ["--input", f"{name}={folder}/{name}.npy"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return np.load(folder / "y.npy")


def compare(make, random, folder):
    """(largest difference, numbers that differ, numbers that the reference kernels give otherwise, of how many)"""
    largest = differ = apart = count = 0
    for _ in range(MODELS_OF_A_CASE):
        content = make(random)
        fast, plain = Reference(content), Reference(content, OpResolverType.BUILTIN_REF)
        limits = np.iinfo(fast.inputs[0]["dtype"])
        values = [random.integers(limits.min, limits.max + 1, details["shape"]).astype(details["dtype"])
                  for details in fast.inputs]
        expected, other = fast.run(values), plain.run(values)
        got = run_adze(folder, content, [details["name"] for details in fast.inputs], values, fast.output["name"])
        assert got.dtype == expected.dtype and got.shape == expected.shape, (got.dtype, got.shape, expected.shape)
        distance = np.abs(got.astype(int) - expected.astype(int))
        largest, differ = max(largest, int(distance.max())), differ + int((distance != 0).sum())
        apart, count = apart + int((other != expected).sum()), count + expected.size
    return largest, differ, apart, count


def main():
    failed = 0
    random = np.random.default_rng(SEED)
    print(f"{'operator':30} {'steps':>6} {'differ':>8} {'theirs apart':>13} {'of':>8}")
    with tempfile.TemporaryDirectory() as name:
        for title, allowed, make in CASES:
            largest, differ, apart, count = compare(make, random, Path(name))
            failed += largest > allowed
            print(f"{title:30} {largest:>6} {differ:>8} {apart:>13} {count:>8}{'' if largest <= allowed else '  FAILED'}",
                  flush=True)
    print(f"{len(CASES) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
