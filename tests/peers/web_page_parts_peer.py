#!/usr/bin/env python3
# needs: page npm:typescript npm:@types/node
"""The web page's sources: TypeScript finds nothing wrong, and the tests beside them pass in Node."""
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
COMPILER = ROOT / "build" / "peers" / "npm" / "node_modules" / "typescript" / "bin" / "tsc"


def types_are_right(project):
    done = subprocess.run(["node", COMPILER, "-p", ROOT / "web" / project], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    print(done.stdout, end="")
    return done.returncode == 0


def run_tests():
    """(passed, failed) of Node's own runner."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(["node", ROOT / "web" / "run_tests.mjs", folder], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    counts = [re.search(rf"^# {word} (\d+)$", done.stdout, re.M) for word in ("pass", "fail")]
    passed, failed = (int(count[1]) if count else 0 for count in counts)
    failed = failed or int(done.returncode != 0 or passed == 0)
    if failed:
        print(done.stdout)
    return passed, failed


def main():
    typed = [types_are_right(project) for project in ("tsconfig.json", "tsconfig.test.json")]
    passed, failed = run_tests()
    print(f"{passed + sum(typed)} passed, {failed + len(typed) - sum(typed)} failed, 0 skipped")
    return int(failed > 0 or not all(typed))


if __name__ == "__main__":
    sys.exit(main())
