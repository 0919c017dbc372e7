#!/usr/bin/env python3
# needs: numpy llama.cpp model shared
"""Compares our logits with llama.cpp's on WikiText: the float model, and the quantized file it came from.

usage: build/peers/venv/bin/python tests/peers/logits_peer.py
llama.cpp expands the model to F32 itself, so that nothing of ours stands between. Cache in f32 on both sides.
"""
import os
import sys
import tempfile
from pathlib import Path

from compare_logits import compare
from llama_tools import LLAMA, build_llama_logits, run

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("ADZE_BUILD", ROOT / "build" / "release"))
TEXT = Path(os.environ.get("ADZE_SHARED", ROOT.parent / "shared")) / "data" / "text" / "wikitext2_valid.txt"
CONTEXT, CHUNKS = 512, 4
VOCABULARY = 49152

MAX_FLOAT_KL = 1e-5
MIN_FLOAT_AGREEMENT = 0.995
MAX_QUANTIZED_KL = 2e-3


class Comparison:
    def __init__(self, folder):
        self.folder, self.llama_logits = Path(folder), build_llama_logits()
        self.tokens = self.folder / "tokens.i32"

    def theirs(self, model, name):
        out = self.folder / name
        run(self.llama_logits, model, TEXT, CONTEXT, CHUNKS, self.tokens, out)
        return out

    def ours(self, model, name, policy):
        out = self.folder / name
        run(BUILD / "tests" / "adze_logits", model, self.tokens, CONTEXT, out, policy)
        return out


def check(name, holds, figures):
    print(f"{'ok  ' if holds else 'FAIL'} {name}: " + ", ".join(f"{k} {v:.4g}" for k, v in figures.items()))
    return holds


def main():
    model = Path(os.environ["ADZE_MODEL"])
    if model.suffix != ".gguf":
        print("skipped: the cached model is not a GGUF file\n0 passed, 0 failed, 1 skipped")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        expanded = Path(folder) / "f32.gguf"
        run(LLAMA / "build" / "bin" / "llama-quantize", "--allow-requantize", model, expanded, "F32")
        comparison = Comparison(folder)
        reference = comparison.theirs(expanded, "theirs_f32")
        exact = compare(reference, comparison.ours(expanded, "ours_f32", "f32"), VOCABULARY)
        own_cost = compare(reference, comparison.theirs(model, "theirs_quantized"), VOCABULARY)
        our_cost = compare(reference, comparison.ours(model, "ours_quantized", "auto"), VOCABULARY)
    results = [
        check("float model, ours against llama.cpp's", exact["mean_kl"] < MAX_FLOAT_KL and
              exact["same_top"] >= MIN_FLOAT_AGREEMENT, exact),
        check(f"quantized file, ours against llama.cpp's float model (llama.cpp's own: {own_cost['mean_kl']:.4g})",
              our_cost["mean_kl"] < MAX_QUANTIZED_KL and our_cost["mean_kl"] <= own_cost["mean_kl"], our_cost),
    ]
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed, 0 skipped")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
