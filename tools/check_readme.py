#!/usr/bin/env python3
"""Runs the commands of the README: every fenced sh block that follows a line <!-- tested -->.

The blocks of one page run as one script, in an empty folder, with the built adze first in the PATH. A home
path (~/...) that a block reads must be there, else the page is skipped. Exit status 77: everything was skipped.
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"^<!-- tested -->\n+```sh\n(.*?)^```", re.M | re.S)
HOME_PATH = re.compile(r"~/[\w./-]+")
STATUS_SKIPPED = 77
SECONDS_PER_PAGE = 600


def tested_script(page):
    """The marked blocks of a page, joined; prompts are not part of the commands."""
    return "".join(re.sub(r"^\$ ", "", block, flags=re.M) for block in BLOCK.findall(page))


def missing_inputs(script):
    return sorted({p for p in HOME_PATH.findall(script) if not Path(os.path.expanduser(p)).exists()})


def run_page(path, build):
    """None when the page has nothing to run, else (exit status, what to print)."""
    script = tested_script(path.read_text())
    if not script:
        return None
    missing = missing_inputs(script)
    if missing:
        return STATUS_SKIPPED, f"{path.name}: needs {', '.join(missing)} (make demo)"
    environment = {**os.environ, "PATH": f"{build}:{os.environ['PATH']}", "NO_COLOR": "1"}
    with tempfile.TemporaryDirectory() as scratch:
        done = subprocess.run(["bash", "-euo", "pipefail", "-x", "-c", script], cwd=scratch, env=environment, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=SECONDS_PER_PAGE)
    return done.returncode, f"{path.name}: {'ok' if done.returncode == 0 else 'FAILED'}\n{done.stdout}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, default=ROOT / "build" / "release")
    parser.add_argument("pages", nargs="*", type=Path, default=[ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md"))])
    options = parser.parse_args()
    runs = [run for run in (run_page(page, options.build.resolve()) for page in options.pages) if run]
    for status, text in sorted(runs, key=lambda run: run[0] == STATUS_SKIPPED):
        print(text)
    ran = [status for status, _ in runs if status != STATUS_SKIPPED]
    if not runs:
        print("no page has a block marked as tested")
    return max(ran) if ran else STATUS_SKIPPED


if __name__ == "__main__":
    sys.exit(main())
