#!/usr/bin/env python3
# needs: numpy llama.cpp model shared
"""Lets llama.cpp run transformed models: its logits must be those of the original, and ours those of llama.cpp.

usage: build/peers/venv/bin/python tests/peers/transforms_peer.py
The small model is expanded to f32 and rotated; llama.cpp runs both. Then AWQ's factors are folded in and the weights
rounded to Q8_0: that costs no more than rounding the original. Prints `N passed, N failed, N skipped`.
"""
import os
import sys
import tempfile
from pathlib import Path

from compare_logits import compare
from llama_tools import build_llama_logits, run

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("ADZE_BUILD", ROOT / "build" / "release"))
ADZE = os.environ.get("ADZE", str(BUILD / "adze"))
TEXTS = Path(os.environ.get("ADZE_SHARED", ROOT.parent / "shared")) / "data" / "text"
CONTEXT, CHUNKS = 256, 2
VOCABULARY = 49152

MAX_ROTATED_KL = 1e-6      # of llama.cpp's own logits; both sides compute in f32
MAX_OUR_KL = 1e-5          # ours from llama.cpp's, for the same file
MOST_OF_PLAIN_KL = 1.5     # of a transformed and rounded model, times that of the rounded original


class Models:
    def __init__(self, folder, source):
        self.folder = Path(folder)
        self.llama_logits = build_llama_logits()
        self.tokens = self.folder / "tokens.i32"
        self.float = self.folder / "f32.gguf"
        run(ADZE, "convert", source, self.float, "--dtype", "f32")
        self.statistics = self.folder / "statistics.gguf"
        run(ADZE, "calibrate", self.float, "--text", TEXTS / "calibration_c4.txt", "--chunks", 2, "-o", self.statistics)

    def rotated(self):
        path = self.folder / "rotated.gguf"
        run(ADZE, "convert", self.float, path, "--transform", "rotate")
        return path

    def rounded(self, name, *transforms):
        path = self.folder / f"{name}.gguf"
        words = [word for transform in transforms for word in ("--transform", transform)]
        run(ADZE, "quantize", self.float, path, "--type", "Q8_0", "--imatrix", self.statistics, *words)
        return path

    def theirs(self, model):
        out = self.folder / f"{model.stem}.theirs"
        run(self.llama_logits, model, TEXTS / "wikitext2_valid.txt", CONTEXT, CHUNKS, self.tokens, out)
        return out

    def ours(self, model):
        out = self.folder / f"{model.stem}.ours"
        run(BUILD / "tests" / "adze_logits", model, self.tokens, CONTEXT, out, "f32")
        return out


def check(name, holds, figures):
    print(f"{'ok  ' if holds else 'FAIL'} {name}: " + ", ".join(f"{k} {v:.4g}" for k, v in figures.items()))
    return holds


def main():
    source = Path(os.environ["ADZE_MODEL"])
    if source.suffix != ".gguf":
        print("skipped: the cached model is not a GGUF file\n0 passed, 0 failed, 1 skipped")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        models = Models(folder, source)
        reference, rotated = models.theirs(models.float), models.rotated()
        turned = compare(reference, models.theirs(rotated), VOCABULARY)
        ours = compare(models.theirs(rotated), models.ours(rotated), VOCABULARY)
        plain = compare(reference, models.theirs(models.rounded("plain")), VOCABULARY)
        scaled = compare(reference, models.theirs(models.rounded("scaled", "rotate", "awq")), VOCABULARY)
    results = [
        check("rotated, llama.cpp against itself on the original", turned["mean_kl"] < MAX_ROTATED_KL, turned),
        check("rotated, ours against llama.cpp", ours["mean_kl"] < MAX_OUR_KL, ours),
        check(f"rotated, scaled and rounded, llama.cpp (original rounded: {plain['mean_kl']:.4g})",
              scaled["mean_kl"] < MOST_OF_PLAIN_KL * plain["mean_kl"], scaled),
    ]
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed, 0 skipped")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
