#!/usr/bin/env python3
"""Exports a large synthetic model for other runtimes and prints the highest anonymous memory (RssAnon) of each export.

usage: bench/export_memory.py [--gigabytes 6] [--targets ort-genai onnx openvino] [--limit-megabytes 1000] [--folder DIR]
Each target is written twice: from the 16-bit floats of a Hugging Face folder, and from a GGUF in Q4_0 that is made of
them. What is written is removed again before the next. Exit status 1 if an export was above the limit.
"""
import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from big_conversion import ADZE, SPARE_BYTES, Run, make_source, quantize, say


def tree_bytes(path):
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())


def export(source, target, output):
    run = Run(ADZE, "convert", source, output, "--to", target)
    say(f"{source.name} -> {target}, {tree_bytes(output) / 1e9:.2f} GB", tree_bytes(source) if source.is_dir() else
        source.stat().st_size, run)
    shutil.rmtree(output)
    return run.peak


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gigabytes", type=float, default=6)
    parser.add_argument("--targets", nargs="+", default=["ort-genai", "onnx", "openvino"])
    parser.add_argument("--limit-megabytes", type=float, default=1000)
    parser.add_argument("--folder", type=Path, help="on a disk with enough space")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="adze_export_", dir=arguments.folder) as name:
        folder = Path(name)
        needed = arguments.gigabytes * 2.5e9 + SPARE_BYTES
        if shutil.disk_usage(folder).free < needed:
            sys.exit(f"{folder}: {needed / 1e9:.0f} GB are needed; choose a smaller --gigabytes")
        floats, packed = folder / "bf16", folder / "Q4_0.gguf"
        make_source(floats, arguments.gigabytes)
        quantize(floats, packed, argparse.Namespace(type="Q4_0", max_ram="1GB"))
        peaks = [export(source, target, folder / target) for source in (floats, packed) for target in arguments.targets]
    sys.exit(max(peaks) > arguments.limit_megabytes * 1e6)


if __name__ == "__main__":
    main()
