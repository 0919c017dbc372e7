#!/usr/bin/env python3
# needs: gguf numpy llama.cpp model shared
"""Importance of the same model on the same chunks: ours within 1 % of llama-imatrix's; files of both read by both.

usage: build/peers/venv/bin/python tests/peers/imatrix_peer.py
The model is expanded to f32 first, because llama.cpp multiplies quantized weights with 8-bit activations.
"""
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import gguf
import numpy

ROOT = Path(__file__).resolve().parents[2]
PEERS = Path(os.environ.get("ADZE_PEERS", ROOT / "build" / "peers"))
ADZE = os.environ.get("ADZE", str(ROOT / "build" / "release" / "adze"))
TEXT = Path(os.environ.get("ADZE_SHARED", ROOT.parent / "shared")) / "data" / "text" / "calibration_wiki.txt"
BIN = PEERS / "llama.cpp" / "build" / "bin"
CHUNKS = 2
MAX_RELATIVE_DIFFERENCE = 0.01
failures = []


def run(*command):
    done = subprocess.run([str(word) for word in command], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        raise SystemExit(f"{command[0]} failed:\n{done.stdout[-2000:]}")
    return done.stdout


def check(name, good, shown=""):
    print(f"{'ok  ' if good else 'FAIL'} {name} {shown}")
    failures.append(name) if not good else None
    checked.append(name)


checked = []


def tensors_of(path):
    return {t.name: numpy.array(t.data, dtype=numpy.float32).ravel() for t in gguf.GGUFReader(path).tensors}


def mean_squares(path):
    """[experts, columns] by weight."""
    tensors, means = tensors_of(path), {}
    for name in (name.removesuffix(".in_sum2") for name in tensors if name.endswith(".in_sum2")):
        counts = tensors[name + ".counts"]
        sums = tensors[name + ".in_sum2"].astype(float).reshape(len(counts), -1)
        means[name] = sums / numpy.maximum(counts, 1)[:, None]
    return means


def write_expert_model(path, vocabulary_of, width=64, layers=2, experts=4):
    """A model of random weights whose rows choose two of four experts, with the vocabulary of another file."""
    writer = gguf.GGUFWriter(path, "llama")
    for key, value in (("context_length", 512), ("embedding_length", width), ("block_count", layers),
                       ("feed_forward_length", 2 * width), ("attention.head_count", 4), ("rope.dimension_count", 16),
                       ("attention.head_count_kv", 2), ("expert_count", experts), ("expert_used_count", 2)):
        writer.add_uint32(f"llama.{key}", value)
    writer.add_float32("llama.attention.layer_norm_rms_epsilon", 1e-5)
    source = gguf.GGUFReader(vocabulary_of)
    for field in source.fields.values():
        if field.name.startswith("tokenizer."):
            writer.add_key_value(field.name, field.contents(), field.types[0], field.types[-1])
    random = numpy.random.default_rng(1)
    rows = len(source.fields["tokenizer.ggml.tokens"].contents())
    shapes = {"token_embd": (rows, width), "output": (rows, width), "output_norm": (width,)}
    for i in range(layers):
        shapes |= {f"blk.{i}.{name}": shape for name, shape in {
            "attn_norm": (width,), "attn_q": (width, width), "attn_k": (width // 2, width),
            "attn_v": (width // 2, width), "attn_output": (width, width), "ffn_norm": (width,),
            "ffn_gate_inp": (experts, width), "ffn_gate_exps": (experts, 2 * width, width),
            "ffn_up_exps": (experts, 2 * width, width), "ffn_down_exps": (experts, width, 2 * width)}.items()}
    for name, shape in shapes.items():
        values = numpy.ones(shape) if len(shape) == 1 else random.normal(size=shape) / numpy.sqrt(shape[-1])
        writer.add_tensor(f"{name}.weight", values.astype(numpy.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def compare_importance(ours, theirs, name):
    ours, theirs = mean_squares(ours), mean_squares(theirs)
    check(f"{name}: the same weights", set(ours) == set(theirs), f"({len(ours)})")
    worst = max(numpy.abs(ours[w] - theirs[w]).sum() / theirs[w].sum() for w in theirs)
    column = max((numpy.abs(ours[w] - theirs[w]) / numpy.maximum(theirs[w], 1e-3 * theirs[w].mean())).max()
                 for w in theirs)
    check(f"{name}: importance", worst < MAX_RELATIVE_DIFFERENCE,
          f"largest relative difference {worst:.2e} of a weight, {column:.2e} of a column")


def compare_tensors(a, b, name):
    """What both hold is the same to the bit; a newer llama.cpp keeps its own digests beside it."""
    a, b = tensors_of(a), tensors_of(b)
    shared = [n for n in a if n.endswith((".in_sum2", ".counts", ".in_sum"))]
    same = all(n in b and numpy.array_equal(a[n].view(numpy.uint32), b[n].view(numpy.uint32)) for n in shared)
    check(name, same and len(shared) > 0, f"({len(shared)} tensors)")


def main():
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        model, theirs = folder / "model.gguf", folder / "theirs.gguf"
        run(ADZE, "convert", os.environ["ADZE_MODEL"], model, "--dtype", "f32")
        command = [BIN / "llama-imatrix", "-m", model, "-f", TEXT, "--chunks", CHUNKS, "--no-ppl", "-t", 2]
        run(*command, "--process-output", "-o", theirs)
        run(*command[:-2], "-t", 2, "-o", folder / "theirs.dat", "--output-format", "dat")

        run(ADZE, "calibrate", model, "--text", TEXT, "--chunks", CHUNKS, "-o", folder / "ours.gguf")
        run(ADZE, "calibrate", model, "--text", TEXT, "--chunks", CHUNKS, "-o", folder / "ours.dat")
        run(*command[:-2], "-t", 2, "-o", folder / "plain.gguf")
        compare_importance(folder / "ours.gguf", folder / "plain.gguf", "blocks")

        run(ADZE, "convert", theirs, folder / "again.gguf", "--to", "imatrix")
        compare_tensors(theirs, folder / "again.gguf", "their GGUF file read and written")
        run(ADZE, "convert", folder / "theirs.dat", folder / "again.dat")
        check("their .dat file read and written",
              (folder / "theirs.dat").read_bytes() == (folder / "again.dat").read_bytes())
        run(ADZE, "convert", folder / "plain.gguf", folder / "from_gguf.dat")
        a, b = (folder / "from_gguf.dat").read_bytes(), (folder / "theirs.dat").read_bytes()
        check("their GGUF file as .dat is what they write", a == b, f"({len(a)} bytes)")
        for form in ("ours.gguf", "ours.dat"):
            said = run(BIN / "llama-quantize", "--imatrix", folder / form, model, folder / "small.gguf", "Q4_0", 2)
            check(f"llama-quantize reads {form}", "210 importance matrix entries" in said)

        experts = folder / "experts.gguf"
        write_expert_model(experts, os.environ["ADZE_MODEL"])
        run(BIN / "llama-imatrix", "-m", experts, "-f", TEXT, "--chunks", CHUNKS, "--no-ppl", "-t", 2, "-o",
            folder / "their_experts.gguf")
        run(ADZE, "calibrate", experts, "--text", TEXT, "--chunks", CHUNKS, "-o", folder / "our_experts.gguf")
        compare_importance(folder / "our_experts.gguf", folder / "their_experts.gguf", "experts")
    print(f"{len(checked) - len(failures)} passed, {len(failures)} failed, 0 skipped")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
