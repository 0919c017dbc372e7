#!/usr/bin/env python3
"""Runs models and compares the highest anonymous memory (RssAnon) with what they need: weights, cache and 60 MB.

usage: bench/run_memory.py [--weights packed|mapped] [--limit-megabytes 60] MODEL ...
The prompt fills a batch of 512 tokens. The cache counts in full, as the session was given it, though only the part
that holds tokens is in memory; the stricter difference, to that part, is printed too. Exit status 1 if a run was above
weights + cache + limit.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = Path(os.environ.get("ADZE_BUILD", ROOT / "build" / "release")) / "adze"
CONTEXT = 2048
PROMPT = "The sea is blue and the sky is grey. " * 60


def memory_of(pid):
    """(RssAnon, RssFile) of a process in bytes; zeros once it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0, 0
    values = dict(line.split(":", 1) for line in lines if line.startswith("Rss"))
    return tuple(int(values.get(key, "0").split()[0]) * 1024 for key in ("RssAnon", "RssFile"))


def run_and_watch(model, weights):
    """(report, highest RssAnon, highest RssFile) of one run."""
    command = [PROGRAM, "run", model, "-p", PROMPT, "-c", str(CONTEXT), "-n", "16", "--temp", "0", "--json",
               "--weights", weights]
    with tempfile.TemporaryFile("w+") as output, subprocess.Popen(command, stdout=output) as process:
        anonymous, mapped = 0, 0
        while process.poll() is None:
            now = memory_of(process.pid)
            anonymous, mapped = max(anonymous, now[0]), max(mapped, now[1])
            time.sleep(0.002)
        if process.returncode != 0:
            sys.exit(f"running {model} failed")
        output.seek(0)
        return json.load(output), anonymous, mapped


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", metavar="MODEL", nargs="+")
    parser.add_argument("--weights", default="packed", choices=("packed", "mapped"))
    parser.add_argument("--limit-megabytes", type=float, default=60)
    arguments = parser.parse_args()
    too_much = False
    for model in arguments.models:
        report, anonymous, mapped = run_and_watch(model, arguments.weights)
        memory = report["memory"]
        anonymous = max(anonymous, memory["anonymous_bytes"])
        needed = memory["weight_bytes"] + memory["cache_bytes"]
        beyond = anonymous - needed
        held = (report["prompt_tokens"] + report["generated_tokens"]) / CONTEXT
        beyond_held = anonymous - memory["weight_bytes"] - memory["cache_bytes"] * held
        too_much |= beyond > arguments.limit_megabytes * 1e6
        print(f"{Path(model).name}: file {os.path.getsize(model) / 1e6:.1f} MB, peak RssAnon {anonymous / 1e6:.1f} MB = "
              f"weights {memory['weight_bytes'] / 1e6:.1f} + cache {memory['cache_bytes'] / 1e6:.1f} "
              f"{'+' if beyond >= 0 else '-'} {abs(beyond) / 1e6:.1f} MB "
              f"({beyond_held / 1e6:.1f} MB beyond the part of the cache that holds tokens); peak RssFile {mapped / 1e6:.1f} MB; "
              f"{report['prompt_tokens']} tokens of prompt")
    sys.exit(too_much)


if __name__ == "__main__":
    main()
