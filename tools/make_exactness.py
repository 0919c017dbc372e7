#!/usr/bin/env python3
"""Writes the table of docs/exactness.md from what `adze list conversions` says.

usage: tools/make_exactness.py [--check]
--check changes nothing and exits with 1 when the page is not what the program says. ADZE names the program.
"""
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "exactness.md"
BEGIN, END = "<!-- table: tools/make_exactness.py -->\n", "<!-- end of the table -->\n"


def cell(row):
    """What becomes of one type in one format, in a few words."""
    if row["fidelity"] == "copied":
        return "copied"
    text = f"{row['fidelity']}: {row['to']}"
    if_exact = [row[key] for key in ("smaller_if_exact", "larger_if_exact") if row[key] != "none"]
    if if_exact:
        text += f"; {' or '.join(if_exact)} if exact"
    if row["larger_if_required"] != "none":
        text += f"; exact: {row['larger_if_required']}"
    return text


def table(rows):
    """Markdown with a line per type and a column per format."""
    formats = list(dict.fromkeys(row["format"] for row in rows))
    lines = ["| from | " + " | ".join(f"to {name}" for name in formats) + " |", "|---" * (len(formats) + 1) + "|"]
    for source in dict.fromkeys(row["from"] for row in rows):
        cells = [cell(row) for row in rows if row["from"] == source]
        lines.append(f"| {source} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main():
    adze = os.environ.get("ADZE", str(ROOT / "build" / "release" / "adze"))
    listed = subprocess.run([adze, "list", "conversions", "--json"], stdout=subprocess.PIPE, check=True).stdout
    document = json.loads(listed)
    rows = document if isinstance(document, list) else next(iter(document.values()))
    page = PAGE.read_text(encoding="utf-8")
    before, rest = page.split(BEGIN)
    renewed = before + BEGIN + table(rows) + END + rest.split(END)[1]
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(renewed, encoding="utf-8")
    elif renewed != page:
        print("docs/exactness.md is not what `adze list conversions` says: run tools/make_exactness.py")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
