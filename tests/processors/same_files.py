#!/usr/bin/env python3
"""Checks that `adze quantize` writes the same bytes everywhere: for every type and quantizer one SHA-256 across builds
(compilers), instruction sets, numbers of threads and 64-bit Arm.

usage: same_files.py [--brief] BUILD [BUILD ...]
--brief: a type of each family, and of each build the best instruction set alone. A build for Arm is run in qemu. Every build is run with each instruction set that its processor has; the first build,
with the best set and one thread, says what is right. The models are of random weights, the statistics are gathered once.
"""
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

EMULATOR = ["qemu-aarch64", "-cpu", "max", "-L", "/usr/aarch64-linux-gnu"]
X86_SETS = ["scalar", "avx2", "avx512"]
ARM_SETS = ["scalar", "neon"]
TEXT = "the cat and the dog and the bird sat there for a long while. " * 20
EXTRA = [  # storage types that are no mix of their own
    ["--type", "Q8_0", "--tensor-type", "ffn=tq1_0", "--tensor-type", "attn=tq2_0"],
    ["--type", "Q8_0", "--tensor-type", "ffn=mxfp4", "--tensor-type", "attn=nvfp4"],
    ["--type", "Q8_0", "--tensor-type", "ffn=q1_0", "--tensor-type", "attn=q2_0"],
    ["--type", "Q8_0", "--tensor-type", "ffn=iq4_nl", "--tensor-type", "attn=iq1_m"],
]
FAMILIES = ["Q4_0", "Q8_0", "Q4_K_M", "IQ4_XS", "IQ2_XXS", "TQ2_0"]
CALIBRATED = [["--type", kind, "--quantizer", quantizer]
              for quantizer in ("importance", "hqq", "gptq") for kind in ("Q4_0", "Q4_K_M", "Q6_K", "IQ4_XS")]


def is_arm(build):
    header = (Path(build) / "adze").read_bytes()[:20]
    return header[18] == 0xB7  # e_machine of ELF


class Variant:
    """One build with one instruction set and a number of threads."""

    def __init__(self, build, isa, threads):
        self.command = [*(EMULATOR if is_arm(build) else []), str(Path(build) / "adze")]
        self.environment = {**os.environ, "ADZE_FORCE_ISA": isa}
        self.threads = threads
        self.name = f"{build}, {isa}, {threads} thread{'s' * (threads > 1)}"

    def run(self, *words):
        return subprocess.run([*self.command, *map(str, words)], env=self.environment, text=True, capture_output=True)

    def file_hash(self, source, words, folder):
        with tempfile.TemporaryDirectory(dir=folder) as name:
            target = Path(name) / "out.gguf"
            done = self.run("quantize", source, target, "--no-card", "-t", self.threads, *words)
            if done.returncode != 0:
                return done.stderr.strip()
            return hashlib.sha256(target.read_bytes()).hexdigest()


def variants_of(builds, brief):
    """What to compare, the first one being right."""
    found = []
    for build in builds:
        sets = ARM_SETS if is_arm(build) else X86_SETS
        usable = [isa for isa in sets if Variant(build, isa, 1).run("list", "codecs").returncode == 0]
        if brief:
            found.append(Variant(build, usable[-1], 2))
            continue
        found += [Variant(build, isa, threads) for isa in reversed(usable)
                  for threads in ((1, 2) if isa == usable[-1] else (2,))]
    return found


def mixes_of(variant):
    return [mix["name"] for mix in json.loads(variant.run("list", "mixes", "--json").stdout)]


def cases_of(variant, statistics, brief):
    """Words of the command line behind the two files."""
    mixes = FAMILIES if brief else mixes_of(variant)
    extra, calibrated = (EXTRA[1:2], CALIBRATED[-3:-2]) if brief else (EXTRA, CALIBRATED)
    return [["--type", mix, "--without-importance"] for mix in mixes] + \
        [[*words, "--without-importance"] for words in extra] + \
        [[*words, "--imatrix", statistics] for words in calibrated]


def main():
    brief, builds = "--brief" in sys.argv[1:], [word for word in sys.argv[1:] if word != "--brief"]
    if not builds:
        sys.exit(__doc__)
    variants = variants_of(builds, brief)
    first, others = variants[0], variants[1:]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source, statistics = folder / "random.gguf", folder / "statistics.gguf"
        first.run("make-model", source, "--shape", "tiny", "--type", "F16")
        (folder / "text.txt").write_text(TEXT)
        first.run("calibrate", source, "--text", folder / "text.txt", "-c", 64, "-o", statistics, "--hessians")
        cases = cases_of(first, statistics, brief)

        def check(words):
            expected = first.file_hash(source, words, folder)
            wrong = [other.name for other in others if other.file_hash(source, words, folder) != expected]
            shown = " ".join(str(word) for word in words if word != statistics)
            good = not wrong and re.fullmatch(r"[0-9a-f]{64}", expected)
            print(f"{'ok  ' if good else 'FAIL'} {expected[:16] if good else expected} {shown}"
                  + "".join(f"\n     differs: {name}" for name in wrong), flush=True)
            return bool(good)

        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            results = list(pool.map(check, cases))
    print(f"{len(variants)} variants: {', '.join(variant.name for variant in variants)}")
    print(f"{results.count(True)} passed, {results.count(False)} failed, 0 skipped")
    return 1 if False in results or not results else 0


if __name__ == "__main__":
    sys.exit(main())
