#!/usr/bin/env python3
# needs: gguf numpy llama.cpp shared
"""GGUF models in parts, both ways: llama-gguf-split merges what Adze split, Adze merges what llama-gguf-split did.

usage: build/peers/venv/bin/python tests/peers/split_peer.py
Tensors, keys and their order must be the source's after each way; llama.cpp opens Adze's parts and computes the same
logits from them as from the whole file.
"""
import os
import sys
import tempfile
from pathlib import Path

import gguf
import numpy

from llama_tools import LLAMA, ROOT, build_llama_logits, run

ADZE = os.environ.get("ADZE", str(ROOT / "build" / "release" / "adze"))
SPLIT = LLAMA / "build" / "bin" / "llama-gguf-split"
SHARED = Path(os.environ.get("ADZE_SHARED", ROOT.parent / "shared"))


def differences(left, right):
    """What two files have not in common; keys of the splitting itself aside, which llama.cpp leaves in merged files."""
    a, b = gguf.GGUFReader(left), gguf.GGUFReader(right)
    keys = [[k for k in reader.fields if not k.startswith(("split.", "GGUF."))] for reader in (a, b)]
    problems = [] if keys[0] == keys[1] else [f"keys: {set(keys[0]) ^ set(keys[1])}"]
    problems += [k for k in keys[0] if k in b.fields and a.fields[k].contents() != b.fields[k].contents()]
    if [t.name for t in a.tensors] != [t.name for t in b.tensors]:
        return problems + ["names of tensors"]
    return problems + [t.name for t, u in zip(a.tensors, b.tensors)
                       if t.tensor_type != u.tensor_type or not numpy.array_equal(t.data, u.data)]


def ours_to_theirs(model, folder, limit):
    """Adze splits, llama-gguf-split merges."""
    run(ADZE, "split", model, folder / "ours", *limit)
    run(SPLIT, "--merge", sorted(folder.glob("ours-00001-*.gguf"))[0], folder / "merged.gguf")
    return differences(model, folder / "merged.gguf")


def theirs_to_ours(model, folder, limit):
    """llama-gguf-split splits, Adze merges."""
    run(SPLIT, "--split", *limit, model, folder / "theirs")
    parts = sorted(folder.glob("theirs-*.gguf"))
    run(ADZE, "merge", parts[-1], folder / "merged.gguf")
    return ([] if len(parts) > 1 else ["one part only"]) + differences(model, folder / "merged.gguf")


def their_merged_again(model, folder):
    """What llama-gguf-split merged has keys of splitting; Adze splits and merges it all the same."""
    run(SPLIT, "--split", "--split-max-tensors", "10", model, folder / "theirs")
    run(SPLIT, "--merge", sorted(folder.glob("theirs-00001-*.gguf"))[0], folder / "merged.gguf")
    run(ADZE, "split", folder / "merged.gguf", folder / "ours", "--max-tensors", "9")
    run(ADZE, "merge", sorted(folder.glob("ours-*.gguf"))[1], folder / "back.gguf")
    return [] if (folder / "back.gguf").read_bytes() == model.read_bytes() else differences(model, folder / "back.gguf") or ["bytes"]


def opens_ours(model, folder):
    run(ADZE, "split", model, folder / "ours", "--max-tensors", "7")
    numpy.array([1, 5, 9, 300, 12], numpy.int32).tofile(folder / "tokens")
    first = sorted(folder.glob("ours-*.gguf"))[0]
    for name, path in (("whole", model), ("parts", first)):
        run(build_llama_logits(), path, "-", 5, 1, folder / "tokens", folder / name)
    return [] if (folder / "whole").read_bytes() == (folder / "parts").read_bytes() else ["logits"]


def main():
    passed = failed = 0
    with tempfile.TemporaryDirectory(prefix="adze_split_") as name:
        folder = Path(name)
        model = folder / "model.gguf"
        run(ADZE, "convert", SHARED / "data" / "lm" / "tinystories-656k", model, "--dtype", "f16")
        run(ADZE, "convert", model, model)  # keys in the order of a GGUF file
        checks = [("llama-gguf-split merges parts by size", ours_to_theirs, ["--max-size", "300KB"]),
                  ("llama-gguf-split merges parts by number", ours_to_theirs, ["--max-tensors", "6"]),
                  ("llama-gguf-split merges parts of one tensor", ours_to_theirs, ["--max-tensors", "1"]),
                  ("parts of llama-gguf-split by number", theirs_to_ours, ["--split-max-tensors", "5"]),
                  ("parts of llama-gguf-split with an empty first", theirs_to_ours,
                   ["--no-tensor-first-split", "--split-max-tensors", "5"]),
                  ("merged by llama-gguf-split, split again", their_merged_again),
                  ("llama.cpp opens parts", opens_ours)]
        for title, check, *more in checks:
            with tempfile.TemporaryDirectory(dir=folder) as scratch:
                problems = check(model, Path(scratch), *more)
            passed, failed = passed + (not problems), failed + bool(problems)
            print(f"{'FAIL' if problems else 'ok  '} {title} {problems[:5] if problems else ''}")
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
