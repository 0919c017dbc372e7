#!/usr/bin/env python3
"""Runs test programs, tool tests and peer scripts, and prints one line each and the sum of their cases.

Test programs are those that ctest knows in the build folder. Peer scripts (tests/peers/*_peer.py) compare
Adze with other programs; tests/peers/README.md has their convention. A test that lacks something it needs
skips, and the reason is printed. The exit status is 1 when a case failed or none ran.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from peer_needs import environment_of_peers, peer_python, unmet_needs

ROOT = Path(__file__).resolve().parent.parent
SUM_LINE = re.compile(r"(\d+) passed, (\d+) failed, (\d+) skipped")
SKIP_REASON = re.compile(r": Skipped\n(.+)")
UNITTEST_SKIP = re.compile(r"skipped '(.+)'")
OUTPUT_LINES_OF_A_FAILURE = 60
STATUS_OF_SKIPPED_TEST = 77


@dataclass
class Result:
    """What one program's run gave."""

    name: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    skip_reasons: list = field(default_factory=list)
    output: str = ""


def run_program(command, folder, environment, timeout):
    """(exit status or None when it ran past the timeout, its output)."""
    try:
        done = subprocess.run(command, cwd=folder, env=environment, timeout=timeout, text=True, errors="replace",
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return done.returncode, done.stdout
    except subprocess.TimeoutExpired as expired:
        partial = expired.stdout or b""
        return None, (partial.decode(errors="replace") if isinstance(partial, bytes) else partial)
    except OSError as error:
        return 127, f"{error}\n"


def count_googletest(report, result):
    """Adds the cases of a GoogleTest JSON report."""
    for suite in report["testsuites"]:
        for case in suite["testsuite"]:
            if case.get("failures"):
                result.failed += 1
            elif case["result"] == "SKIPPED":
                result.skipped += 1
            elif case["status"] == "RUN":
                result.passed += 1


def run_googletest(name, command, folder, environment, timeout):
    result = Result(name)
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch) / "report.json"
        status, result.output = run_program([*command, f"--gtest_output=json:{report}"], folder, environment, timeout)
        if report.is_file():
            count_googletest(json.loads(report.read_text()), result)
    if status != 0 and not result.failed:  # it crashed, hung or a sanitizer ended it
        result.failed = 1
        result.output += f"\n{name}: ended with {'a timeout' if status is None else f'status {status}'}"
    result.skip_reasons = SKIP_REASON.findall(result.output)
    return result


def run_plain(name, command, folder, environment, timeout):
    """A test that says everything with its exit status."""
    status, output = run_program(command, folder, environment, timeout)
    skipped = status == STATUS_OF_SKIPPED_TEST
    lines = output.strip().split("\n")
    return Result(name, passed=int(status == 0), failed=int(status != 0 and not skipped), skipped=int(skipped),
                  skip_reasons=lines[-1:] if skipped else [], output=output)


def run_unittest(name, command, folder, environment, timeout):
    """A Python test; `command` asks it to be verbose."""
    result = Result(name)
    status, result.output = run_program(command, folder, environment, timeout)
    ran = re.search(r"^Ran (\d+) test", result.output, re.M)
    result.skip_reasons = UNITTEST_SKIP.findall(result.output)
    result.skipped = len(result.skip_reasons)
    result.failed = sum(map(int, re.findall(r"(?:failures|errors)=(\d+)", result.output)))
    result.failed = result.failed or int(status != 0)
    result.passed = max(0, int(ran[1]) - result.failed - result.skipped) if ran else 0
    return result


def run_peer(path, environment, timeout):
    """A peer script: its last sum line counts; without one it failed."""
    result = Result(f"peers/{path.stem}")
    missing = unmet_needs(path)
    if missing:
        result.skipped, result.skip_reasons = 1, [f"needs {', '.join(missing)}"]
        return result
    status, result.output = run_program([peer_python(), path], ROOT, environment, timeout)
    sums = SUM_LINE.findall(result.output)
    if sums:
        result.passed, result.failed, result.skipped = map(int, sums[-1])
    if (status != 0 or not sums) and not result.failed:
        result.failed = 1
    result.skip_reasons = re.findall(r"^skipped: (.+)$", result.output, re.M)
    return result


