#!/usr/bin/env python3
# needs: numpy mlx_lm tokenizers gguf shared
"""MLX folders: mlx-lm opens ours and computes the same, we open mlx-lm's, and GGUF tensors come back byte for byte.

usage: build/peers/venv/bin/python tests/peers/mlx_folders_peer.py
Prints `N passed, N failed, N skipped`; exit status 1 if anything failed.
"""
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import gguf
import mlx.core as mx
import numpy as np
from mlx_lm.utils import load_model, quantize_model, save_config, save_model
from tokenizers import Tokenizer

from tinystories_logits_peer import copy_with_embedding_named

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("ADZE_SHARED", ROOT.parent / "shared")) / "data"
BUILD = Path(os.environ.get("ADZE_BUILD", ROOT / "build" / "release"))
ADZE = Path(os.environ.get("ADZE", BUILD / "adze"))
MODEL = SHARED / "lm" / "tinystories-656k"
CONTEXT, CHUNKS = 128, 2

# MLX computes in the type of the scales: an f16 model differs by the rounding of its activations.
MAX_KL = {"f32": 1e-6, "f16": 2e-4, "bf16": 1e-2}
WRITTEN = ["affine2_g32_f32", "affine3_g64_f32", "affine4_g64_f32", "affine5_g128_f32", "affine6_g32_f16",
           "affine8_g64_bf16", "e2m1_g32_e8m0", "e4m3_g32_e8m0", "e2m1_g16_e4m3"]
READ = [("affine", 4, 64), ("affine", 3, 32), ("affine", 6, 128), ("affine", 8, 32), ("mxfp4", 4, 32),
        ("mxfp8", 8, 32), ("nvfp4", 4, 16)]
GGUF_TYPES = ["Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "MXFP4_MOE"]


def adze(*words):
    subprocess.run([ADZE, *map(str, words)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def prompt():
    text = (SHARED / "text" / "tinystories_calibration.txt").read_text(errors="replace")[:8000]
    return np.array(Tokenizer.from_file(str(MODEL / "tokenizer.json")).encode(text).ids[:CONTEXT * CHUNKS], np.int32)


def their_logits(model, tokens):
    chunks = [model(mx.array(chunk[None, :])) for chunk in tokens.reshape(CHUNKS, CONTEXT)]
    return np.concatenate([np.array(logits.astype(mx.float32))[0] for logits in chunks])


def our_logits(path, tokens):
    with tempfile.TemporaryDirectory() as folder:
        token_file, out = Path(folder) / "tokens.i32", Path(folder) / "logits.f32"
        tokens.tofile(token_file)
        subprocess.run([BUILD / "tests" / "adze_logits", path, token_file, str(CONTEXT), out, "f32"], check=True)
        return np.fromfile(out, np.float32).reshape(len(tokens), -1)


def divergence(a, b):
    def log_softmax(x):
        x = x.astype(np.float64) - x.max(axis=1, keepdims=True)
        return x - np.log(np.exp(x).sum(axis=1, keepdims=True))
    p, q = log_softmax(a), log_softmax(b)
    return float((np.exp(p) * (p - q)).sum(axis=1).mean())


def report(name, good, detail):
    print(f"{'ok  ' if good else 'FAIL'} {name}: {detail}")
    return good


def check_ours(kind, tokens, folder):
    """mlx-lm opens what we quantized."""
    target = folder / f"{kind}-mlx"
    adze("quantize", MODEL, target, "--type", kind, "--to", "mlx", "--no-card")
    model, _ = load_model(target)
    scale = kind.split("_")[-1]
    kl = divergence(their_logits(model, tokens), our_logits(target, tokens))
    return report(f"written {kind}", kl < MAX_KL.get(scale, 1e-5), f"KL {kl:.3g}")


def check_theirs(mode, bits, group, tokens, folder):
    """We open what mlx-lm quantized, with the last layer's down projection left alone."""
    source, target = folder / "float", folder / f"{mode}{bits}_{group}"
    source.mkdir(exist_ok=True)
    copy_with_embedding_named(source)
    model, config = load_model(source)
    skipped = "model.layers.1.mlp.down_proj"
    model, config = quantize_model(model, config, group, bits, mode=mode,
                                   quant_predicate=lambda path, module: path != skipped)
    target.mkdir()
    save_model(target, model)
    save_config(config, target / "config.json")
    for file in MODEL.glob("tokenizer*.json"):
        shutil.copy(file, target)
    kl = divergence(their_logits(model, tokens), our_logits(target, tokens))
    return report(f"read {mode}, {bits} bits, groups of {group}", kl < MAX_KL["f32"] * 10, f"KL {kl:.3g}")


def tensors_of(path):
    return {t.name: (t.tensor_type, bytes(np.ascontiguousarray(t.data).view(np.uint8))) for t in gguf.GGUFReader(path).tensors}


def check_way_back(kind, folder):
    """GGUF -> MLX -> GGUF gives the same bytes for every tensor, and nothing else happened on the way."""
    first, between, last = folder / f"{kind}.gguf", folder / f"{kind}-mlx", folder / f"{kind}-again.gguf"
    words = ["--tensor-type", ".*=mxfp4"] if kind == "MXFP4_MOE" else ["--pure"]
    adze("quantize", MODEL, first, "--type", "Q4_0" if kind == "MXFP4_MOE" else kind, "--without-importance", "--no-card", *words)
    adze("convert", first, between, "--require", "exact")
    load_model(between)
    adze("convert", between, last, "--require", "exact")
    before, after = tensors_of(first), tensors_of(last)
    return report(f"{kind} there and back", before == after, f"{len(before)} tensors")


def main():
    mx.set_default_device(mx.cpu)
    tokens = prompt()
    results = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for kind in WRITTEN:
            results.append(check_ours(kind, tokens, folder))
        for mode, bits, group in READ:
            results.append(check_theirs(mode, bits, group, tokens, folder))
        for kind in GGUF_TYPES:
            results.append(check_way_back(kind, folder))
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed, 0 skipped")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
