#!/usr/bin/env python3
"""Runs every fuzz target for a while from its seeds and fails on the first finding of each.

New inputs are kept in BUILD/corpus/<target>, findings in BUILD/findings/<target>.
"""
import argparse
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SECONDS_PER_INPUT = 10
MEMORY_LIMIT_MB = 2048
MAX_INPUT_BYTES = 64 * 1024
RUNS = re.compile(r"stat::number_of_executed_units:\s+(\d+)")
OUTPUT_LINES_OF_A_FINDING = 60


def command_for(program, build, seconds):
    name = program.name
    corpus, findings = build / "corpus" / name, build / "findings" / name
    seeds = ROOT / "fuzz" / "seeds" / name.removeprefix("fuzz_")
    corpus.mkdir(parents=True, exist_ok=True)
    findings.mkdir(parents=True, exist_ok=True)
    dictionary = ROOT / "fuzz" / f"{name}.dict"
    return [
        str(program), str(corpus), *([str(seeds)] if seeds.is_dir() else []),
        f"-max_total_time={seconds}", f"-timeout={SECONDS_PER_INPUT}", f"-rss_limit_mb={MEMORY_LIMIT_MB}",
        f"-max_len={MAX_INPUT_BYTES}", f"-artifact_prefix={findings}/", "-print_final_stats=1", "-verbosity=1",
        *([f"-dict={dictionary}"] if dictionary.is_file() else []),
    ]


def run_target(program, build, seconds):
    """(program, exit status, output) of one target's run."""
    environment = {"UBSAN_OPTIONS": "print_stacktrace=1", **os.environ}
    try:
        done = subprocess.run(command_for(program, build, seconds), cwd=ROOT, env=environment, text=True,
                              errors="replace", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=seconds + 120)
    except subprocess.TimeoutExpired:
        return program, 1, "did not stop in time"
    return program, done.returncode, done.stdout


def report(program, status, output):
    runs = RUNS.search(output)
    if status == 0 and runs and int(runs[1]) > 0:
        print(f"ok   {program.name:28} {int(runs[1]):9} inputs", flush=True)
        return True
    finding = re.search(r"Test unit written to (\S+)", output)
    print(f"FAIL {program.name:28} {f'reproduce with: {program} {finding[1]}' if finding else f'status {status}'}")
    print("\n".join("    | " + line for line in output.rstrip().split("\n")[-OUTPUT_LINES_OF_A_FINDING:]), flush=True)
    return False


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, default=ROOT / "build" / "asan")
    parser.add_argument("--seconds", type=int, default=20, help="per target")
    parser.add_argument("--only", default="", help="run only targets whose name contains this")
    parser.add_argument("-j", "--jobs", type=int, default=1, help="targets at a time")
    options = parser.parse_args()
    build = options.build.resolve()
    sources = sorted(p.stem for p in (ROOT / "fuzz").glob("fuzz_*.cpp") if options.only in p.stem)
    programs = [build / "fuzz" / name for name in sources]
    missing = [p.name for p in programs if not p.is_file()]
    if missing:
        sys.exit(f"fuzz: not built: {', '.join(missing)}")
    with ThreadPoolExecutor(options.jobs) as pool:
        runs = pool.map(lambda p: run_target(p, build, options.seconds), programs)
        passed = sum([report(*run) for run in runs])
    print(f"{passed} passed, {len(programs) - passed} failed, 0 skipped")
    return 0 if programs and passed == len(programs) else 1


if __name__ == "__main__":
    sys.exit(main())
