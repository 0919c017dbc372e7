"""What the tests of exported graphs have in common: golden checkpoints, our logits, and what a format refuses."""
import json
import os
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from gguf import GGUFReader

from compare_logits import log_softmax

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("ADZE_BUILD", ROOT / "build" / "release"))
ADZE = Path(os.environ.get("ADZE", BUILD / "adze"))
GOLDEN = ROOT / "tests" / "golden" / "architectures"
MAX_KL = 1e-4

# The op that has no form yet, in models that keep running states.
REFUSED = {"mamba2": "causal_convolution", "mamba2_groups": "causal_convolution"}
# Angles depend on how long the text is, so a history that began short does not fit a long one: what is put in at first
# is longer than that.
LONG_FROM = {"phi3_long_context": 20}


class Tally:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def check(self, name, good, detail=""):
        self.passed, self.failed = self.passed + bool(good), self.failed + (not good)
        print(f"{'ok  ' if good else 'FAIL'} {name}: {detail}", flush=True)

    def skip(self, name, reason):
        self.skipped += 1
        print(f"skipped: {name}: {reason}", flush=True)

    def finish(self):
        print(f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped")
        return 1 if self.failed else 0


def adze(*words, check=True):
    done = subprocess.run([str(word) for word in (ADZE, *words)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if check and done.returncode != 0:
        raise RuntimeError(f"adze {words[0]} failed: {done.stdout[-800:]}")
    return done


def demo_model(tally):
    """Once (SmolLM2-135M in f16, a folder for what is made of it); nothing where the model is not in the cache."""
    model = os.environ.get("ADZE_MODEL", "")
    if not model or not Path(model).exists():
        return tally.skip("mixes of SmolLM2-135M", "the model is not in the cache")
    with tempfile.TemporaryDirectory() as name:
        floats = Path(name) / "f16.gguf"
        adze("convert", model, floats, "--dtype", "f16")
        yield floats, Path(name)


def golden_cases(names):
    return [GOLDEN / name for name in names] or sorted(GOLDEN.iterdir())


def golden_tokens(source):
    return json.loads((source / "golden.json").read_text())["tokens"]


def our_logits(model, tokens, folder):
    token_file, out = folder / "tokens.i32", folder / "logits.f32"
    np.array(tokens, np.int32).tofile(token_file)
    subprocess.run([BUILD / "tests" / "adze_logits", model, token_file, str(len(tokens)), out, "f32"], check=True)
    return np.fromfile(out, np.float32).reshape(len(tokens), -1)


def divergence(a, b):
    log_p, log_q = log_softmax(a), log_softmax(b)
    return float((np.exp(log_p) * (log_p - log_q)).sum(axis=1).mean())


def with_stacks(values):
    whole, parts = {}, {}
    for name, array in values.items():
        stack, _, number = name.rpartition(".")
        if number.isdigit():
            parts.setdefault(stack, {})[int(number)] = array
        else:
            whole[name] = array
    return whole | {stack: np.stack([found[i] for i in range(len(found))]) for stack, found in parts.items()}


def with_values(source, values, target):
    """A GGUF file of floats with the values of a model put in place of `source`'s; parts of a stack have their number
    behind its name."""
    values = with_stacks(values)
    adze("convert", source, target, "--to", "gguf", "--dtype", "f32")
    left = set(values)
    for tensor in GGUFReader(target, "r+").tensors:
        if tensor.name in values:
            tensor.data[:] = values[tensor.name]
            left.discard(tensor.name)
    if left:
        raise RuntimeError(f"not in the file: {sorted(left)}")
    return target
