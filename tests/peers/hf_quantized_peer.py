#!/usr/bin/env python3
# needs: numpy safetensors gguf shared
"""Folders of GPTQ, AWQ and compressed-tensors against their definitions in numpy, bit for bit, and what becomes of them.

usage: build/peers/venv/bin/python tests/peers/hf_quantized_peer.py
Prints `N passed, N failed, N skipped`; exit status 1 if anything failed.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import gguf
import numpy as np
from safetensors.numpy import load_file

from hf_quantized_definition import awq_words, dense_words, e4m3_levels, gptq_words, padded_words, rounded, values

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("ADZE_SHARED", ROOT.parent / "shared")) / "data"
BUILD = Path(os.environ.get("ADZE_BUILD", ROOT / "build" / "release"))
ADZE = Path(os.environ.get("ADZE", BUILD / "adze"))
MODEL = SHARED / "lm" / "tinystories-656k"


def adze(*words, check=True):
    return subprocess.run([ADZE, *map(str, words)], check=check, capture_output=True, text=True)


def report(name, good, detail=""):
    print(f"{'ok  ' if good else 'FAIL'} {name}{': ' if detail else ''}{detail}")
    return good


def source_tensors():
    """The embedding is under the name of the output that it is tied to."""
    tensors = load_file(MODEL / "model.safetensors")
    return {name.replace("lm_head", "model.embed_tokens"): tensor for name, tensor in tensors.items()}


def is_quantized(name):
    return name.endswith("_proj.weight")


def write_safetensors(path, tensors):
    """Bytes without a sign are floats of eight bits, which numpy does not have."""
    names = {"float32": "F32", "float16": "F16", "int32": "I32", "int64": "I64", "int8": "I8", "uint8": "F8_E4M3"}
    header, at = {}, 0
    for name, array in tensors.items():
        header[name] = {"dtype": names[array.dtype.name], "shape": array.shape, "data_offsets": [at, at + array.nbytes]}
        at += array.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(len(text).to_bytes(8, "little") + text + b"".join(a.tobytes() for a in tensors.values()))


def write_folder(folder, tensors, quantization, file=None):
    """The folder of a quantized model; `file` puts what it says where older tools did."""
    folder.mkdir()
    config = json.loads((MODEL / "config.json").read_text())
    if file:
        (folder / file).write_text(json.dumps(quantization))
    else:
        config["quantization_config"] = quantization
    (folder / "config.json").write_text(json.dumps(config))
    for extra in MODEL.glob("tokenizer*.json"):
        shutil.copy(extra, folder)
    write_safetensors(folder / "model.safetensors", tensors)


def consecutive(inputs, group):
    return np.arange(inputs) // group


class Form:
    """A way to store a matrix: its arrays by the end of their names, and the values that they stand for."""
    bits, group, symmetric, file, scale_type = 4, 32, True, None, np.float16

    def __init__(self, **settings):
        for key, value in settings.items():
            if not hasattr(self, key):
                raise AttributeError(key)
            setattr(self, key, value)
        self.random = np.random.default_rng(self.bits * 1000 + max(self.group, 0))

    def groups(self, inputs):
        return consecutive(inputs, inputs if self.group < 0 else self.group)

    def write(self, folder):
        stored, expected = {}, {}
        for name, tensor in source_tensors().items():
            if not is_quantized(name):
                stored[name] = expected[name] = tensor.astype(np.float32)
                continue
            arrays, expected[name] = self.arrays(tensor)
            stored.update({name[:-len("weight")] + part: array for part, array in arrays.items()})
        write_folder(folder, stored, self.quantization(), self.file)
        return expected


class Gptq(Form):
    act_order, version = False, 1

    def quantization(self):
        said = {"bits": self.bits, "group_size": self.group, "sym": self.symmetric, "desc_act": self.act_order}
        if self.version == 2:
            said["checkpoint_format"] = "gptq_v2"
        return said if self.file else {"quant_method": "gptq", **said}

    def arrays(self, matrix):
        groups = self.groups(matrix.shape[1])
        if self.act_order:
            groups = self.random.permutation(groups)
        codes, zeros, scales = rounded(matrix, self.bits, groups, self.symmetric, self.scale_type)
        stored = (zeros - (1 if self.version == 1 else 0)) & (2**self.bits - 1)
        return {"qweight": gptq_words(codes.T, self.bits).view(np.int32),
                "qzeros": np.ascontiguousarray(gptq_words(stored, self.bits).T).view(np.int32),
                "scales": np.ascontiguousarray(scales.T),
                "g_idx": groups.astype(np.int32)}, values(codes, zeros, scales, groups)


class Awq(Form):
    symmetric = False

    def quantization(self):
        if self.file:
            return {"zero_point": True, "q_group_size": self.group, "w_bit": 4, "version": "GEMM"}
        return {"quant_method": "awq", "bits": 4, "group_size": self.group, "zero_point": not self.symmetric,
                "version": "gemm", "modules_to_not_convert": ["lm_head"]}

    def arrays(self, matrix):
        groups = self.groups(matrix.shape[1])
        codes, zeros, scales = rounded(matrix, 4, groups, self.symmetric, self.scale_type)
        return {"qweight": awq_words(np.ascontiguousarray(codes.T)).view(np.int32),
                "qzeros": awq_words(np.ascontiguousarray(zeros.T)).view(np.int32),
                "scales": np.ascontiguousarray(scales.T)}, values(codes, zeros, scales, groups)


class Packed(Form):
    """compressed-tensors' pack-quantized."""
    words, act_order, scale_type, with_shape = staticmethod(dense_words), False, np.float32, True

    def quantization(self):
        strategy = "channel" if self.group < 0 else "group"
        weights = {"num_bits": self.bits, "type": "int", "symmetric": self.symmetric, "strategy": strategy,
                   "group_size": None if self.group < 0 else self.group, "actorder": "group" if self.act_order else None}
        return {"quant_method": "compressed-tensors", "format": "pack-quantized", "ignore": ["lm_head"],
                "config_groups": {"group_0": {"targets": ["Linear"], "weights": weights, "input_activations": None}}}

    def arrays(self, matrix):
        groups = self.groups(matrix.shape[1])
        if self.act_order:
            groups = self.random.permutation(groups)
        codes, zeros, scales = rounded(matrix, self.bits, groups, self.symmetric, self.scale_type)
        arrays = {"weight_packed": self.words(codes, self.bits).view(np.int32), "weight_scale": scales,
                  "weight_shape": np.array(matrix.shape, np.int64)}
        if not self.symmetric:
            packed = self.words(np.ascontiguousarray(zeros.T), self.bits)
            arrays["weight_zero_point"] = np.ascontiguousarray(packed.T).view(np.int32)
        if self.act_order:
            arrays["weight_g_idx"] = groups.astype(np.int32)
        return arrays, values(codes, zeros, scales, groups)


