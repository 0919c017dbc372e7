#!/usr/bin/env python3
"""Runs clang-tidy over the sources whose path holds one of the given parts; files that passed before
and whose text, headers and checks are unchanged are left out.

usage: run_tidy.py [--build FOLDER] [-j N] [PART...]
"""
import argparse
import hashlib
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TIDY = "clang-tidy-19"
HEADERS_EVERYONE_SEES = [".clang-tidy", "cmake/AdzeCompiler.cmake"]


def files_to_check(build, parts):
    """The project's compiled sources; tests and foreign code are left to the compiler's warnings."""
    database = json.loads((build / "compile_commands.json").read_text())
    files = {entry["file"] for entry in database}
    return sorted(f for f in files if any(p in f for p in parts) and not f.endswith("_test.cpp"))


def fingerprint(file, headers):
    digest = hashlib.sha256(headers)
    digest.update(Path(file).read_bytes())
    return digest.hexdigest()


def fingerprint_of_headers():
    """One hash of everything but the file itself: a changed header checks everything again."""
    digest = hashlib.sha256()
    for path in [*(ROOT / name for name in HEADERS_EVERYONE_SEES), *sorted((ROOT / "src").rglob("*.h"))]:
        digest.update(path.read_bytes())
    return digest.digest()


def check(file, build):
    done = subprocess.run([TIDY, "--quiet", "-p", build, file], capture_output=True, text=True)
    return file, done.returncode, done.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, default=ROOT / "build" / "clang")
    parser.add_argument("-j", "--jobs", type=int, default=2)
    parser.add_argument("parts", nargs="*", default=["/src/"])
    options = parser.parse_args()
    record = ROOT / "build" / "tidy_passed.txt"
    passed_before = set(record.read_text().split()) if record.is_file() else set()
    headers = fingerprint_of_headers()
    files = files_to_check(options.build, options.parts)
    prints = {file: fingerprint(file, headers) for file in files}
    stale = [file for file in files if prints[file] not in passed_before]
    record.write_text("".join(f"{p}\n" for p in prints.values() if p in passed_before))
    failed = 0
    # Written as it goes, so that an interrupted run is not for nothing.
    with ThreadPoolExecutor(options.jobs) as pool, open(record, "a", buffering=1) as passed:
        for file, status, output in pool.map(lambda f: check(f, options.build), stale):
            if status:
                failed += 1
                print(output, flush=True)
            else:
                passed.write(f"{prints[file]}\n")
    print(f"clang-tidy: {len(files)} files, {len(stale)} looked at, {failed} with findings")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
