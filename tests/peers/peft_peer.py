#!/usr/bin/env python3
# needs: peft torch transformers safetensors numpy
"""Adapters and merged models that Adze writes, beside PEFT.

usage: build/peers/venv/bin/python tests/peers/peft_peer.py [CASE...]
Cases are the folders of tests/golden/adapters. Two things are checked: PEFT loads the folder that Adze makes of an adapter
(by way of GGUF or mlx-lm's form where those can hold it) and computes the kept logits; and `adze merge-adapter` makes the
weights that PEFT's merge makes, in f32, f16 and bf16. Sums of products have no agreed order, so of the rounded values one
in a thousand may be the neighbour.
"""
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from peft import PeftModel
from safetensors.torch import load_file

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
from torch_checkpoint import load_checkpoint  # noqa: E402

BUILD = Path(os.environ.get("ADZE_BUILD", ROOT / "build" / "release"))
ADZE = Path(os.environ.get("ADZE", BUILD / "adze"))
ADAPTERS = ROOT / "tests" / "golden" / "adapters"
CHECKPOINTS = ROOT / "tests" / "golden" / "architectures"
TYPES = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}
MOST_NEIGHBOURS = 1e-3
NO_PAIRS_OF_EXPERTS = "transformers keeps experts in one parameter, which PEFT changes otherwise"
SKIPPED = {"mlx_mixtral_experts": NO_PAIRS_OF_EXPERTS, "mlx_qwen3_moe_experts": NO_PAIRS_OF_EXPERTS}


class Refused(Exception):
    """Adze says that a format cannot hold an adapter."""


def adze(*words):
    result = subprocess.run([ADZE, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if result.returncode != 0:
        raise Refused(result.stderr.strip().split("\n")[-1])


def difference_of_logits(base, adapter, golden):
    model = PeftModel.from_pretrained(load_checkpoint(base, torch.float32), adapter).eval()
    with torch.no_grad():
        logits = model(torch.tensor([golden["tokens"]])).logits[0].numpy()
    return float(np.abs(logits - np.array(golden["logits"], np.float32)).max())


def load_problems(case, base, golden, folder):
    """PEFT's logits of the adapter by way of each format that can hold it."""
    problems, ways = [], []
    for way in ("peft", "gguf", "mlx"):
        between, result = folder / f"between-{way}{'.gguf' if way == 'gguf' else ''}", folder / f"peft-{way}"
        try:
            adze("convert-adapter", ADAPTERS / case, between, "--base", base, "--to", way)
            adze("convert-adapter", between, result, "--base", base, "--to", "peft")
        except Refused:
            continue
        difference = difference_of_logits(base, result, golden)
        ways.append(f"by {way} {difference:.1g}")
        if difference > 1e-4:
            problems.append(f"logits of PEFT by way of {way} differ by {difference:.2g}")
    return problems, ", ".join(ways)


def steps_between(one, other):
    """How many numbers of their type lie between two tensors of 16 bits."""
    def place(tensor):
        bits = tensor.contiguous().view(torch.int16).to(torch.int64)
        return torch.where(bits < 0, -(bits + 32768), bits)
    return (place(one) - place(other)).abs()


def merge_problems(case, base, name, folder):
    stored, merged = folder / f"base-{name}", folder / f"merged-{name}"
    adze("convert", base, stored, "--to", "hf", "--dtype", name)
    adze("merge-adapter", stored, ADAPTERS / case, merged, "--to", "hf", "--no-quality")
    before = load_file(stored / "model.safetensors")
    theirs = PeftModel.from_pretrained(load_checkpoint(stored, TYPES[name]), ADAPTERS / case).merge_and_unload().state_dict()
    problems, values, neighbours = [], 0, 0
    for key, tensor in load_file(merged / "model.safetensors").items():
        if key not in before or torch.equal(tensor, before[key]):
            continue  # a head of its own, or not changed
        other = theirs[key if key in theirs else f"transformer.{key}"]
        if tensor.dtype != other.dtype:
            problems.append(f"{name} {key}: {tensor.dtype} instead of {other.dtype}")
        elif name == "f32":
            close = torch.isclose(tensor, other, rtol=1e-5, atol=1e-6)
            neighbours += int((tensor != other).sum())
        else:
            steps = steps_between(tensor, other)
            # A neighbour of the product is several steps of a sum that it nearly cancels.
            close = (steps <= 1) | ((tensor.double() - other.double()).abs() < 1e-6)
            neighbours += int((steps > 0).sum())
        values += tensor.numel()
        if not bool(close.all()):
            problems.append(f"{name} {key}: differs by {float((tensor.double() - other.double()).abs().max()):.2g}")
    if name != "f32" and neighbours > MOST_NEIGHBOURS * values:
        problems.append(f"{name}: {neighbours} of {values} values are the neighbours")
    return problems, f"{name} {neighbours} of {values} differ"


def check(case, folder):
    golden = json.loads((ADAPTERS / case / "golden.json").read_text())
    base = CHECKPOINTS / golden["base"]
    problems, figures = load_problems(case, base, golden, folder)
    if (ADAPTERS / case / "adapter_model.safetensors").exists():
        for name in TYPES:
            found, text = merge_problems(case, base, name, folder)
            problems += found
            figures += f"; merged {text}"
    return problems, figures


def main():
    passed = failed = skipped = 0
    for case in sys.argv[1:] or sorted(path.name for path in ADAPTERS.iterdir()):
        if case in SKIPPED:
            skipped += 1
            print(f"skipped: {case}: {SKIPPED[case]}")
            continue
        with tempfile.TemporaryDirectory(prefix="adze_peft_") as name:
            problems, figures = check(case, Path(name))
        if not figures and not problems:
            skipped += 1
            print(f"skipped: {case}: PEFT cannot hold it")
            continue
        passed, failed = passed + (not problems), failed + bool(problems)
        print(f"{'FAIL' if problems else 'ok  '} {case}: {figures}", *problems, sep="\n     ", flush=True)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
