#!/usr/bin/env python3
"""KL divergence at equal size: what `adze optimize` finds within the bytes of a file that llama-quantize writes.

usage: build/peers/venv/bin/python bench/quality/budgets.py MODEL.gguf --calibration TEXT --search-text TEXT --text TEXT
       [--types Q2_K,Q3_K_M,Q4_K_M,Q5_K_M] [--storage TYPE ...] [--chunks 8] [--folder FOLDER] [--json FILE]

MODEL holds f16 or f32 weights (tools/make_quality_model.py makes a fair one). Statistics come from the text of
--calibration, `adze optimize` chooses by that of --search-text, and all files are judged on that of --text: three texts
that do not overlap. For every type llama-quantize writes a file without and one with statistics (those that Adze gathers);
Adze gets the bytes of their weights as its limit, and its own must not take more. Weights alone are judged: activations
stay in f32 for all files. --folder keeps statistics and trials, so that a stopped comparison goes on.
"""
import argparse
import json
import tempfile
from pathlib import Path

from quantizers import ADZE, LLAMA_QUANTIZE, judge, line, run

def peer_files(options, folder, kind):
    """(name, file) of llama-quantize without and with statistics."""
    for name, words in (("llama.cpp", []), ("llama.cpp imatrix", ["--imatrix", options.statistics])):
        target = folder / "peer.gguf"
        run(LLAMA_QUANTIZE, *words, options.model, target, kind, 2)
        yield name, target
        target.unlink()


def weight_bytes(path):
    return json.loads(run(ADZE, "inspect", path, "--json"))["weight_bytes"]


def optimized(options, folder, kind, limit):
    """(name, file) of the best that Adze finds in a file of `limit` bytes."""
    target = folder / "optimized.gguf"
    words = ["--text", options.search_text, "--imatrix", options.statistics, "--chunks", options.chunks, "--trials",
             folder / "trials.sqlite", *(word for name in options.storage for word in ("--storage", name))]
    report = json.loads(run(ADZE, "optimize", options.model, target, "--no-card", "--max-size", limit, *words, "--json"))
    return report["chosen"], target


def compare(options, folder, kind):
    rows = []
    for name, path in peer_files(options, folder, kind):
        rows.append({"type": kind, "maker": name, **judge(options, path)})
        limit = weight_bytes(path)
    chosen, target = optimized(options, folder, kind, limit)
    rows.append({"type": kind, "maker": f"optimize{', gptq' if chosen.endswith('gptq') else ''}", **judge(options, target)})
    if weight_bytes(target) > limit:
        raise SystemExit(f"{kind}: {weight_bytes(target)} bytes of weights are more than {limit}")
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--calibration", required=True)
    parser.add_argument("--search-text", required=True)
    parser.add_argument("--text", required=True)
    parser.add_argument("--types", default="Q2_K,Q3_K_M,Q4_K_M,Q5_K_M")
    parser.add_argument("--storage", nargs="*", default=[], help="storage types that Adze may choose from")
    parser.add_argument("--chunks", type=int, default=8)
    parser.add_argument("--calibration-chunks", type=int, default=64)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--json")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.folder or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        options.statistics = folder / "statistics.gguf"
        if not options.statistics.exists():
            run(ADZE, "calibrate", options.model, "--text", options.calibration, "--chunks", options.calibration_chunks,
                "--hessians", "-o", options.statistics)
        rows = []
        for kind in options.types.split(","):
            rows += compare(options, folder, kind)
            for row in rows[-3:]:
                print(line(kind, row["maker"], row), flush=True)
            print(f"{'':8} ratio of divergences to llama.cpp with statistics {rows[-1]['mean_kl'] / rows[-2]['mean_kl']:.2f}")
    if options.json:
        Path(options.json).write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
