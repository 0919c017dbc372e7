#!/usr/bin/env python3
"""Writes src/codecs/codebooks_from_gguf.cpp: the points of the IQ types' codebooks, taken from PyPI `gguf`.

usage: build/peers/venv/bin/python tools/make_codebooks.py [--check]
--check compares with the file that is there instead of writing it; exit status 1 if they differ.
Each point is one u16: eight 2-bit or four 4-bit numbers of levels, the first in the lowest bits.
"""
import importlib.metadata
import pathlib
import sys

import gguf.quants

TARGET = pathlib.Path(__file__).resolve().parents[1] / "src" / "codecs" / "codebooks_from_gguf.cpp"
HEAD = """\
// Codebooks of the IQ types: which points a code stands for. They define the file format.
//
// Written by tools/make_codebooks.py from the package `gguf` {version} (gguf-py of llama.cpp, MIT licence, copyright (c)
// 2023-2026 the ggml authors). Do not edit. codebooks.h says how to read it.
#include "codecs/codebooks.h"

// clang-format off
namespace adze::codecs {{
"""
TABLES = [
    ("kPackedIq1", "IQ1_S"),
    ("kPackedIq2Xxs", "IQ2_XXS"),
    ("kPackedIq2Xs", "IQ2_XS"),
    ("kPackedIq2S", "IQ2_S"),
    ("kPackedIq3Xxs", "IQ3_XXS"),
    ("kPackedIq3S", "IQ3_S"),
]


def packed_points(name):
    """The points of a codebook as u16, from the package's table of values."""
    codebook = getattr(gguf.quants, name)
    codebook.init_grid()
    points = codebook.grid.reshape(codebook.grid_shape)
    levels = {float(value): number for number, value in enumerate(codebook.grid_map)}
    bits = 16 // points.shape[1]
    return [sum(levels[float(x)] << (bits * i) for i, x in enumerate(point)) for point in points]


def text():
    lines = [HEAD.format(version=importlib.metadata.version("gguf"))]
    for constant, name in TABLES:
        points = packed_points(name)
        lines.append(f"constinit const std::array<uint16_t, {len(points)}> {constant} = {{")
        for first in range(0, len(points), 14):
            lines.append("    " + ", ".join(f"0x{point:04x}" for point in points[first : first + 14]) + ",")
        lines.append("};\n")
    lines.append("}  // namespace adze::codecs\n")
    return "\n".join(lines)


def main():
    wanted = text()
    if "--check" in sys.argv[1:]:
        if TARGET.read_text() == wanted:
            return 0
        print(f"{TARGET} is not what tools/make_codebooks.py writes")
        return 1
    TARGET.write_text(wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main())
