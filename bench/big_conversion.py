#!/usr/bin/env python3
"""Quantizes a synthetic Hugging Face model that is larger than memory and prints peak anonymous memory and throughput.

usage: bench/big_conversion.py [--gigabytes 20] [--type Q4_K_M] [--max-ram 1GB] [--peer-gigabytes 2] [--folder DIR]
The model, in shards of 2 GB, and the file that is made of it lie in DIR (default: the temporary folder) and are removed
afterwards; the space is checked first. RssAnon is sampled from /proc every ten milliseconds; pages of mapped files, which
the kernel takes back at will, do not count. A second, smaller model gives the ratio to llama.cpp: its converter to F16
(where torch is installed with the peers) and llama-quantize. Exit status 1 if the limit was broken.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from convert_memory import anonymous_bytes

ROOT = Path(__file__).resolve().parent.parent
ADZE = Path(os.environ.get("ADZE_BUILD", ROOT / "build" / "release")) / "adze"
PEERS = Path(os.environ.get("ADZE_PEERS", ROOT / "build" / "peers"))
LLAMA = PEERS / "llama.cpp"
PYTHON = PEERS / "venv" / "bin" / "python"
SIZES = {"KB": 1e3, "MB": 1e6, "GB": 1e9}
SECONDS_BETWEEN_SAMPLES = 0.01
SPARE_BYTES = 1e9
QUANTIZED_SHARE = 0.4  # of a file of 16-bit floats, at most


def byte_size(text):
    match = re.fullmatch(r"([0-9.]+)(KB|MB|GB)", text)
    return float(match[1]) * SIZES[match[2]] if match else sys.exit(f"'{text}' is no size, such as 1GB")


class Run:
    """A command from start to end: wall and processor seconds, and the highest RssAnon that was seen."""

    def __init__(self, *command):
        self.peak, start = 0, time.monotonic()
        before = os.times()
        with tempfile.TemporaryFile("w+") as output:
            words = [str(word) for word in command]
            with subprocess.Popen(words, stdout=output, stderr=subprocess.STDOUT) as process:
                while process.poll() is None:
                    self.peak = max(self.peak, anonymous_bytes(process.pid))
                    time.sleep(SECONDS_BETWEEN_SAMPLES)
            if process.returncode != 0:
                output.seek(0)
                sys.exit(f"{' '.join(words)} failed:\n{output.read()[-2000:]}")
        after = os.times()
        self.seconds = time.monotonic() - start
        self.processor_seconds = (after.children_user + after.children_system
                                  - before.children_user - before.children_system)


def require_space(folder, gigabytes):
    needed = gigabytes * 1e9 * (1 + QUANTIZED_SHARE) + SPARE_BYTES
    free = shutil.disk_usage(folder).free
    if free < needed:
        sys.exit(f"{folder}: {needed / 1e9:.1f} GB are needed and {free / 1e9:.1f} are free; choose a smaller --gigabytes")


def make_source(folder, gigabytes):
    subprocess.run([sys.executable, ROOT / "tools" / "make_synthetic_model.py", folder, "--gigabytes", str(gigabytes)],
                   check=True, stdout=subprocess.DEVNULL)
    return sum(path.stat().st_size for path in folder.glob("*.safetensors"))


def say(what, size, run):
    print(f"{what}: {size / 1e9:.2f} GB in {run.seconds:.1f} s ({size / 1e6 / run.seconds:.0f} MB/s), "
          f"processor {run.processor_seconds:.1f} s, peak RssAnon {run.peak / 1e6:.0f} MB", flush=True)


def quantize(source, target, arguments):
    return Run(ADZE, "quantize", source, target, "--type", arguments.type, "--max-ram", arguments.max_ram, "--no-card")


def big_model(folder, arguments):
    """The peak of quantizing the large model."""
    require_space(folder, arguments.gigabytes)
    size = make_source(folder / "big", arguments.gigabytes)
    run = quantize(folder / "big", folder / "big.gguf", arguments)
    say(f"adze quantize, bf16 -> {arguments.type}, --max-ram {arguments.max_ram}", size, run)
    made = (folder / "big.gguf").stat().st_size
    print(f"  {made / 1e9:.2f} GB were written")
    shutil.rmtree(folder / "big")
    (folder / "big.gguf").unlink()
    return run.peak


def has_torch():
    return PYTHON.is_file() and subprocess.run([PYTHON, "-c", "import torch"], stderr=subprocess.DEVNULL).returncode == 0


def floats_for_peer(folder, size):
    """An F16 file for llama-quantize; how it was made, and by whom, is printed."""
    target = folder / "small.f16.gguf"
    if has_torch():
        run = Run(PYTHON, LLAMA / "convert_hf_to_gguf.py", folder / "small", "--outtype", "f16", "--outfile", target)
        say("llama.cpp convert_hf_to_gguf.py, bf16 -> F16", size, run)
        return target, run
    print("llama.cpp convert_hf_to_gguf.py: skipped, there is no torch among the peers; adze convert makes the F16 file")
    say("adze convert, bf16 -> F16", size, Run(ADZE, "convert", folder / "small", target, "--dtype", "f16"))
    return target, None


def compare_with_peer(folder, arguments):
    program = LLAMA / "build" / "bin" / "llama-quantize"
    if not program.is_file():
        return print("llama-quantize: skipped, it is not there (make peers)")
    size = make_source(folder / "small", arguments.peer_gigabytes)
    ours = quantize(folder / "small", folder / "ours.gguf", arguments)
    say(f"adze quantize, bf16 -> {arguments.type}", size, ours)
    floats, converted = floats_for_peer(folder, size)
    theirs = Run(program, floats, folder / "theirs.gguf", arguments.type)
    say(f"llama-quantize, F16 -> {arguments.type}", floats.stat().st_size, theirs)
    both = theirs.processor_seconds + (converted.processor_seconds if converted else 0)
    peak = max(theirs.peak, converted.peak if converted else 0)
    steps = "converter and llama-quantize" if converted else "llama-quantize alone"
    print(f"processor time of {steps} / ours: {both / ours.processor_seconds:.2f}; "
          f"peak RssAnon: {peak / ours.peak:.1f} times ours")
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gigabytes", type=float, default=20)
    parser.add_argument("--peer-gigabytes", type=float, default=2, help="0: no comparison")
    parser.add_argument("--type", default="Q4_K_M")
    parser.add_argument("--max-ram", default="1GB")
    parser.add_argument("--folder", type=Path, help="on a disk with enough space")
    arguments = parser.parse_args()
    limit = byte_size(arguments.max_ram)
    with tempfile.TemporaryDirectory(prefix="adze_big_", dir=arguments.folder) as folder:
        peak = big_model(Path(folder), arguments)
        if arguments.peer_gigabytes > 0:
            compare_with_peer(Path(folder), arguments)
    print(f"{'within' if peak <= limit else 'ABOVE'} the limit of {arguments.max_ram}")
    sys.exit(peak > limit)


if __name__ == "__main__":
    main()