class Bytes(Form):
    """compressed-tensors' int-quantized, with 8-bit activations that are left out."""
    bits, group, strategy, scale_type = 8, -1, "channel", np.float32

    def quantization(self):
        weights = {"num_bits": 8, "type": "int", "symmetric": self.symmetric, "strategy": self.strategy}
        inputs = {"num_bits": 8, "type": "int", "symmetric": True, "strategy": "token", "dynamic": True}
        return {"quant_method": "compressed-tensors", "format": "int-quantized", "ignore": ["re:.*head"],
                "config_groups": {"group_0": {"targets": [r"re:.*\.layers\.\d+\..*proj$"], "weights": weights,
                                              "input_activations": inputs}}}

    def arrays(self, matrix):
        groups = self.groups(matrix.shape[1])
        codes, zeros, scales = rounded(matrix, 8, groups, self.symmetric, self.scale_type)
        if self.strategy == "tensor":
            zeros[:], scales[:] = zeros[0, 0], scales.max()
        arrays = {"weight": (codes.astype(np.int16) - 128).astype(np.int8), "input_scale": np.ones(1, np.float32),
                  "weight_scale": scales[:1, 0] if self.strategy == "tensor" else scales}
        if not self.symmetric:
            signed = (zeros.astype(np.int16) - 128).astype(np.int8)
            arrays["weight_zero_point"] = signed[:1, 0] if self.strategy == "tensor" else signed
        return arrays, values(codes, zeros, scales, groups)


