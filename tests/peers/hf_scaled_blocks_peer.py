#!/usr/bin/env python3
# needs: numpy safetensors gguf shared
"""Folders of FP8 and bitsandbytes against their definitions in numpy, bit for bit, and what becomes of them.

usage: build/peers/venv/bin/python tests/peers/hf_scaled_blocks_peer.py
Prints `N passed, N failed, N skipped`; exit status 1 if anything failed.
"""
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import gguf
import numpy as np
from safetensors.numpy import load_file

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("ADZE_SHARED", ROOT.parent / "shared")) / "data"
ADZE = Path(os.environ.get("ADZE", ROOT / "build" / "release" / "adze"))
MODEL = SHARED / "lm" / "tinystories-656k"
NF4 = np.array([-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635,
                -0.18477343022823334, -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725,
                0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023,
                1.0], np.float32)
FP4 = np.array([0, 0.0052083333, 0.66666667, 1, 0.33333333, 0.5, 0.16666667, 0.25, 0, -0.0052083333, -0.66666667, -1,
                -0.33333333, -0.5, -0.16666667, -0.25], np.float32)
DTYPES = {"float32": "F32", "uint8": "U8", "int8": "I8"}


class Stored:
    """Bytes of an array with a safetensors dtype of its own."""

    def __init__(self, array, dtype=None):
        self.bytes, self.shape = np.ascontiguousarray(array).tobytes(), list(array.shape)
        self.dtype = dtype or DTYPES[array.dtype.name]


def save(path, arrays):
    header, offset = {}, 0
    for name, stored in arrays.items():
        header[name] = {"dtype": stored.dtype, "shape": stored.shape, "data_offsets": [offset, offset + len(stored.bytes)]}
        offset += len(stored.bytes)
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(stored.bytes for stored in arrays.values()))


def nearest(levels, values):
    """The index of the nearest of some levels, number by number."""
    order = np.argsort(levels, kind="stable")
    middles = (levels[order][1:] + levels[order][:-1]) / 2
    return order[np.searchsorted(middles, values)].astype(np.uint8)


def e4m3_values():
    """What the 256 patterns of float8_e4m3fn stand for."""
    patterns = np.arange(256)
    exponents, mantissas = (patterns >> 3) & 15, patterns & 7
    magnitudes = np.where(exponents == 0, mantissas / 8 * 2.0**-6, (1 + mantissas / 8) * 2.0 ** (exponents - 7.0))
    values = np.where(patterns >= 128, -magnitudes, magnitudes).astype(np.float32)
    values[(patterns & 127) == 127] = np.nan
    return values


def bf16(values):
    """Rounded to bfloat16: the upper halves, and the floats that they stand for."""
    bits = values.astype(np.float32).view(np.uint32)
    halves = ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)
    return halves, (halves.astype(np.uint32) << 16).view(np.float32)


