#!/usr/bin/env python3
"""Speed and memory of `adze quantize` beside llama-quantize, in turns, on one model of random weights.

usage: bench/quality/quantize_speed.py [--shape llama-1b] [--types Q4_K_M,Q6_K,...] [--threads 2] [--rounds 3]
       [--folder /dev/shm] [--alone]

Makes an F16 model of the shape with `adze make-model` (2.5 GB for llama-1b), reads it once so that it is cached, and then
lets both programs write each type in turns (A B A B ...). The folder holds source and targets: one in memory keeps the
disk out, to which llama-quantize, unlike us, does not wait for its file to get. Printed per type: megabytes of f16 input
per second, best of all rounds, by the clock and by processor time (which says more where others use the machine, and
is for all threads together); the ratio of both; the highest anonymous memory (RssAnon), seen every two milliseconds.
Quality cards are left out. Types of very few bits get an importance matrix of ones, as llama-quantize refuses them without.
"""
import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ADZE = os.environ.get("ADZE", str(ROOT / "build" / "release" / "adze"))
PEERS = Path(os.environ.get("ADZE_PEERS", ROOT / "build" / "peers"))
LLAMA_QUANTIZE = PEERS / "llama.cpp/build/bin/llama-quantize"
TYPES = ["Q4_0", "Q8_0", "Q4_K_M", "Q2_K", "Q3_K_M", "Q5_K_M", "Q6_K", "IQ4_NL", "IQ4_XS", "IQ3_S", "IQ3_XXS"]
NEED_IMPORTANCE = ("IQ2", "IQ1", "IQ3_XXS", "Q2_K_S")


def anonymous_bytes(pid):
    """RssAnon of a process, or 0 once it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon:")), 0)


class Run:
    """What one command took."""

    def __init__(self, command):
        before, start, self.peak_bytes = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic(), 0
        with tempfile.TemporaryFile("w+") as messages:
            with subprocess.Popen([str(word) for word in command], stdout=messages, stderr=messages) as process:
                while process.poll() is None:
                    self.peak_bytes = max(self.peak_bytes, anonymous_bytes(process.pid))
                    time.sleep(0.002)
            self.seconds = time.monotonic() - start
            if process.returncode != 0:
                messages.seek(0)
                sys.exit(f"{' '.join(map(str, command))}\n{messages.read()[-1500:]}")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def ones_for(model, folder):
    """An importance matrix that weights all columns alike, in the older form that both read."""
    import struct
    sys.path.insert(0, str(ROOT / "tests" / "peers"))
    from gguf import GGUFReader
    target = folder / "ones.dat"
    weights = [t for t in GGUFReader(model).tensors if len(t.shape) > 1]
    with target.open("wb") as file:
        file.write(struct.pack("<i", len(weights)))
        for tensor in weights:
            name, columns = tensor.name.encode(), int(tensor.shape[0])
            file.write(struct.pack("<i", len(name)) + name + struct.pack("<ii", 1, columns))
            file.write(struct.pack("<f", 1.0) * columns)
        file.write(struct.pack("<ii", 1, 0))
    return target


def commands(kind, source, folder, options):
    """name -> command for each program."""
    target, threads = folder / "target.gguf", options.threads
    ours = [ADZE, "quantize", source, target, "--type", kind, "-t", threads, "--no-card"]
    theirs = [LLAMA_QUANTIZE, source, target, kind, threads]
    if kind.startswith(NEED_IMPORTANCE):
        ones = ones_for(source, folder)
        ours += ["--imatrix", ones]
        theirs[1:1] = ["--imatrix", ones]
    return {"adze": ours, "llama": theirs} if LLAMA_QUANTIZE.exists() and not options.alone else {"adze": ours}


def measure(kind, source, folder, options):
    runs = {}
    for _ in range(options.rounds):
        for name, command in commands(kind, source, folder, options).items():
            (folder / "target.gguf").unlink(missing_ok=True)
            runs.setdefault(name, []).append(Run(command))
    (folder / "target.gguf").unlink(missing_ok=True)
    return runs


def show(kind, runs, megabytes):
    def best(name, attribute):
        return megabytes / min(getattr(run, attribute) for run in runs[name])

    def peak(name):
        return max(run.peak_bytes for run in runs[name]) / 1e6

    line = f"{kind:<8} {best('adze', 'seconds'):8.1f} {best('adze', 'processor'):8.1f}"
    if "llama" in runs:
        line += f" {best('llama', 'seconds'):8.1f} {best('llama', 'processor'):8.1f}"
        line += f" {best('adze', 'seconds') / best('llama', 'seconds'):6.1f}x"
        line += f" {best('adze', 'processor') / best('llama', 'processor'):6.1f}x"
    print(line + f"   {peak('adze'):7.0f}" + (f" {peak('llama'):7.0f}" if "llama" in runs else ""), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", default="llama-1b")
    parser.add_argument("--types", type=lambda text: text.split(","), default=TYPES)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", default="/dev/shm" if os.path.isdir("/dev/shm") else None)
    parser.add_argument("--alone", action="store_true", help="without llama-quantize")
    options = parser.parse_args()
    if not LLAMA_QUANTIZE.exists():
        print("llama-quantize is missing (make peers): our own figures alone")
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        source = folder / "source.gguf"
        subprocess.run([ADZE, "make-model", source, "--shape", options.shape, "--type", "F16"], check=True,
                       stdout=subprocess.DEVNULL)
        megabytes = source.stat().st_size / 1e6
        print(f"{options.shape}, {megabytes:.0f} MB of f16, {options.threads} threads, best of {options.rounds}")
        print("type     MB/s: ours, per CPU s; theirs, per CPU s;   ratios      RssAnon MB: ours, theirs")
        for kind in options.types:
            show(kind, measure(kind, source, folder, options), megabytes)


if __name__ == "__main__":
    main()
