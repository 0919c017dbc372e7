"""Fused ops of ONNX Runtime's own domain: `adze run` gives what ONNX Runtime gives for small models of one node."""
# needs: numpy onnx onnxruntime
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

ADZE = os.environ["ADZE"]
DOMAIN = "com.microsoft"
TOLERANCE = 1e-5
RANDOM = np.random.default_rng(7)


def floats(*shape):
    return RANDOM.standard_normal(shape).astype(np.float32)


def codes(*shape):
    return RANDOM.integers(0, 256, shape, dtype=np.uint8)


def mat_mul_n_bits(zeros):
    k, n, block = 96, 24, 32
    weights = {"b": codes(n, k // block, block // 2), "s": np.abs(floats(n * (k // block))) + 0.1}
    if zeros:
        weights["z"] = codes(n * ((k // block + 1) // 2))
    attributes = {"K": k, "N": n, "bits": 4, "block_size": block}
    return "MatMulNBits", {"x": floats(2, 3, k)}, weights, attributes, 1


def gather_block_quantized():
    weights = {"ids": np.array([[4, 0, 1]], np.int64), "s": np.abs(floats(5, 2)) + 0.1}
    return "GatherBlockQuantized", {}, {"t": codes(5, 32), **weights}, {"block_size": 32, "bits": 4, "quantize_axis": 1}, 1


def skip_normalization():
    inputs = {"x": floats(1, 4, 16), "skip": floats(1, 4, 16)}
    return "SkipSimplifiedLayerNormalization", inputs, {"w": floats(16)}, {"epsilon": 1e-6}, 4


def rotary_embedding(interleaved):
    angles = floats(32, 4)
    weights = {"p": np.array([[3, 4, 5]], np.int64), "c": np.cos(angles), "s": np.sin(angles)}
    return "RotaryEmbedding", {"x": floats(1, 2, 3, 8)}, weights, {"interleaved": interleaved}, 1


def group_query_attention(past, window=-1):
    tokens, heads, own, size = 3, 4, 2, 16
    angles = floats(64, size // 2)
    inputs = {"q": floats(1, tokens, heads * size), "k": floats(1, tokens, own * size), "v": floats(1, tokens, own * size)}
    inputs |= {"pk": floats(1, own, past, size), "pv": floats(1, own, past, size)}
    lengths = {"last": np.array([past + tokens - 1], np.int32), "total": np.array(past + tokens, np.int32)}
    attributes = {"num_heads": heads, "kv_num_heads": own, "do_rotary": 1, "local_window_size": window}
    return "GroupQueryAttention", inputs | lengths, {"c": np.cos(angles), "s": np.sin(angles)}, attributes, 3


def activation(name):
    return name, {"x": floats(3, 5)}, {}, {}, 1


CASES = {
    "MatMulNBits": mat_mul_n_bits(zeros=False),
    "MatMulNBits with zero points": mat_mul_n_bits(zeros=True),
    "GatherBlockQuantized": gather_block_quantized(),
    "SkipSimplifiedLayerNormalization": skip_normalization(),
    "RotaryEmbedding": rotary_embedding(0),
    "RotaryEmbedding interleaved": rotary_embedding(1),
    "GroupQueryAttention": group_query_attention(past=0),
    "GroupQueryAttention with a past": group_query_attention(past=5),
    "GroupQueryAttention in a window": group_query_attention(past=5, window=4),
    "Gelu": activation("Gelu"),
    "FastGelu": activation("FastGelu"),
    "QuickGelu": activation("QuickGelu"),
}


def write_model(path, op, inputs, weights, attributes, outputs):
    """Outputs that nobody asks for in between stay without a name, as exporters leave them."""
    kept = [0, 3] if outputs == 4 else list(range(outputs))
    names = [f"y{i}" if i in kept else "" for i in range(outputs)]
    node = helper.make_node(op, [*inputs, *weights], names, domain=DOMAIN, **attributes)
    values = [helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(a.dtype), a.shape) for n, a in inputs.items()]
    results = [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in names if n]
    graph = helper.make_graph([node], op, values, results, [numpy_helper.from_array(a, n) for n, a in weights.items()])
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid(DOMAIN, 1)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=10), path)
    return [n for n in names if n]


def run_adze(path, inputs, names, folder):
    words = [ADZE, "run", path, "--json"]
    for name, value in inputs.items():
        np.save(folder / f"{name}.npy", value)
        words += ["--input", f"{name}={folder}/{name}.npy"]
    for name in names:
        words += ["--output", f"{name}={folder}/out_{name}.npy"]
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{path.name}: {done.stderr}")
    return [np.load(folder / f"out_{name}.npy") for name in names]


def difference(case, folder):
    op, inputs, weights, attributes, outputs = case
    path = folder / "model.onnx"
    names = write_model(path, op, inputs, weights, attributes, outputs)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    expected = session.run(names, inputs)
    got = run_adze(path, inputs, names, folder)
    if any(a.shape != b.shape for a, b in zip(got, expected)):
        return np.inf
    return max(float(np.max(np.abs(a - b), initial=0)) for a, b in zip(got, expected))


def main():
    passed = failed = 0
    for name, case in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            found = difference(case, Path(folder))
        passed, failed = passed + (found <= TOLERANCE), failed + (found > TOLERANCE)
        print(f"{name}: largest difference {found:.2e}")
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
