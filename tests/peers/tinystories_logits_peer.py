#!/usr/bin/env python3
# needs: numpy mlx_lm safetensors tokenizers shared
"""Compares our logits of a small float model in a Hugging Face folder with mlx-lm's: largest difference < 1e-3.

usage: build/peers/venv/bin/python tests/peers/tinystories_logits_peer.py
"""
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import mlx.core as mx
import numpy as np
from mlx_lm.utils import load_model
from safetensors.numpy import load_file, save_file
from tokenizers import Tokenizer

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("ADZE_SHARED", ROOT.parent / "shared")) / "data"
BUILD = Path(os.environ.get("ADZE_BUILD", ROOT / "build" / "release"))
MODEL = SHARED / "lm" / "tinystories-656k"
CONTEXT, CHUNKS = 256, 4
MAX_DIFFERENCE = 1e-3


def copy_with_embedding_named(folder):
    """The checkpoint stores its tied matrix as lm_head only; mlx-lm looks for it under the embedding's name."""
    for file in MODEL.iterdir():
        if file.suffix == ".json":
            shutil.copy(file, folder)
    weights = load_file(MODEL / "model.safetensors")
    weights.setdefault("model.embed_tokens.weight", weights["lm_head.weight"])
    del weights["lm_head.weight"]
    save_file(weights, Path(folder) / "model.safetensors", metadata={"format": "mlx"})


def their_logits(tokens):
    mx.set_default_device(mx.cpu)
    with tempfile.TemporaryDirectory() as folder:
        copy_with_embedding_named(folder)
        model, _ = load_model(Path(folder))
        mx.eval(model.parameters())
    chunks = [model(mx.array(chunk[None, :])) for chunk in tokens.reshape(CHUNKS, CONTEXT)]
    return np.concatenate([np.array(logits.astype(mx.float32))[0] for logits in chunks])


def our_logits(tokens, vocabulary):
    with tempfile.TemporaryDirectory() as folder:
        token_file, out = Path(folder) / "tokens.i32", Path(folder) / "logits.f32"
        tokens.tofile(token_file)
        subprocess.run([BUILD / "tests" / "adze_logits", MODEL, token_file, str(CONTEXT), out, "f32"], check=True)
        return np.fromfile(out, np.float32).reshape(-1, vocabulary)


def main():
    text = (SHARED / "text" / "tinystories_calibration.txt").read_text(errors="replace")[:20000]
    ids = Tokenizer.from_file(str(MODEL / "tokenizer.json")).encode(text).ids
    tokens = np.array(ids[:CONTEXT * CHUNKS], np.int32)
    theirs = their_logits(tokens)
    ours = our_logits(tokens, theirs.shape[1])
    difference = float(np.abs(ours - theirs).max())
    good = difference < MAX_DIFFERENCE
    print(f"{'ok  ' if good else 'FAIL'} {len(tokens)} positions, largest difference {difference:.3g}")
    print(f"{int(good)} passed, {int(not good)} failed, 0 skipped")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
