#!/usr/bin/env python3
# needs: numpy mlx.core
"""Decodes what MLX quantized with the group codecs that stand for its modes, and lets MLX decode what they encoded.

usage: build/peers/venv/bin/python tests/peers/mlx_codecs_peer.py
Prints `N passed, N failed, N skipped`; exit status 1 if anything failed.
"""
import os
import pathlib
import subprocess
import sys

import mlx.core as mx
import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOL = pathlib.Path(os.environ.get("ADZE_BUILD", ROOT / "build" / "release")) / "tests" / "codec_tool"
ROWS, COLUMNS = 64, 384
SCALES = {"f16": mx.float16, "bf16": mx.bfloat16, "f32": mx.float32}


def run_tool(*arguments, data):
    return subprocess.run([TOOL, *arguments], input=data, stdout=subprocess.PIPE, check=True).stdout


def raw(array):
    """The bytes of an MLX array, rows of groups first: [groups, bytes]."""
    if array.dtype == mx.bfloat16:
        array = array.view(mx.uint16)
    return np.ascontiguousarray(np.array(array)).view(np.uint8)


def blocks_of(arrays, group):
    """Adze's blocks: scale, bias, codes."""
    codes, *scales = arrays
    groups = ROWS * COLUMNS // group
    return np.concatenate([raw(part).reshape(groups, -1) for part in [*scales, codes]], axis=1)


def arrays_of(blocks, arrays):
    """And back, as arrays of the same types as `arrays`."""
    codes, *scales = arrays
    parts, at = [], 0
    for array in [*scales, codes]:
        wide = np.uint16 if array.dtype == mx.bfloat16 else np.array(array).dtype
        width = array.nbytes // len(blocks)
        part = np.ascontiguousarray(blocks[:, at:at + width]).view(wide).reshape(array.shape)
        part = mx.array(part)
        parts.append(part.view(mx.bfloat16) if array.dtype == mx.bfloat16 else part)
        at += width
    return [parts[-1], *parts[:-1]]


def dequantized(arrays, group, bits, mode):
    """In f32: MLX computes in the type of the scales."""
    codes, *scales = arrays
    if mode == "affine":
        scales = [part.astype(mx.float32) for part in scales]
    values = mx.dequantize(codes, *scales, group_size=group, bits=bits, mode=mode)
    return np.array(values.astype(mx.float32)).reshape(-1)


def check(name, weights, group, bits, mode, exact):
    arrays = mx.quantize(weights, group_size=group, bits=bits, mode=mode)
    theirs = dequantized(arrays, group, bits, mode)
    ours = np.frombuffer(run_tool("decode", name, data=blocks_of(arrays, group).tobytes()), np.float32)
    step = np.abs(theirs).max() * 1e-6
    decodes = np.array_equal(ours, theirs) if exact else np.abs(ours - theirs).max() <= step
    original = np.array(weights.astype(mx.float32)).reshape(-1)
    packed = np.frombuffer(run_tool("encode", name, data=original.tobytes()), np.uint8).reshape(-1, blocks_of(arrays, group).shape[1])
    ours_read_by_them = dequantized(arrays_of(packed, arrays), group, bits, mode)
    our_error = float(((ours_read_by_them - original) ** 2).mean())
    their_error = float(((theirs - original) ** 2).mean())
    encodes = our_error <= 1.0001 * their_error
    print(f"{'ok  ' if decodes and encodes else 'FAIL'} {name}: squared error {our_error:.4g}, MLX's {their_error:.4g}"
          + ("" if decodes else ", decoded values differ"))
    return decodes and encodes


def main():
    mx.set_default_device(mx.cpu)
    mx.random.seed(3)
    results = []
    for scale, dtype in SCALES.items():
        weights = (mx.random.normal((ROWS, COLUMNS)) * 0.02).astype(dtype)
        for bits in (2, 3, 4, 5, 6, 8):
            for group in (32, 64, 128):
                results.append(check(f"affine{bits}_g{group}_{scale}", weights, group, bits, "affine", False))
    weights = (mx.random.normal((ROWS, COLUMNS)) * 0.02).astype(mx.float32)
    for name, group, bits, mode in (("e2m1_g32_e8m0", 32, 4, "mxfp4"), ("e4m3_g32_e8m0", 32, 8, "mxfp8"),
                                    ("e2m1_g16_e4m3", 16, 4, "nvfp4")):
        results.append(check(name, weights, group, bits, mode, True))
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed, 0 skipped")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
