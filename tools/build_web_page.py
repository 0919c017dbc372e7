#!/usr/bin/env python3
"""Writes the server's web page as C++: bundled by web/bundle.mjs where its packages are installed, else empty.

The same sources and packages give the same bytes, and what is already right is not written again.
"""
import argparse
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STATE = ROOT / "build" / "web_packages.txt"  # by tools/web_packages.sh: "installed" or "missing", a sum, the reason
PIECE_BYTES = 16384  # compilers need not take literals longer than 65536 characters
LINE_BYTES = 100

TEMPLATE = """// The web page of the server; written by tools/build_web_page.py.
#include "server/web_page.h"

namespace adze::server {{

const std::vector<std::string_view> kWebPagePieces = {{
{pieces}}};
const std::string_view kWebPagePolicy = {policy};
const std::string_view kWebPageMissing = {missing};

}}  // namespace adze::server
"""


def missing_because():
    """Why there is no page; nothing where it can be bundled."""
    word, _, reason = STATE.read_text().strip().split(" ", 2)
    if word != "installed":
        return reason
    return "" if shutil.which("node") else "there is no node; install Node.js 18 or later"


def bundle(folder):
    """(page, policy) as bytes."""
    command = ["node", ROOT / "web" / "bundle.mjs", folder]
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        sys.exit(f"web page: {done.stdout.strip()}")
    return (folder / "page.html").read_bytes(), (folder / "page.policy").read_bytes()


def escaped(byte):
    if byte in b'"\\?':
        return "\\" + chr(byte)
    return chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}"


def literal(data):
    """A C++ literal over as many lines as it takes."""
    lines = [data[start:start + LINE_BYTES] for start in range(0, len(data), LINE_BYTES)] or [b""]
    return "\n    ".join('"' + "".join(map(escaped, line)) + '"' for line in lines)


def cpp_of(page, policy, missing):
    pieces = "".join(f"    {literal(page[start:start + PIECE_BYTES])},\n" for start in range(0, len(page), PIECE_BYTES))
    return TEMPLATE.format(pieces=pieces, policy=literal(policy.strip()), missing=literal(missing.encode()))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path, help="the C++ file; page.html and page.policy are written beside it")
    parser.add_argument("--without", action="store_true", help="write that the page was left out")
    options = parser.parse_args()
    output = options.output
    missing = "it was switched off with ADZE_WEB_PAGE" if options.without else missing_because()
    page, policy = bundle(output.parent) if not missing else (b"", b"")
    text = cpp_of(page, policy, missing)
    if not output.is_file() or output.read_text() != text:
        output.write_text(text)


if __name__ == "__main__":
    main()
