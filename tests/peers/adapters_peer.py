#!/usr/bin/env python3
# needs: gguf numpy mlx mlx_lm llama.cpp
"""Adapters that Adze writes, in the programs that they are for: GGUF in llama.cpp, folders in mlx-lm.

usage: build/peers/venv/bin/python tests/peers/adapters_peer.py [CASE...]
Cases are the folders of tests/golden/adapters. Logits of the peer with our adapter are compared with ours of the same
checkpoint with the adapter that it was converted from: mean KL < 1e-4. What a format cannot hold is skipped with the
reason that `adze convert-adapter` gives.
"""
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import mlx.core as mx
import numpy as np
from gguf import GGUFReader
from mlx_lm.tuner.utils import load_adapters
from mlx_lm.utils import load_model

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
from compare_logits import compare
from llama_tools import build_llama_logits
from make_golden import use_gelu_of

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("ADZE_BUILD", ROOT / "build" / "release"))
ADZE = Path(os.environ.get("ADZE", BUILD / "adze"))
ADAPTERS = ROOT / "tests" / "golden" / "adapters"
CHECKPOINTS = ROOT / "tests" / "golden" / "architectures"
MAX_KL = 1e-4
NO_MLX = {"falcon": "mlx-lm has no Falcon"}


class Refused(Exception):
    """Adze says that a format cannot hold an adapter."""


def run(*command):
    result = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if result.returncode != 0:
        raise RuntimeError(f"{Path(str(command[0])).name} failed:\n{(result.stdout + result.stderr)[-1500:]}")


def convert_adapter(source, target, base, kind):
    result = subprocess.run([ADZE, "convert-adapter", source, target, "--base", base, "--to", kind],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if result.returncode != 0:
        raise Refused(result.stderr.strip().split("\n")[-1])


def adze_logits(base, adapter, tokens, folder):
    target = folder / "ours.f32"
    run(BUILD / "tests" / "adze_logits", base, tokens, os.path.getsize(tokens) // 4, target, "f32", adapter)
    return target


def llama_cpp_logits(base, adapter, tokens, vocabulary, folder):
    model, lora, target = folder / "base.gguf", folder / "lora.gguf", folder / "llama.f32"
    run(BUILD / "tests" / "convert_tool", "convert", base, model, "f32")
    convert_adapter(adapter, lora, base, "gguf")
    architecture = GGUFReader(model).fields["general.architecture"].contents()
    run(build_llama_logits(), model, "-", os.path.getsize(tokens) // 4, 1, tokens, target,
        f"{architecture}.vocab_size={vocabulary}", lora)
    return target


def mlx_logits(base, adapter, tokens, folder):
    if base.name in NO_MLX:
        raise Refused(NO_MLX[base.name])
    lora, target = folder / "lora-mlx", folder / "mlx.f32"
    convert_adapter(adapter, lora, base, "mlx")
    use_gelu_of(json.loads((base / "config.json").read_text()))
    model, _ = load_model(base)
    model = load_adapters(model, str(lora))
    model.eval()
    np.array(model(mx.array(np.fromfile(tokens, np.int32)[None])).astype(mx.float32))[0].tofile(target)
    return target


def check(case, peer, folder):
    adapter = ADAPTERS / case
    golden = json.loads((adapter / "golden.json").read_text())
    base, vocabulary = CHECKPOINTS / golden["base"], len(golden["logits"][0])
    tokens = folder / "tokens.i32"
    np.array(golden["tokens"], np.int32).tofile(tokens)
    if peer == "llama.cpp":
        theirs = llama_cpp_logits(base, adapter, tokens, vocabulary, folder)
    else:
        theirs = mlx_logits(base, adapter, tokens, folder)
    figures = compare(theirs, adze_logits(base, adapter, tokens, folder), vocabulary)
    return figures["mean_kl"], figures["max_abs_difference"]


def main():
    mx.set_default_device(mx.cpu)
    passed = failed = skipped = 0
    for case in sys.argv[1:] or sorted(path.name for path in ADAPTERS.iterdir()):
        for peer in ("llama.cpp", "mlx-lm"):
            with tempfile.TemporaryDirectory(prefix="adze_adapter_") as name:
                try:
                    kl, largest = check(case, peer, Path(name))
                except Refused as reason:
                    skipped += 1
                    print(f"skipped: {case} in {peer}: {reason}")
                    continue
                except (RuntimeError, ValueError, KeyError) as error:
                    failed += 1
                    print(f"FAIL {case} in {peer}: {error}")
                    continue
            good = kl < MAX_KL
            passed, failed = passed + good, failed + (not good)
            print(f"{'ok  ' if good else 'FAIL'} {case} in {peer}: mean KL {kl:.2g}, largest difference {largest:.2g}")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
