#!/usr/bin/env python3
# needs: llama.cpp model shared
"""Perplexity of the same file on the same chunks of WikiText: ours within 0.5 % of llama.cpp's.

usage: build/peers/venv/bin/python tests/peers/perplexity_peer.py
"""
import json
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PEERS = Path(os.environ.get("ADZE_PEERS", ROOT / "build" / "peers"))
ADZE = os.environ.get("ADZE", str(ROOT / "build" / "release" / "adze"))
TEXT = Path(os.environ.get("ADZE_SHARED", ROOT.parent / "shared")) / "data" / "text" / "wikitext2_valid.txt"
CONTEXT, CHUNKS = 512, 20
MAX_RELATIVE_DIFFERENCE = 0.005


def their_perplexity(model):
    program = PEERS / "llama.cpp" / "build" / "bin" / "llama-perplexity"
    done = subprocess.run([program, "-m", model, "-f", TEXT, "-c", str(CONTEXT), "--chunks", str(CHUNKS), "-t", "2"],
                          check=True, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return float(re.search(r"Final estimate: PPL = ([0-9.]+)", done.stdout)[1])


def our_perplexity(model):
    done = subprocess.run([ADZE, "eval", model, "--text", TEXT, "--context", str(CONTEXT), "--chunks", str(CHUNKS),
                           "--json"], check=True, text=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)["perplexity"]


def main():
    model = Path(os.environ["ADZE_MODEL"])
    if model.suffix != ".gguf":
        print("skipped: the cached model is not a GGUF file\n0 passed, 0 failed, 1 skipped")
        return 0
    theirs, ours = their_perplexity(model), our_perplexity(model)
    good = abs(ours / theirs - 1) <= MAX_RELATIVE_DIFFERENCE
    print(f"{'ok  ' if good else 'FAIL'} {CHUNKS} chunks of {CONTEXT}: ours {ours:.4f}, llama.cpp's {theirs:.4f}")
    print(f"{int(good)} passed, {int(not good)} failed, 0 skipped")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
