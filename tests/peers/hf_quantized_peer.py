#!/usr/bin/env python3
# needs: numpy safetensors gguf transformers shared
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
from transformers.utils.quantization_config import AwqConfig, GPTQConfig

from hf_quantized_definition import (awq_unpacked, awq_words, dense_words, e4m3_levels, gptq_words, padded_words, rounded,
                                     streamed, values)

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
    method, bits, group, symmetric, file, scale_type = "compressed-tensors", 4, 32, True, None, np.float16

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
    method, act_order, version = "gptq", False, 1

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
    method, symmetric = "awq", False

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


def arrays_of(folder):
    return load_raw(folder / "model.safetensors")


def load_raw(path):
    """Every tensor as type, shape and bytes: numpy lacks some of the types."""
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8:8 + size])
    header.pop("__metadata__", None)
    return {name: (entry["dtype"], entry["shape"], data[8 + size:][slice(*entry["data_offsets"])])
            for name, entry in header.items()}


def check_written_again(folder, method):
    """Read and written by the same method: the same arrays, and what is said of them."""
    target = folder.with_name(folder.name + "-again")
    adze("convert", folder, target, "--to", method)
    before, after = arrays_of(folder), arrays_of(target)
    dropped = {name for name in before if name.endswith("input_scale")}
    differing = [name for name in before if name not in dropped and after.get(name) != before[name]]
    return not differing and len(after) == len(before) - len(dropped), f"{len(after)} arrays, differing: {differing[:2]}"


def numbers(kind, shape, data):
    """As numpy has them; bfloat16 is the upper half of a float."""
    if kind == "BF16":
        return (np.frombuffer(data, np.uint16).astype(np.uint32) << 16).view(np.float32).reshape(shape)
    return np.frombuffer(data, {"F16": np.float16, "F32": np.float32, "I32": np.int32, "I64": np.int64}[kind]).reshape(shape)


def said_of(folder):
    return json.loads((folder / "config.json").read_text())["quantization_config"]


def written_values(folder, method, module):
    """A matrix from the arrays of a folder that we wrote, by the definition."""
    said = said_of(folder)
    tensors = arrays_of(folder)
    part = lambda name: numbers(*tensors[f"{module}.{name}"])
    if method == "compressed-tensors":
        weights = said["config_groups"]["group_0"]["weights"]
        bits, (outputs, inputs) = weights["num_bits"], part("weight_shape")
        codes, scales = streamed(part("weight_packed").view(np.uint32), bits, inputs), part("weight_scale")
        zeros = np.full(scales.shape, 2**(bits - 1))
        if not weights["symmetric"]:
            zeros = streamed(np.ascontiguousarray(part("weight_zero_point").T).view(np.uint32), bits, outputs).T
    else:
        bits, scales = said["bits"], part("scales").T
        outputs, inputs = len(scales), len(part("qweight")) * (32 if method == "gptq" else bits) // bits
        unpack = streamed if method == "gptq" else awq_unpacked
        codes, zeros = part("qweight").view(np.uint32), part("qzeros").view(np.uint32)
        codes = unpack(np.ascontiguousarray(codes.T), bits, inputs) if method == "gptq" else unpack(codes, bits, outputs).T
        zeros = unpack(zeros, bits, outputs).T
        if method == "gptq" and said.get("checkpoint_format") != "gptq_v2":
            zeros = (zeros + 1) & (2**bits - 1)
    return values(codes, zeros, scales, consecutive(inputs, inputs // scales.shape[1]))


def check_quantized(method, kind, folder):
    """What `adze quantize` writes decodes by the definition to what Adze itself says it is."""
    target, floats = folder / f"q-{method}-{kind}", folder / f"q-{method}-{kind}-f32"
    adze("quantize", MODEL, target, "--type", kind, "--to", method, "--no-card")
    adze("convert", target, floats, "--to", "hf", "--dtype", "f32")
    found = load_file(floats / "model.safetensors")
    original = source_tensors()
    names = [name for name in original if is_quantized(name)]
    wrong = [n for n in names if not np.array_equal(written_values(target, method, n[:-len(".weight")]), found[n])]
    noise = max(np.linalg.norm(found[n] - original[n]) / np.linalg.norm(original[n]) for n in names)
    bound = 2.5 / 2**int(kind.lstrip("uint")[0])  # of the bits
    return not wrong and noise < bound, f"{len(names)} matrices, wrong: {wrong[:2]}, relative error up to {noise:.3f}"


def check_settings(folder, method):
    """transformers' own class for the method takes what we say, and keeps it."""
    said = said_of(folder)
    read = {"gptq": GPTQConfig, "awq": AwqConfig}[method].from_dict(dict(said)).to_dict()
    wanted = ["bits", "group_size", *{"gptq": ["desc_act", "sym", "checkpoint_format"], "awq": ["zero_point", "version"]}[method]]
    differing = {key: (said[key], read[key]) for key in wanted if read[key] != said[key]}
    return not differing, str(differing) if differing else ", ".join(f"{key} {read[key]}" for key in wanted)


def check_gguf_there_and_back(kind, method, folder):
    """GGUF -> the method's folder -> GGUF, exactly: the same bytes of every matrix."""
    first, between, last = folder / f"{kind}-{method}.gguf", folder / f"{kind}-{method}", folder / f"{kind}-{method}-2.gguf"
    adze("quantize", MODEL, first, "--type", kind, "--pure", "--no-card")
    adze("convert", first, between, "--to", method, "--require", "exact")
    adze("convert", between, last, "--require", "exact")
    raw = [{t.name: (t.tensor_type, bytes(t.data)) for t in gguf.GGUFReader(path).tensors} for path in (first, last)]
    matrices = [name for name in raw[0] if name.startswith("blk.") and "norm" not in name]
    return all(raw[0][n] == raw[1][n] for n in matrices), f"{len(matrices)} matrices"


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


def keeps_arrays(form):
    """Bytes of integers become words, words of older versions those of newer ones, and one scale a scale per output."""
    said = vars(form)
    return not isinstance(form, Bytes) and said.get("words") is not padded_words and said.get("strategy") != "tensor"


def written_checks(folder):
    for number, (name, form) in enumerate([*((n, f[0]) for n, f in FORMS.items()), *OTHERS.items()]):
        path = folder / f"again{number}"
        form.write(path)
        if keeps_arrays(form):
            yield f"{name}, written again", check_written_again(path, form.method)
    for method, kinds in QUANTIZED.items():
        for kind in kinds:
            yield f"quantized to {kind} for {method}", check_quantized(method, kind, folder)
            if method != "compressed-tensors":  # its class lives in a package of its own, which needs PyTorch
                yield f"settings of {kind} for {method}", check_settings(folder / f"q-{method}-{kind}", method)
    for kind, method in (("Q4_0", "gptq"), ("Q4_0", "awq"), ("Q4_0", "compressed-tensors"), ("Q8_0", "gptq"),
                         ("Q8_0", "compressed-tensors")):
        yield f"{kind} to {method} and back", check_gguf_there_and_back(kind, method, folder)


QUANTIZED = {
    "gptq": ["int4_g128_f16", "uint4_g64_f16", "uint3_g64_f16", "int8_g32_f16", "uint2_g32_f16"],
    "awq": ["uint4_g128_f16", "int4_g64_f16"],
    "compressed-tensors": ["int4_g128_bf16", "uint4_g32_f16", "int8_g128_f16"],
}


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        results = [report(what, *result) for part in (checks, written_checks) for what, result in part(folder)]
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed, 0 skipped")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
