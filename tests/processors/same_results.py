#!/usr/bin/env python3
"""Checks that 64-bit Arm, emulated, computes what this machine computes: files and logits, bit by bit.

usage: same_results.py NATIVE_BUILD ARM_BUILD
Models of random weights are quantized by both programs and run by both, on Arm with every instruction set that has
kernels, and with caches of keys and values in every precision. Where the demo's model was fetched, both continue a text
with it. Natively that takes AVX2 or more.
"""
import array
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
from peer_needs import cached_model  # noqa: E402

EMULATOR = ["qemu-aarch64", "-cpu", "max", "-L", "/usr/aarch64-linux-gnu"]
ARM_SETS = ["neon", "dotprod", "i8mm"]
TYPES = ["Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q4_K_M", "Q6_K", "IQ4_NL", "IQ4_XS", "IQ3_S", "TQ2_0", "Q1_0", "F16", "BF16",
         "F32"]
POLICIES = ["auto", "f32"]
CACHES = ["f32", "f16", "q8_0", "q4_0"]
TOKENS = array.array("i", [7 * i * i % 251 + 3 for i in range(48)])
PROMPT = "The capital of France is"
NEW_TOKENS = 12


class Program:
    """One build's programs, with an emulator before them if need be."""

    def __init__(self, build, emulator=(), isa=None):
        self.build = Path(build)
        self.emulator = list(emulator)
        self.environment = {**os.environ, **({"ADZE_FORCE_ISA": isa} if isa else {})}
        self.name = isa or "native"

    def run(self, program, *arguments):
        command = [*self.emulator, self.build / program, *map(str, arguments)]
        return subprocess.run(command, env=self.environment, check=True, stdout=subprocess.PIPE).stdout

    def logits(self, model, policy, folder):
        tokens, out = folder / "tokens.i32", folder / f"{self.name}-{model.stem}-{policy}.f32"
        self.run("tests/adze_logits", model, tokens, len(TOKENS), out, policy)
        return out.read_bytes()


def compare(what, native, arm):
    same = native == arm
    print(f"{'ok  ' if same else 'FAIL'} {what}", flush=True)
    return same


def quantized(program, source, kind, folder):
    target = folder / f"{program.name}-{kind}.gguf"
    program.run("adze", "quantize", source, target, "--type", kind, "--no-card")
    return target


def check_type(kind, source, native, arms, folder):
    """Whether the file of this type and its logits are the same everywhere, one result each."""
    ours = quantized(native, source, kind, folder)
    results = [compare(f"{kind}: the file", ours.read_bytes(), quantized(arms[-1], source, kind, folder).read_bytes())]
    for policy in POLICIES:
        expected = native.logits(ours, policy, folder)
        results += [compare(f"{kind}: logits, activations {policy}, {arm.name}", expected,
                            arm.logits(ours, policy, folder)) for arm in arms]
    return results


def check_caches(source, native, arm):
    """Whether both continue a text with the same tokens for each precision of the cache."""
    for cache in CACHES:
        arguments = ["run", source, "-p", PROMPT, "-n", 4 * NEW_TOKENS, "--temp", "0", "--kv", cache]
        expected = native.run("adze", *arguments)
        yield compare(f"cache in {cache}: text, {arm.name}", expected, arm.run("adze", *arguments))


def check_text(native, arm):
    """Whether both continue a text alike; None without a model."""
    model = cached_model()
    if not model:
        print("skipped: the demo's model is not in the cache (make demo)")
        return None
    arguments = ["run", model, "-p", PROMPT, "-n", NEW_TOKENS, "--temp", "0"]
    expected = native.run("adze", *arguments)
    return compare(f"{model.name}: text, {arm.name}", expected, arm.run("adze", *arguments))


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    native = Program(sys.argv[1])
    arms = [Program(sys.argv[2], EMULATOR, isa) for isa in ARM_SETS]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = folder / "random.gguf"
        native.run("adze", "make-model", source, "--shape", "tiny", "--type", "F32")
        (folder / "tokens.i32").write_bytes(TOKENS.tobytes())
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            text = pool.submit(check_text, native, arms[-1])
            caches = pool.submit(lambda: list(check_caches(source, native, arms[-1])))
            checks = pool.map(lambda kind: check_type(kind, source, native, arms, folder), TYPES)
            results = [good for check in checks for good in check] + [*caches.result(), text.result()]
    print(f"{results.count(True)} passed, {results.count(False)} failed, {results.count(None)} skipped")
    return 1 if False in results else 0


if __name__ == "__main__":
    sys.exit(main())
