#!/usr/bin/env python3
# needs: numpy model shared
"""The fast kernels of `linear` against the plain C++ one in whole models, with the same 8-bit activations (every kernel
adds in the same order, so the logits are the same bits); and what 8-bit activations cost against activations in f32.

A model is no place to compare with double sums: one code of an activation that is rounded the other way changes
everything behind it by about as much as the 8 bits cost. The op's own tests do that, product by product.

usage: build/peers/venv/bin/python tests/peers/kernels_peer.py [MODEL.gguf…]
Without models: the test model, quantized to a few types. The plain kernel does about 10^9 products a second.
"""
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy

from compare_logits import compare

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("ADZE_BUILD", ROOT / "build" / "release"))
TEXT = Path(os.environ.get("ADZE_SHARED", ROOT.parent / "shared")) / "data" / "text" / "wikitext2_valid.txt"
POSITIONS = int(os.environ.get("ADZE_POSITIONS", 48))
TYPES = ["Q4_0", "Q8_0", "Q4_K_M", "IQ4_XS", "IQ3_S", "TQ2_0"]
MAX_KL = 1e-5


def quantized(model, folder):
    for name in TYPES:
        out = folder / f"{name}.gguf"
        subprocess.run([BUILD / "adze", "quantize", model, out, "--type", name, "--allow-requantize", "--no-card"], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        yield out


def write_tokens(model, path):
    text = TEXT.read_text()[:8 * POSITIONS]
    done = subprocess.run([BUILD / "adze", "tokenize", model, text, "--ids"], check=True, capture_output=True)
    ids = [int(word) for word in done.stdout.split()][:POSITIONS]
    numpy.array(ids, numpy.int32).tofile(path)
    return len(ids)


def logits(model, folder, name, policy, force=None):
    out = folder / name
    environment = {**os.environ, **({"ADZE_FORCE": force} if force else {})}
    subprocess.run([BUILD / "tests" / "adze_logits", model, folder / "tokens.i32", str(POSITIONS), out, policy],
                   check=True, env=environment)
    return out


def compare_model(model, folder):
    positions = write_tokens(model, folder / "tokens.i32")
    fast = logits(model, folder, "fast.f32", "auto")
    vocabulary = fast.stat().st_size // 4 // positions
    plain = logits(model, folder, "plain.f32", "auto", "linear=portable_q8_32,linear=portable_q8_256")
    kernels = compare(plain, fast, vocabulary)
    exact = logits(model, folder, "exact.f32", "f32")
    activations = compare(exact, fast, vocabulary)
    coarser = compare(exact, logits(model, folder, "coarser.f32", "q8_256"), vocabulary)
    holds = kernels["mean_kl"] < MAX_KL
    print(f"{'ok  ' if holds else 'FAIL'} {model.name}: {positions} positions, mean KL of the fast kernels "
          f"{kernels['mean_kl']:.2e} (same top {kernels['same_top']:.1%}); of 8-bit against f32 activations "
          f"{activations['mean_kl']:.2e} (same top {activations['same_top']:.1%}), with a scale for 256 numbers "
          f"{coarser['mean_kl']:.2e}", flush=True)
    return holds


def main():
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        models = [Path(name) for name in sys.argv[1:]] or quantized(Path(os.environ["ADZE_MODEL"]), folder)
        passed = [compare_model(model, folder) for model in models]
    print(f"{sum(passed)} passed, {len(passed) - sum(passed)} failed, 0 skipped")
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
