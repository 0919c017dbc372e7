#!/usr/bin/env python3
"""Converts synthetic models of several sizes and prints the highest anonymous memory (RssAnon) of each conversion.

usage: bench/convert_memory.py [--gigabytes 1 6] [--dtype f16] [--limit-megabytes 400]
Needs twice the largest size on the disk of the temporary folder. Exit status 1 if a conversion was above the limit.
"""
import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOL = Path(os.environ.get("ADZE_BUILD", ROOT / "build" / "release")) / "tests" / "convert_tool"


def anonymous_bytes(pid):
    """RssAnon of a process, or 0 once it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon:")), 0)


def run_and_watch(command):
    """(output, highest anonymous memory seen) of a command, looking every two milliseconds."""
    with tempfile.TemporaryFile("w+") as output, subprocess.Popen(command, stdout=output) as process:
        peak = 0
        while process.poll() is None:
            peak = max(peak, anonymous_bytes(process.pid))
            time.sleep(0.002)
        if process.returncode != 0:
            sys.exit(f"{command[0]} failed")
        output.seek(0)
        return output.read(), peak


def measure(gigabytes, dtype, quantize_to):
    """(tensor bytes of the source, peak anonymous bytes, seconds) of one conversion."""
    with tempfile.TemporaryDirectory(prefix="adze_memory_") as folder:
        source, target = Path(folder) / "source", Path(folder) / "target.gguf"
        subprocess.run([sys.executable, ROOT / "tools" / "make_synthetic_model.py", source, "--gigabytes",
                        str(gigabytes)], check=True, stdout=subprocess.DEVNULL)
        size = sum(path.stat().st_size for path in source.glob("*.safetensors"))
        verb = ["quantize", source, target, quantize_to] if quantize_to else ["convert", source, target, dtype]
        output, peak = run_and_watch([TOOL, *verb])
        values = dict(line.split() for line in output.splitlines() if not line.startswith("tensor "))
        return size, max(peak, int(values["peak_anonymous_bytes"])), float(values["seconds"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gigabytes", type=float, nargs="+", default=[1, 6])
    parser.add_argument("--dtype", default="f16")
    parser.add_argument("--quantize", metavar="TYPE", help="quantize instead, for example Q8_0")
    parser.add_argument("--limit-megabytes", type=float, default=400)
    arguments = parser.parse_args()
    worst = 0
    for gigabytes in arguments.gigabytes:
        size, peak, seconds = measure(gigabytes, arguments.dtype, arguments.quantize)
        worst = max(worst, peak)
        print(f"{size / 1e9:6.2f} GB bf16 -> {arguments.quantize or arguments.dtype}: "
              f"peak RssAnon {peak / 1e6:7.1f} MB, {seconds:6.1f} s")
    sys.exit(worst > arguments.limit_megabytes * 1e6)


if __name__ == "__main__":
    main()