def ctest_jobs(build, only, label, timeout):
    """One call per test that ctest lists and that carries the label, if one is asked for."""
    listing = subprocess.run(["ctest", "--test-dir", build, "--show-only=json-v1"], capture_output=True, text=True)
    if listing.returncode != 0:
        sys.exit(f"run_tests: no tests configured in {build}: {listing.stderr.strip()}")
    for test in json.loads(listing.stdout)["tests"]:
        properties = {p["name"]: p["value"] for p in test.get("properties", [])}
        if (only and not only.search(test["name"])) or (label and label not in properties.get("LABELS", [])):
            continue
        command = test.get("command", [f"{test['name']} is not built"])
        folder = properties.get("WORKING_DIRECTORY", ROOT)
        is_unittest = any(part.endswith("_test.py") for part in command)
        is_googletest = any(part.endswith("_test") for part in command)  # the first part may be an emulator
        runner = run_googletest if is_googletest else run_unittest if is_unittest else run_plain
        yield lambda r=runner, n=test["name"], c=command, f=folder: r(n, c, f, sanitizer_environment(), timeout)


def sanitizer_environment():
    # Freed memory is held back as little as finds bugs: programs run side by side here.
    return {"ASAN_OPTIONS": "quarantine_size_mb=16", "UBSAN_OPTIONS": "print_stacktrace=1",
            "TSAN_OPTIONS": "halt_on_error=1", **os.environ}


def timed(job):
    start = time.monotonic()
    result = job()
    result.seconds = time.monotonic() - start
    return result


def report(result):
    counts = [f"{result.passed} passed"]
    counts += [f"{result.failed} failed"] if result.failed else []
    counts += [f"{result.skipped} skipped"] if result.skipped else []
    word = "FAIL" if result.failed else "ok" if result.passed else "skip"
    print(f"{word:5}{result.name:34}{', '.join(counts):40}{result.seconds:7.1f} s", flush=True)
    for reason, times in Counter(result.skip_reasons).items():
        print(f"       skipped{f' {times} times' if times > 1 else ''}: {reason}")
    if result.failed:
        print("\n".join("    | " + line for line in result.output.rstrip().split("\n")[-OUTPUT_LINES_OF_A_FAILURE:]))


def collect_jobs(options):
    only = re.compile(options.only) if options.only else None
    jobs = list(ctest_jobs(options.build, only, options.label, options.timeout))
    if not options.programs_only:
        tools = sorted((ROOT / "tools").glob("*_test.py"))
        peers = sorted((ROOT / "tests" / "peers").glob("*_peer.py"))
        environment = environment_of_peers(options.build)
        pages = [sys.executable, ROOT / "tools" / "check_readme.py", "--build", options.build]
        if not only or only.search("README commands"):
            jobs.append(lambda: run_plain("README commands", pages, ROOT, None, options.timeout))
        jobs += [lambda p=p: run_unittest(f"tools/{p.name}", [sys.executable, p, "-v"], p.parent, None, options.timeout)
                 for p in tools if not only or only.search(p.name)]
        jobs += [lambda p=p: run_peer(p, environment, options.timeout) for p in peers if not only or only.search(p.name)]
    return jobs


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, default=ROOT / "build" / "release", help="build folder")
    parser.add_argument("--only", help="run only tests whose name matches this pattern")
    parser.add_argument("--label", help="run only programs that carry this ctest label")
    parser.add_argument("--programs-only", action="store_true", help="no tool tests and no peer scripts")
    parser.add_argument("--timeout", type=int, default=900, help="seconds one program may take")
    parser.add_argument("-j", "--jobs", type=int, default=min(4, os.cpu_count() or 1), help="programs at a time")
    options = parser.parse_args()
    options.build = options.build.resolve()
    with ThreadPoolExecutor(options.jobs) as pool:
        results = []
        for result in pool.map(timed, collect_jobs(options)):
            report(result)
            results.append(result)
    passed, failed, skipped = (sum(getattr(r, kind) for r in results) for kind in ("passed", "failed", "skipped"))
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
