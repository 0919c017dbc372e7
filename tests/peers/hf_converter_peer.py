#!/usr/bin/env python3
# needs: gguf numpy transformers llama.cpp shared
"""Compares HF -> GGUF with llama.cpp's own convert_hf_to_gguf.py, and lets llama.cpp run the result.

usage: build/peers/venv/bin/python tests/peers/hf_converter_peer.py
Every key (value and type) and every tensor (type, bytes, order) must be equal, except for the differences listed in
EXPECTED, each with its reason. The converter runs over numpy instead of torch (torch_over_numpy/).
"""
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile

import numpy
from gguf import GGUFReader

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOL = pathlib.Path(os.environ.get("ADZE_BUILD", ROOT / "build" / "release")) / "tests" / "convert_tool"
PEERS = pathlib.Path(os.environ.get("ADZE_PEERS", ROOT / "build" / "peers"))
SHARED = pathlib.Path(os.environ.get("ADZE_SHARED", ROOT.parent / "shared"))
LLAMA = PEERS / "llama.cpp"
TINY = SHARED / "data" / "lm" / "tinystories-656k"

EXPECTED = {
    "GGUF.kv_count": "follows from the keys below",
    "llama.attention.key_length": "transformers fills in head_dim; we write it only when config.json has it",
    "llama.attention.value_length": "as key_length",
    "llama.rope.scaling.type": "transformers fills in a default",
    "tokenizer.ggml.scores": "we write the merge order that llama.cpp needs; the converter writes -1000 for all",
    "tokenizer.ggml.add_space_prefix": "we say what the normalizer does; the converter leaves the default",
    "tokenizer.ggml.add_sep_token": "the converter's guess from the template for pairs",
}


def run(*command, **options):
    result = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            stdin=subprocess.DEVNULL, **options)
    if result.returncode != 0:
        raise RuntimeError(f"{command[0]} failed:\n{result.stdout[-2000:]}")
    return result.stdout


def convert_with_llama_cpp(source, target, dtype):
    stand_in = str(pathlib.Path(__file__).parent / "torch_over_numpy")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([stand_in, os.environ.get("PYTHONPATH", "")])}
    run(sys.executable, LLAMA / "convert_hf_to_gguf.py", "--no-lazy", "--outtype", dtype, "--outfile", target, source,
        env=environment)


def differing_keys(ours, theirs):
    def facts(reader):
        return {key: (field.types, field.contents()) for key, field in reader.fields.items()}
    left, right = facts(ours), facts(theirs)
    return {key: (left.get(key), right.get(key)) for key in left.keys() | right.keys() if left.get(key) != right.get(key)}


def differing_tensors(ours, theirs, any_order=False):
    left_tensors, right_tensors = (
        sorted(reader.tensors, key=lambda tensor: tensor.name) if any_order else reader.tensors
        for reader in (ours, theirs))
    names = [[tensor.name for tensor in tensors] for tensors in (left_tensors, right_tensors)]
    if names[0] != names[1]:
        return [f"names or order: {names[0]} instead of {names[1]}"]
    return [f"{left.name}: {left.tensor_type.name} instead of {right.tensor_type.name}, or other bytes"
            for left, right in zip(left_tensors, right_tensors)
            if left.tensor_type != right.tensor_type or not numpy.array_equal(left.data, right.data)]


def compare(source, folder, dtype):
    ours, theirs = folder / f"ours-{dtype}.gguf", folder / f"theirs-{dtype}.gguf"
    run(TOOL, "convert", source, ours, dtype)
    convert_with_llama_cpp(source, theirs, dtype)
    ours, theirs = GGUFReader(ours), GGUFReader(theirs)
    problems = differing_tensors(ours, theirs)
    for key, (left, right) in differing_keys(ours, theirs).items():
        if key not in EXPECTED:
            problems.append(f"{key}: {str(left)[:100]} instead of {str(right)[:100]}")
    return problems


def read_safetensors(path):
    data = path.read_bytes()
    size, = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + size])
    header.pop("__metadata__", None)
    return {name: numpy.frombuffer(data[8 + size + entry["data_offsets"][0]:8 + size + entry["data_offsets"][1]],
                                   numpy.float32).reshape(entry["shape"]) for name, entry in header.items()}


def write_safetensors(path, tensors):
    header, offset = {}, 0
    for name, values in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(values.shape), "data_offsets": [offset, offset + values.nbytes]}
        offset += values.nbytes
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(values.tobytes() for values in tensors.values()))


def variant(folder, name, config_changes, tensor_changes):
    """A copy of the tiny model with another config and other tensors."""
    target = folder / name
    target.mkdir()
    for file in TINY.iterdir():
        shutil.copyfile(file, target / file.name)
    config = {**json.loads((TINY / "config.json").read_text()), **config_changes}
    (target / "config.json").write_text(json.dumps(config))
    tensors = read_safetensors(TINY / "model.safetensors")
    tensor_changes(tensors)
    write_safetensors(target / "model.safetensors", tensors)
    return target


def add_embedding(tensors):
    tensors["model.embed_tokens.weight"] = tensors["lm_head.weight"].copy()


def add_biases(tensors):
    add_embedding(tensors)
    generator = numpy.random.default_rng(3)
    for name in [name for name in tensors if name.endswith("_proj.weight") and "self_attn" in name]:
        tensors[name.replace(".weight", ".bias")] = generator.normal(size=tensors[name].shape[0]).astype(numpy.float32)


def variants(folder):
    untied = {"tie_word_embeddings": False}
    yield variant(folder, "Plain-656K", untied, add_embedding)
    yield variant(folder, "Biased-Chat-v2", {**untied, "attention_bias": True}, add_biases)
    scaling = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
               "original_max_position_embeddings": 256}
    yield variant(folder, "long-llama3", {**untied, "rope_scaling": scaling, "rope_theta": 500000.0}, add_embedding)
    yield variant(folder, "long-linear", {**untied, "rope_scaling": {"rope_type": "linear", "factor": 2.0}},
                  add_embedding)
    yarn = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 128, "beta_fast": 16.0,
            "beta_slow": 2.0}
    yield variant(folder, "long-yarn", {**untied, "rope_scaling": yarn}, add_embedding)


def problems_of_story(gguf_file):
    tool = LLAMA / "build" / "bin" / "llama-completion"
    output = run(tool, "-m", gguf_file, "-p", "Once upon a time", "-n", "24", "--temp", "0", "-no-cnv",
                 "--no-warmup", "-t", "2")
    return [] if "little girl named Lily" in output else [output[-500:]]


def main():
    passed = failed = 0

    def check(title, problems):
        nonlocal passed, failed
        passed, failed = passed + (not problems), failed + bool(problems)
        print(f"{'FAIL' if problems else 'ok  '} {title}", *problems, sep="\n     " if problems else "")

    with tempfile.TemporaryDirectory(prefix="adze_converter_") as name:
        folder = pathlib.Path(name)
        for source in variants(folder):
            for dtype in ("f32", "f16", "bf16") if "Biased" in source.name else ("f32",):
                check(f"{source.name} as {dtype}", compare(source, folder, dtype))
        run(TOOL, "convert", TINY, folder / "tiny.gguf", "f16")
        check("llama.cpp tells a story with our file", problems_of_story(folder / "tiny.gguf"))
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
