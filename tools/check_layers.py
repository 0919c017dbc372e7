#!/usr/bin/env python3
"""Checks that every folder of src/ includes only folders of a lower rank.

The ranks are read from the tree in ARCHITECTURE.md, and the order inside formats/ (containers below
dialects) from the sentence under it, so that page and check cannot disagree.
"""
import argparse
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RANK_LINE = re.compile(r"^ ?(\d+) {3}((?:[a-z_]+/ {2})*[a-z_]+/)(?: {3,}|$)", re.M)
FORMAT_RANKS = re.compile(r"containers \(([^)]*)\) rank below dialects \(([^)]*)\)(?:, and dialects below variants \(([^)]*)\))?")
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]', re.M)
MODULE = re.compile(r"adze_module\((\w+)([^)]*)\)")


def read_ranks(page):
    """Folder name -> rank, from the numbered tree."""
    return {name.strip("/"): int(rank) for rank, names in RANK_LINE.findall(page) for name in names.split()}


def read_format_ranks(page):
    """Sub-folder of formats/ -> 0 (container), 1 (dialect) or 2 (variant of a dialect)."""
    match = FORMAT_RANKS.search(re.sub(r"\s+", " ", page))
    if not match:
        return {}
    names = [re.findall(r"\w+", group or "") for group in match.groups()]
    return {name: rank for rank, group in enumerate(names) for name in group}


def includes(path):
    """(line, delimiter, included path) of each include directive."""
    text = path.read_text(errors="replace")
    return [(text.count("\n", 0, m.start(2)) + 1, m[1], m[2]) for m in INCLUDE.finditer(text)]


def sub_folder(parts):
    """Name of the folder inside formats/ that a path split into parts lies in, or None."""
    return parts[1] if len(parts) > 2 else None


def check_inside_formats(parts, target, ranks):
    """One format may use a container below it; only the table of all formats may name the others."""
    own, other = sub_folder(parts), sub_folder(target)
    if other is None or own == other:
        return None
    if own is None:
        is_table_or_test = parts[-1] in ("all_formats.cpp", "all_graph_formats.cpp") or parts[-1].endswith("_test.cpp")
        return None if is_table_or_test else f"formats/ itself may not include formats/{other}/"
    # A folder that the page does not list is taken for a dialect: it may stand on containers only.
    if ranks.get(own, 1) > ranks.get(other, 1):
        return None
    return f"formats/{own}/ may not include formats/{other}/: only dialects may include containers, only variants dialects"


def check_include(parts, target, ranks, format_ranks):
    """The complaint about one include, or None. Both paths are split and relative to src/."""
    folder, other = parts[0], target[0]
    if other == folder:
        return check_inside_formats(parts, target, format_ranks) if folder == "formats" else None
    if ranks[other] < ranks[folder]:
        return None
    return f"{folder}/ (rank {ranks[folder]}) may not include {other}/ (rank {ranks[other]})"


def check_source(path, src, ranks, format_ranks):
    parts = path.relative_to(src).parts
    for line, delimiter, included in includes(path):
        target = Path(included).parts
        if target[0] in ranks:
            complaint = check_include(parts, target, ranks, format_ranks)
        elif delimiter == '"' and target[0] != "adze":
            complaint = f'"{included}" is not a path from src/; write "folder/file.h", or <> for a library'
        else:
            continue
        if complaint:
            yield f"src/{path.relative_to(src)}:{line}: {complaint}"


def check_modules(src, ranks):
    """The NEEDS of each CMake target follow the same rule."""
    for cmake in sorted(src.glob("*/CMakeLists.txt")):
        for name, arguments in MODULE.findall(cmake.read_text()):
            needs = re.search(r"\bNEEDS\b((?:\s+[a-z_]+\b)*)", arguments)
            for need in needs[1].split() if needs else []:
                if ranks.get(need, -1) >= ranks.get(name, 99):
                    yield f"src/{name}/CMakeLists.txt: {name} may not need {need}"


def check_tree(root):
    """All complaints about the tree at root."""
    page = (root / "ARCHITECTURE.md").read_text()
    ranks, format_ranks = read_ranks(page), read_format_ranks(page)
    src = root / "src"
    if not ranks or not format_ranks:
        return ["ARCHITECTURE.md: the numbered tree or the sentence about containers and dialects is gone"]
    complaints = [
        f"src/{folder.name}: has no rank in ARCHITECTURE.md's tree"
        for folder in sorted(src.iterdir())
        if folder.is_dir() and folder.name not in ranks
    ]
    for path in sorted(src.rglob("*")):
        if path.suffix in (".h", ".cpp", ".inc") and path.relative_to(src).parts[0] in ranks:
            complaints += check_source(path, src, ranks, format_ranks)
    return complaints + list(check_modules(src, ranks))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, default=ROOT)
    parser.add_argument("--quiet", action="store_true", help="print only complaints")
    options = parser.parse_args()
    complaints = check_tree(options.root)
    if complaints or not options.quiet:
        print("\n".join(complaints) or "layers: every include goes to a lower rank")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