class Floats(Form):
    """compressed-tensors' float-quantized: E4M3 with a scale per output or one for all."""
    bits, group, strategy, scale_type = 8, -1, "channel", np.float32

    def quantization(self):
        weights = {"num_bits": 8, "type": "float", "symmetric": True, "strategy": self.strategy}
        return {"quant_method": "compressed-tensors", "format": "float-quantized", "ignore": [],
                "config_groups": {"group_0": {"targets": ["Linear"], "weights": weights}}}

    def arrays(self, matrix):
        scales = np.abs(matrix).max(axis=1, keepdims=True) / 448
        if self.strategy == "tensor":
            scales[:] = scales.max()
        scales = scales.astype(self.scale_type)
        levels = e4m3_levels()
        codes = np.searchsorted(levels[:127], np.abs(matrix / scales)).clip(0, 126).astype(np.uint8)
        codes |= np.where(matrix < 0, 0x80, 0).astype(np.uint8)
        stored = scales[:1, 0] if self.strategy == "tensor" else scales
        return {"weight": codes, "weight_scale": stored}, scales.astype(np.float32) * levels[codes]


def same_values(folder, expected):
    """Whether every tensor decodes to the same floats."""
    target = folder.with_name(folder.name + "-f32")
    adze("convert", folder, target, "--to", "hf", "--dtype", "f32")
    found = load_file(target / "model.safetensors")
    wrong = [name for name, tensor in expected.items() if not np.array_equal(found[name], tensor)]
    says = "quantization_config" in json.loads((target / "config.json").read_text())
    return not wrong and not says and len(found) == len(expected), f"{len(expected)} tensors, wrong: {wrong[:2]}"


def gguf_values(path):
    return {t.name: gguf.dequantize(t.data, t.tensor_type) for t in gguf.GGUFReader(path).tensors}


def check_gguf(folder, fidelity, kind):
    """The class that is claimed for every matrix, and what another reader of GGUF decodes."""
    plain, packed = folder.with_name(folder.name + ".f32.gguf"), folder.with_name(folder.name + ".gguf")
    said = json.loads(adze("convert", folder, packed, "--tensors", "--json").stdout)
    matrices = [row for row in said["tensors"] if row["from"] != "f32"]
    adze("convert", folder, plain, "--dtype", "f32")
    ours, theirs = gguf_values(plain), gguf_values(packed)
    largest = max(np.abs(ours[row["name"]] - theirs[row["name"]]).max() for row in matrices)
    good = {row["fidelity"] for row in matrices} <= {fidelity, "exact"} and {row["to"] for row in matrices} == {kind}
    good = good and (largest == 0 if fidelity == "exact" else 0 < largest < 2e-3)
    return good, f"{len(matrices)} matrices {sorted({row['fidelity'] for row in matrices})} as {kind}, {largest:.2g}"


def check_mlx(folder, fidelity):
    target = folder.with_name(folder.name + "-mlx")
    said = json.loads(adze("convert", folder, target, "--tensors", "--json").stdout)
    found = {row["fidelity"] for row in said["tensors"] if row["from"] != "f32"}
    return found <= {fidelity, "exact"} and len(found) > 0, f"{sorted(found)}"


def check_refused(folder, act_order):
    """What GGUF's blocks cannot hold is said, and stored as floats or in new codes if that is asked for."""
    target = folder.with_name(folder.name + ".gguf")
    refused = adze("convert", folder, target, check=False)
    says = "--allow-requantize" in refused.stderr and ("order of their groups" in refused.stderr) == act_order
    if refused.returncode == 0 or not says:
        return False, refused.stderr
    again = json.loads(adze("convert", folder, target, "--allow-requantize", "--json").stdout)
    adze("convert", folder, target, "--dtype", "f16")
    return again["fidelity"] == "requantized", again["fidelity"]


