#!/usr/bin/env python3
# needs: numpy mlx_lm safetensors
"""Every golden checkpoint as an MLX folder: mlx-lm opens it and computes the same, as floats and quantized, and
Hugging Face -> MLX -> Hugging Face gives the same bytes.

usage: build/peers/venv/bin/python tests/peers/mlx_families_peer.py [CASE...]
Prints `N passed, N failed, N skipped`; exit status 1 if anything failed. Mean KL < 1e-4.
"""
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import mlx.core as mx
import numpy as np
from mlx_lm.utils import load_model
from safetensors.numpy import load_file

from compare_logits import log_softmax

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("ADZE_BUILD", ROOT / "build" / "release"))
ADZE = Path(os.environ.get("ADZE", BUILD / "adze"))
GOLDEN = ROOT / "tests" / "golden" / "architectures"
MAX_KL = 1e-4
TYPES = ["affine4_g32_f32", "affine8_g32_f32", "e2m1_g32_e8m0"]

# What mlx-lm cannot run, or runs otherwise than Hugging Face's own code, which made the golden logits.
NOT_RUN = {
    "falcon": "mlx-lm does not have it",
    "falcon_two_norms": "mlx-lm does not have it",
    "gpt_oss_floats": "mlx-lm rounds the range of YaRN whatever the file says",
    "mamba2_groups": "mlx-lm norms all groups of heads together",
}


# What mlx-lm keeps in one matrix, which cannot be put together of quantized ones.
NOT_QUANTIZED = {"deepseek_v2", "deepseek_v2_lite"}


def adze(*words):
    done = subprocess.run([str(word) for word in (ADZE, *words)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"adze {words[0]} failed: {done.stdout[-800:]}")


def their_logits(folder, tokens):
    model, _ = load_model(folder)
    return np.array(model(mx.array(tokens[None, :])).astype(mx.float32))[0]


def our_logits(path, tokens, folder):
    token_file, out = folder / "tokens.i32", folder / "logits.f32"
    tokens.astype(np.int32).tofile(token_file)
    subprocess.run([BUILD / "tests" / "adze_logits", path, token_file, str(len(tokens)), out, "f32"], check=True)
    return np.fromfile(out, np.float32).reshape(len(tokens), -1)


def divergence(a, b):
    log_p, log_q = log_softmax(a), log_softmax(b)
    return float((np.exp(log_p) * (log_p - log_q)).sum(axis=1).mean())


def same_tensors(ours, golden):
    """The names that differ. Buffers that follow from the config need not come back."""
    a, b = load_file(ours), load_file(golden)
    missing = set(b) - set(a)
    return sorted(missing | {name for name in a if name not in b or a[name].tobytes() != b[name].tobytes()})


def folder_format(source):
    """Of Hugging Face's folders: how weights are quantized, or that they are not."""
    config = json.loads((source / "config.json").read_text())
    return config.get("quantization_config", {}).get("quant_method", "hf")


def check_floats(source, tokens, folder):
    there, back = folder / "floats-mlx", folder / "back-hf"
    adze("convert", source, there, "--to", "mlx", "--require", "exact")
    adze("convert", there, back, "--to", folder_format(source), "--require", "exact")
    different = same_tensors(back / "model.safetensors", source / "model.safetensors")
    yield "there and back", not different, ", ".join(different[:4]) or "every byte"
    if source.name not in NOT_RUN:
        kl = divergence(their_logits(there, tokens), our_logits(there, tokens, folder))
        yield "floats", kl < MAX_KL, f"KL {kl:.3g}"


def check_type(source, kind, tokens, folder):
    target = folder / f"{kind}-mlx"
    adze("quantize", source, target, "--type", kind, "--no-card")
    packed = json.loads(subprocess.run([ADZE, "inspect", target, "--json"], stdout=subprocess.PIPE, check=True).stdout)
    tensors = sum(row["tensors"] for row in packed["types"] if row["type"] == kind)
    kl = divergence(their_logits(target, tokens), our_logits(target, tokens, folder))
    yield kind, kl < MAX_KL and tensors > 0, f"KL {kl:.3g}, {tensors} tensors"


def checks(source, folder):
    tokens = np.array(json.loads((source / "golden.json").read_text())["tokens"])
    yield from check_floats(source, tokens, folder)
    quantized = folder_format(source) != "hf"  # already
    for kind in [] if quantized or source.name in NOT_RUN or source.name in NOT_QUANTIZED else TYPES:
        yield from check_type(source, kind, tokens, folder)


def main():
    mx.set_default_device(mx.cpu)
    cases = [GOLDEN / name for name in sys.argv[1:]] or sorted(GOLDEN.iterdir())
    passed = failed = skipped = 0
    for source in cases:
        if source.name in NOT_RUN:
            print(f"skipped: {source.name}: {NOT_RUN[source.name]}")
            skipped += 1
        with tempfile.TemporaryDirectory() as folder:
            try:
                for what, good, detail in checks(source, Path(folder)):
                    passed, failed = passed + good, failed + (not good)
                    print(f"{'ok  ' if good else 'FAIL'} {source.name}, {what}: {detail}", flush=True)
            except Exception as error:  # mlx-lm raises what it likes
                failed += 1
                print(f"FAIL {source.name}: {type(error).__name__}: {str(error)[-600:]}", flush=True)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
