#!/usr/bin/env python3
"""Fails when an object built for one instruction set exports a symbol the linker may share with others.

A weak symbol in such an object can be picked for the whole program, which then dies on older processors.
usage: check_isa_objects.py BUILD_FOLDER
"""
import re
import subprocess
import sys
from pathlib import Path

from lint import ISA_SUFFIX

WEAK = re.compile(r"^[0-9a-f]+ ([WVu]) (.+)$", re.M)


def weak_symbols(symbol_listing):
    """Names of the weak and unique definitions in the output of nm."""
    return [name for _, name in WEAK.findall(symbol_listing)]


def isa_objects(build):
    return sorted(o for o in (build / "src").rglob("*.o") if ISA_SUFFIX.search(o.name[: -len(".o")]))


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    objects = isa_objects(Path(sys.argv[1]))
    complaints = []
    for path in objects:
        listing = subprocess.run(["nm", "-C", path], capture_output=True, text=True, check=True).stdout
        complaints += [f"{path.name}: weak symbol {name}" for name in weak_symbols(listing)]
    print("\n".join(complaints) or f"isa objects: {len(objects)} objects, no weak symbol")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