# What each becomes in GGUF and in MLX, and how exactly.
FORMS = {
    "gptq 4 bits": (Gptq(), "exact q4_0", "exact"),
    "gptq 4 bits, groups of 128": (Gptq(group=128), "exact q4_0", "exact"),
    "gptq 4 bits, a group per row, quantize_config.json": (Gptq(group=-1, file="quantize_config.json"), "exact q4_0", "exact"),
    "gptq 4 bits, zero points": (Gptq(group=64, symmetric=False), "exact q5_0", "rounded"),
    "gptq 4 bits, zero points, v2": (Gptq(group=64, symmetric=False, version=2), "exact q5_0", "rounded"),
    "gptq 4 bits, f32 scales": (Gptq(scale_type=np.float32), "rounded q4_0", "rounded"),
    "gptq 3 bits": (Gptq(bits=3, group=64), "exact q4_0", "exact"),
    "gptq 3 bits, zero points, v2": (Gptq(bits=3, symmetric=False, version=2), "exact q4_0", "rounded"),
    "gptq 2 bits": (Gptq(bits=2, group=64), "exact q4_0", "exact"),
    "gptq 8 bits": (Gptq(bits=8, group=128), "exact q8_0", "exact"),
    "gptq 8 bits, v2": (Gptq(bits=8, version=2), "exact q8_0", "exact"),
    "awq": (Awq(group=128), "exact q5_0", "rounded"),
    "awq, groups of 64, quant_config.json": (Awq(group=64, file="quant_config.json"), "exact q5_0", "rounded"),
    "awq without zero points": (Awq(symmetric=True), "exact q4_0", "exact"),
    "pack-quantized 4 bits": (Packed(group=128), "rounded q4_0", "rounded"),
    "pack-quantized 4 bits, f16 scales": (Packed(group=64, scale_type=np.float16), "exact q4_0", "exact"),
    "pack-quantized 4 bits, zero points": (Packed(symmetric=False, scale_type=np.float16), "exact q5_0", "rounded"),
    "pack-quantized 3 bits, zero points": (Packed(bits=3, symmetric=False, scale_type=np.float16), "exact q4_0", "rounded"),
    "pack-quantized 3 bits, padded words": (
        Packed(bits=3, symmetric=False, words=padded_words, scale_type=np.float16), "exact q4_0", "rounded"),
    "pack-quantized 8 bits, a scale per output": (Packed(bits=8, group=-1, scale_type=np.float16), "exact q8_0", "exact"),
    "int-quantized": (Bytes(scale_type=np.float16), "exact q8_0", "exact"),
    "int-quantized, one scale": (Bytes(strategy="tensor", scale_type=np.float16), "exact q8_0", "exact"),
}
# Those that the blocks of GGUF cannot hold.
OTHERS = {
    "gptq 4 bits, act-order": Gptq(act_order=True),
    "gptq 3 bits, zero points, act-order": Gptq(bits=3, group=64, symmetric=False, act_order=True),
    "gptq 8 bits, act-order, v2": Gptq(bits=8, group=64, act_order=True, version=2),
    "pack-quantized 4 bits, act-order": Packed(act_order=True),
    "int-quantized, zero points": Bytes(symmetric=False),
    "int-quantized, one zero point": Bytes(symmetric=False, strategy="tensor"),
    "float-quantized": Floats(),
    "float-quantized, one scale": Floats(strategy="tensor"),
}


def checks(folder):
    for number, (name, (form, in_gguf, in_mlx)) in enumerate(FORMS.items()):
        path = folder / f"form{number}"
        yield f"{name} has the values of the definition", same_values(path, form.write(path))
        yield f"{name} in GGUF", check_gguf(path, *in_gguf.split())
        yield f"{name} in MLX", check_mlx(path, in_mlx)
    for number, (name, form) in enumerate(OTHERS.items()):
        path = folder / f"other{number}"
        yield f"{name} has the values of the definition", same_values(path, form.write(path))
        yield f"{name} in GGUF", check_refused(path, getattr(form, "act_order", False))


def main():
    with tempfile.TemporaryDirectory() as name:
        results = [report(what, *result) for what, result in checks(Path(name))]
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed, 0 skipped")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
