#!/usr/bin/env python3
# needs: gguf numpy
"""Decodes random bytes with every codec, and the demo model's tensors, and compares the floats bit by bit with those
of the `gguf` package.

usage: build/peers/venv/bin/python tests/peers/codecs_peer.py
Prints `N passed, N failed, N skipped`; exit status 1 if anything failed.
"""
import os
import pathlib
import subprocess
import sys

import gguf
import numpy

ROOT = pathlib.Path(__file__).resolve().parents[2]
BLOCKS = 3000
DEMO_MODEL = pathlib.Path.home() / ".cache/adze/models/SmolLM2-135M-Instruct.Q4_1.gguf"


def run_tool(tool, *arguments, data=b""):
    return subprocess.run([tool, *arguments], input=data, stdout=subprocess.PIPE, check=True).stdout


def same_floats(ours, theirs):
    """Equal bits, where any NaN equals any other NaN."""
    both_nan = numpy.isnan(ours) & numpy.isnan(theirs)
    return bool(((ours.view(numpy.uint32) == theirs.view(numpy.uint32)) | both_nan).all())


def peer_decode_bits(name, packed):
    """Q1_0 and Q2_0, which the package does not decode: codes in little-endian bit order after an f16 scale."""
    scale = packed[:, :2].copy().view("<f2").astype(numpy.float32)
    bits = numpy.unpackbits(packed[:, 2:], axis=1, bitorder="little")
    if name == "q1_0":
        return numpy.where(bits == 1, scale, -scale).reshape(-1)
    codes = bits[:, 0::2].astype(numpy.float32) + 2 * bits[:, 1::2]
    return ((codes - 1) * scale).reshape(-1)


NF4 = numpy.float32([  # bitsandbytes' table
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
    -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0])
E2M1 = numpy.float32([0, 0.5, 1, 1.5, 2, 3, 4, 6, 0, -0.5, -1, -1.5, -2, -3, -4, -6])  # -0 is 0, as in GGUF


def float8(mantissa_bits):
    """All 256 values of an 8-bit float; what has no finite value is NaN."""
    patterns = numpy.arange(256)
    bias = (1 << (6 - mantissa_bits)) - 1
    exponent = (patterns & 127) >> mantissa_bits
    fraction = (patterns & ((1 << mantissa_bits) - 1)) / (1 << mantissa_bits)
    values = numpy.where(exponent == 0, fraction * 2.0 ** (1 - bias), (1 + fraction) * 2.0 ** (exponent - bias))
    values = numpy.where(patterns & 128, -values, values)
    lost = (patterns & 127) == 127 if mantissa_bits == 3 else exponent == 31
    return numpy.where(lost, numpy.nan, values).astype(numpy.float32)


def load_scales(kind, columns):
    if kind == "bf16":
        return (columns.copy().view("<u2").astype(numpy.uint32) << 16).view(numpy.float32)
    if kind == "e8m0":
        return numpy.where(columns == 255, numpy.nan, 2.0 ** (columns.astype(float) - 127)).astype(numpy.float32)
    if kind == "e4m3":
        return float8(3)[columns]
    return columns.copy().view("<f2" if kind == "f16" else "<f4").astype(numpy.float32)


def peer_decode_groups(name, packed):
    """Members of the family of group codecs, from their description alone."""
    kind, group, scale = name.split("_")
    group, width = int(group[1:]), {"f16": 2, "bf16": 2, "f32": 4, "e8m0": 1, "e4m3": 1}[scale]
    offset_width = width if kind.startswith("affine") else 1 if kind.startswith("uint") else 0
    scales = load_scales(scale, packed[:, :width])
    stream = numpy.unpackbits(packed[:, width + offset_width :], axis=1, bitorder="little")
    bits = {"nf4": 4, "e2m1": 4, "e4m3": 8, "e5m2": 8}.get(kind) or int(kind[-1])
    weights = 1 << numpy.arange(bits)
    codes = (stream[:, : group * bits].reshape(-1, group, bits) * weights).sum(axis=2)
    tables = {"nf4": NF4, "e2m1": E2M1, "e4m3": float8(3), "e5m2": float8(2)}
    if kind in tables:
        return (scales * tables[kind][codes]).reshape(-1)
    if kind.startswith("affine"):
        offsets = load_scales(scale, packed[:, width : 2 * width])
        return (scales * codes.astype(numpy.float32) + offsets).reshape(-1)
    zeros = packed[:, width : width + 1].astype(int) if offset_width else 1 << (bits - 1)
    return (scales * (codes - zeros).astype(numpy.float32)).reshape(-1)