class Fp8:
    """Blocks of 128 x 128 as DeepSeek-V3 and Qwen3-FP8 have them: weight = code * weight_scale_inv."""

    def __init__(self, block=(128, 128), scales="f32"):
        self.block, self.scales = block, scales
        self.storage = f"e4m3_g{min(block[1], 128)}_{scales}"

    def quantization(self):
        return {"quant_method": "fp8", "activation_scheme": "dynamic", "fmt": "e4m3",
                "weight_block_size": list(self.block)}

    def arrays(self, name, matrix):
        rows, columns = (-(-size // block) for size, block in zip(matrix.shape, self.block))
        of_row, of_column = np.arange(matrix.shape[0]) // self.block[0], np.arange(matrix.shape[1]) // self.block[1]
        largest = np.zeros((rows, columns), np.float32)
        np.maximum.at(largest, (of_row[:, None], of_column[None, :]), np.abs(matrix))
        scales = np.maximum(largest / np.float32(448), np.float32(1e-12))
        stored = Stored(scales)
        if self.scales == "bf16":
            halves, scales = bf16(scales)
            stored = Stored(halves, "BF16")
        spread = scales[of_row[:, None], of_column[None, :]]
        levels = e4m3_values()
        finite = np.flatnonzero(np.isfinite(levels))
        codes = finite[nearest(levels[finite], matrix / spread)].astype(np.uint8)
        return {name: Stored(codes, "F8_E4M3"), f"{name}_scale_inv": stored}, levels[codes] * spread


class FourBits:
    """NF4 or FP4 in blocks of 64; with nested scales each absmax is a code too."""

    def __init__(self, kind, nested):
        self.kind, self.nested, self.levels = kind, nested, NF4 if kind == "nf4" else FP4
        self.storage = "nf4_g64_f32" if kind == "nf4" else "f32"

    def quantization(self):
        return {"quant_method": "bitsandbytes", "load_in_4bit": True, "bnb_4bit_quant_type": self.kind,
                "bnb_4bit_use_double_quant": self.nested}

    def nested_scales(self, name, absmax):
        offset = np.float32(absmax.mean())
        scale_levels = np.linspace(-1, 1, 256, dtype=np.float32)
        padded = np.zeros(-(-len(absmax) // 256) * 256, np.float32)
        padded[:len(absmax)] = absmax - offset
        outer = np.maximum(np.abs(padded.reshape(-1, 256)).max(axis=1), np.float32(1e-12))
        spread = np.repeat(outer, 256)[:len(absmax)]
        codes = nearest(scale_levels, (absmax - offset) / spread)
        arrays = {f"{name}.absmax": Stored(codes), f"{name}.nested_absmax": Stored(outer),
                  f"{name}.nested_quant_map": Stored(scale_levels)}
        state = {"nested_blocksize": 256, "nested_dtype": "float32", "nested_offset": float(offset)}
        return arrays, state, scale_levels[codes] * spread + offset

    def arrays(self, name, matrix):
        flat = matrix.reshape(-1)
        absmax = np.maximum(np.abs(flat.reshape(-1, 64)).max(axis=1), np.float32(1e-12))
        arrays, nested = {f"{name}.absmax": Stored(absmax)}, {}
        if self.nested:
            arrays, nested, absmax = self.nested_scales(name, absmax)
        spread = np.repeat(absmax, 64)
        codes = nearest(self.levels, flat / spread)
        state = {"quant_type": self.kind, "blocksize": 64, "dtype": "bfloat16", "shape": list(matrix.shape), **nested}
        text = np.frombuffer(json.dumps(state).encode(), np.uint8)
        packed = (codes[0::2] << 4 | codes[1::2]).reshape(-1, 1)
        arrays = {name: Stored(packed), **arrays, f"{name}.quant_map": Stored(self.levels),
                  f"{name}.quant_state.bitsandbytes__{self.kind}": Stored(text)}
        return arrays, (self.levels[codes] * spread).reshape(matrix.shape)


class Int8:
    """Rows of int8 with the magnitude that 127 stands for."""

    storage = None  # groups as long as the rows

    def quantization(self):
        return {"quant_method": "bitsandbytes", "load_in_8bit": True}

    def arrays(self, name, matrix):
        module = name[:-len(".weight")]
        largest = np.abs(matrix).max(axis=1)
        codes = np.rint(matrix / largest[:, None] * 127).astype(np.int8)
        values = codes.astype(np.float32) * (largest / np.float32(127))[:, None]
        return {name: Stored(codes), f"{module}.SCB": Stored(largest),
                f"{module}.weight_format": Stored(np.zeros((), np.uint8))}, values


CASES = {
    "fp8 128 x 128": Fp8(), "fp8 128 x 128, bf16 scales": Fp8(scales="bf16"), "fp8 64 x 32": Fp8((64, 32)),
    "nf4": FourBits("nf4", False), "nf4 nested": FourBits("nf4", True), "fp4 nested": FourBits("fp4", True),
    "int8": Int8(),
}


def adze(*words, check=True):
    return subprocess.run([ADZE, *map(str, words)], check=check, capture_output=True, text=True)


def write_folder(folder, case):
    """A folder whose projections are quantized, and the values of all tensors."""
    folder.mkdir()
    config = json.loads((MODEL / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "quantization_config": case.quantization()}))
    for extra in MODEL.glob("tokenizer*.json"):
        shutil.copy(extra, folder)
    arrays, expected = {}, {}
    for name, tensor in load_file(MODEL / "model.safetensors").items():
        tensor = tensor.astype(np.float32)
        made, expected[name] = ({name: Stored(tensor)}, tensor)
        if name.endswith("_proj.weight"):
            made, expected[name] = case.arrays(name, tensor)
        arrays.update(made)
    save(folder / "model.safetensors", arrays)
    return {name.replace("lm_head", "model.embed_tokens"): tensor for name, tensor in expected.items()}


def same_values(folder, expected):
    target = folder.with_name(folder.name + "-f32")
    adze("convert", folder, target, "--to", "hf", "--dtype", "f32")
    found = load_file(target / "model.safetensors")
    wrong = [name for name, tensor in expected.items() if not np.array_equal(found[name], tensor)]
    says = "quantization_config" in json.loads((target / "config.json").read_text())
    return not wrong and not says and len(found) == len(expected), f"{len(expected)} tensors, wrong: {wrong[:2]}"


def fidelities(folder, target, *options):
    said = json.loads(adze("convert", folder, target, "--tensors", "--json", *options).stdout)
    return {row["fidelity"] for row in said["tensors"] if row["name"].endswith(("attn_q.weight", "ffn_up.weight"))}


def claims(folder, case):
    """What `adze convert` says of the matrices: floats are exact or rounded, other packed types need new codes."""
    if case.storage == "f32":
        found = fidelities(folder, folder.with_name(folder.name + "-kept.gguf"))
        return found == {"copied"}, f"floats: {sorted(found)}"
    wide = fidelities(folder, folder.with_name(folder.name + "-f32.gguf"), "--dtype", "f32")
    narrow = fidelities(folder, folder.with_name(folder.name + "-bf16.gguf"), "--dtype", "bf16")
    good = wide == {"exact"} and narrow <= {"rounded", "exact"}
    if case.storage is None:
        return good, f"f32 {sorted(wide)}, bf16 {sorted(narrow)}"
    refused = adze("convert", folder, folder.with_name(folder.name + ".gguf"), check=False)
    again = fidelities(folder, folder.with_name(folder.name + ".gguf"), "--allow-requantize")
    good = good and refused.returncode != 0 and "--allow-requantize" in refused.stderr and again == {"requantized"}
    return good, f"f32 {sorted(wide)}, bf16 {sorted(narrow)}, packed {sorted(again)}"


def quantizes(folder):
    """Q8_0 of a folder, made twice: of it and of its floats."""
    ours, theirs = folder.with_name(folder.name + "-a.gguf"), folder.with_name(folder.name + "-b.gguf")
    adze("quantize", folder, ours, "--type", "Q8_0", "--allow-requantize", "--no-card")
    adze("quantize", folder.with_name(folder.name + "-f32"), theirs, "--type", "Q8_0", "--no-card")
    a, b = ({tensor.name: tensor.data for tensor in gguf.GGUFReader(path).tensors} for path in (ours, theirs))
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a), f"{len(a)} tensors"


def main():
    counts = {True: 0, False: 0}

    def report(name, outcome):
        good, detail = outcome
        counts[good] += 1
        print(f"{'ok  ' if good else 'FAIL'} {name}: {detail}", flush=True)

    with tempfile.TemporaryDirectory() as root:
        for number, (name, case) in enumerate(CASES.items()):
            folder = Path(root) / f"m{number}"
            expected = write_folder(folder, case)
            report(f"{name}: values", same_values(folder, expected))
            report(f"{name}: claims", claims(folder, case))
            report(f"{name}: quantized", quantizes(folder))
    print(f"{counts[True]} passed, {counts[False]} failed, 0 skipped")
    return 1 if counts[False] else 0


if __name__ == "__main__":
    sys.exit(main())
