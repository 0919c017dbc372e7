#!/usr/bin/env python3
# needs: numpy mlx_lm gguf llama.cpp model shared
"""The demo's Q4_1 model as an MLX folder: the same codes and scales, so mlx-lm computes what llama.cpp does but for what
8-bit activations cost, and the way back gives the same tensors byte for byte.

usage: build/peers/venv/bin/python tests/peers/mlx_model_peer.py
mlx-lm's scales are widened to f32, which changes no weight: then nothing but the order of sums is left between it and us.
"""
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import mlx.core as mx
import numpy as np
from gguf import GGUFReader
from mlx_lm.utils import load_model

from compare_logits import compare
from llama_tools import LLAMA, build_llama_logits, run

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("ADZE_BUILD", ROOT / "build" / "release"))
ADZE = Path(os.environ.get("ADZE", BUILD / "adze"))
TEXT = Path(os.environ.get("ADZE_SHARED", ROOT.parent / "shared")) / "data" / "text" / "wikitext2_valid.txt"
CONTEXT, CHUNKS = 256, 1
VOCABULARY = 49152
MAX_EXACT_KL = 1e-6
MAX_FLOAT_KL = 1e-5


def check(name, holds, detail):
    print(f"{'ok  ' if holds else 'FAIL'} {name}: {detail}", flush=True)
    return holds


def mlx_logits(folder, tokens, out):
    model, _ = load_model(folder)
    model.set_dtype(mx.float32)
    chunks = [model(mx.array(chunk[None, :])) for chunk in tokens.reshape(-1, CONTEXT)]
    np.concatenate([np.array(logits)[0] for logits in chunks]).astype(np.float32).tofile(out)
    return out


def our_logits(model, tokens, out, policy):
    run(BUILD / "tests" / "adze_logits", model, tokens, CONTEXT, out, policy)
    return out


def tensors_of(path):
    return {t.name: (t.tensor_type, np.ascontiguousarray(t.data).tobytes()) for t in GGUFReader(path).tensors}


def main():
    model = Path(os.environ["ADZE_MODEL"])
    if model.suffix != ".gguf":
        print("skipped: the cached model is not a GGUF file\n0 passed, 0 failed, 1 skipped")
        return 0
    mx.set_default_device(mx.cpu)
    results = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        there, back, tokens = folder / "m-mlx", folder / "back.gguf", folder / "tokens.i32"
        run(ADZE, "convert", model, there, "--require", "exact")
        run(ADZE, "convert", there, back, "--require", "exact")
        results.append(check("there and back", tensors_of(model) == tensors_of(back), f"{len(tensors_of(back))} tensors"))
        expanded = folder / "f32.gguf"
        run(LLAMA / "build" / "bin" / "llama-quantize", "--allow-requantize", model, expanded, "F32")
        run(build_llama_logits(), model, TEXT, CONTEXT, CHUNKS, tokens, folder / "llama")
        run(build_llama_logits(), expanded, TEXT, CONTEXT, CHUNKS, tokens, folder / "llama_f32")
        mlx = mlx_logits(there, np.fromfile(tokens, np.int32), folder / "mlx")
        ours = compare(mlx, our_logits(there, tokens, folder / "ours", "f32"), VOCABULARY)["mean_kl"]
        results.append(check("ours in f32 against mlx-lm", ours < MAX_EXACT_KL, f"KL {ours:.3g}"))
        floats = compare(mlx, folder / "llama_f32", VOCABULARY)["mean_kl"]
        results.append(check("llama.cpp on the expanded file against mlx-lm", floats < MAX_FLOAT_KL, f"KL {floats:.3g}"))
        activations = compare(folder / "llama_f32", folder / "llama", VOCABULARY)["mean_kl"]
        theirs = compare(mlx, folder / "llama", VOCABULARY)["mean_kl"]
        results.append(check("llama.cpp against mlx-lm", theirs < 1.05 * activations,
                             f"KL {theirs:.4g}, its 8-bit activations alone cost {activations:.4g}"))
        fast = compare(mlx, our_logits(there, tokens, folder / "fast", "auto"), VOCABULARY)["mean_kl"]
        results.append(check("ours with 8-bit activations against mlx-lm", fast < activations, f"KL {fast:.4g}"))
        text = subprocess.run([ADZE, "run", there, "-p", "The sea is", "-n", "12", "--temp", "0"],
                              stdout=subprocess.PIPE, check=True, text=True).stdout
        before = subprocess.run([ADZE, "run", model, "-p", "The sea is", "-n", "12", "--temp", "0"],
                                stdout=subprocess.PIPE, check=True, text=True).stdout
        results.append(check("adze runs the folder as it runs the file", text == before, repr(text.strip()[:60])))
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed, 0 skipped")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