def peer_decode(name, packed):
    plain = {"f64": "<f8", "i64": "<i8", "i32": "<i4", "i16": "<i2", "i8": "i1", "u8": "u1"}
    if name == "bool":
        return (packed != 0).astype(numpy.float32)
    if name == "f8_e5m2":  # the upper half of an f16
        return (packed.astype(numpy.uint16) << 8).view("<f2").astype(numpy.float32)
    if name == "f8_e4m3":
        return float8(3)[packed]
    with numpy.errstate(all="ignore"):
        if "_g" in name:
            return peer_decode_groups(name, packed)
        if name in ("q1_0", "q2_0"):
            return peer_decode_bits(name, packed)
        if name in plain:
            return packed.view(plain[name]).astype(numpy.float32)
        return gguf.quants.dequantize(packed, gguf.GGMLQuantizationType[name.upper()]).reshape(-1)


def check_codec(tool, name, block_bytes):
    """Random bytes hit infinite, NaN, zero and subnormal scales too."""
    generator = numpy.random.default_rng(12345)
    packed = generator.integers(0, 256, BLOCKS * block_bytes, dtype=numpy.uint8)
    packed[: 4 * block_bytes] = 0
    packed[4 * block_bytes : 8 * block_bytes] = 255
    ours = numpy.frombuffer(run_tool(tool, "decode", name, data=packed.tobytes()), dtype=numpy.float32)
    is_plain = block_bytes <= 8 and "_g" not in name
    shaped = packed if is_plain else packed.reshape(-1, block_bytes)
    with numpy.errstate(all="ignore"):
        theirs = numpy.ascontiguousarray(peer_decode(name, shaped)).reshape(-1)
    return ours.size == theirs.size and same_floats(ours, theirs)


def check_model(tool, path):
    """One tensor of each storage type in a real file."""
    seen = {}
    for tensor in gguf.GGUFReader(path).tensors:
        seen.setdefault(tensor.tensor_type.name.lower(), tensor)
    for name, tensor in seen.items():
        packed = numpy.ascontiguousarray(tensor.data).view(numpy.uint8)
        ours = numpy.frombuffer(run_tool(tool, "decode", name, data=packed.tobytes()), dtype=numpy.float32)
        theirs = numpy.ascontiguousarray(gguf.quants.dequantize(tensor.data, tensor.tensor_type)).reshape(-1)
        yield f"{name}: {tensor.name} of {path.name}", ours.size == theirs.size and same_floats(ours, theirs)


def main():
    tool = pathlib.Path(os.environ.get("ADZE_BUILD", ROOT / "build" / "release")) / "tests" / "codec_tool"
    passed = failed = 0
    for line in run_tool(tool, "list").decode().splitlines():
        name, _, block_bytes, _ = line.split()
        equal = check_codec(tool, name, int(block_bytes))
        passed, failed = passed + equal, failed + (not equal)
        print(f"{'ok  ' if equal else 'FAIL'} {name}: {BLOCKS} blocks of random bytes")
    equal = subprocess.run([sys.executable, ROOT / "tools" / "make_codebooks.py", "--check"]).returncode == 0
    passed, failed = passed + equal, failed + (not equal)
    print(f"{'ok  ' if equal else 'FAIL'} codebooks are those of the package")
    model = pathlib.Path(os.environ.get("ADZE_MODEL", DEMO_MODEL))
    for what, equal in check_model(tool, model) if model.exists() else ():
        passed, failed = passed + equal, failed + (not equal)
        print(f"{'ok  ' if equal else 'FAIL'} {what}")
    if not model.exists():
        print("skipped: the demo model is not in the cache")
    print(f"{passed} passed, {failed} failed, {0 if model.exists() else 1} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
