#!/usr/bin/env python3
"""KL divergence from a model of what quantizers make of it, ours and llama.cpp's, at the same storage types.

usage: build/peers/venv/bin/python bench/quality/quantizers.py MODEL.gguf --calibration TEXT --text TEXT
       [--types Q4_0,Q4_K_M] [--quantizers nearest,importance,gptq] [--chunks 8] [--calibration-chunks 64]
       [--statistics FILE] [--no-peer] [--json FILE]

MODEL holds f16 or f32 weights (tools/make_quality_model.py makes a fair one). TEXT of --text must not be that of
--calibration. A quantizer may have transforms in front: rotate+gptq, rotate+awq+importance. llama-quantize gets the
same statistics. Weights alone are judged: activations stay in f32 (adze eval
--activation f32) for all files. Prints one line per file: type, who made it, size, mean KL with its standard error,
perplexity, share of equal first tokens. Needs build/release/adze; llama-quantize from `make peers`.
"""
import argparse
import json
import os
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ADZE = os.environ.get("ADZE", str(ROOT / "build" / "release" / "adze"))
LLAMA_QUANTIZE = Path(os.environ.get("ADZE_PEERS", ROOT / "build" / "peers")) / "llama.cpp/build/bin/llama-quantize"


def run(*command):
    done = subprocess.run([str(word) for word in command], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))}\n{done.stdout[-500:]}{done.stderr[-1500:]}")
    return done.stdout


def judge(options, target):
    report = json.loads(run(ADZE, "eval", target, "--ref", options.model, "--activation", "f32", "--text", options.text,
                            "--chunks", options.chunks, "--json"))
    return {"bytes": target.stat().st_size, **{key: report[key] for key in ("mean_kl", "mean_kl_error", "perplexity",
                                                                            "reference_perplexity", "top_agreement")}}


def makers(options, statistics):
    """(name, command) per way to make a file."""
    for name in options.quantizers.split(","):
        *transforms, quantizer = name.split("+")
        words = ["--imatrix", statistics] if quantizer != "nearest" or "awq" in transforms else []
        words += [word for transform in transforms for word in ("--transform", transform)]
        words += [word for setting in options.set for word in ("--set", setting) if setting.split(".")[0] in transforms]
        yield name, lambda kind, target, quantizer=quantizer, words=words: [
            ADZE, "quantize", options.model, target, "--type", kind, "--quantizer", quantizer, "--no-card", *words]
    if not options.no_peer and LLAMA_QUANTIZE.exists():
        yield "llama.cpp", lambda kind, target: [LLAMA_QUANTIZE, options.model, target, kind, 2]
        yield "llama.cpp imatrix", lambda kind, target: [LLAMA_QUANTIZE, "--imatrix", statistics, options.model, target,
                                                         kind, 2]


def line(kind, name, row):
    return (f"{kind:8} {name:22} {row['bytes'] / 1e6:7.1f} MB  KL {row['mean_kl']:.4f} ± {row['mean_kl_error']:.4f}  "
            f"perplexity {row['perplexity']:.3f}  first token {row['top_agreement']:.1%}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--calibration", required=True)
    parser.add_argument("--text", required=True)
    parser.add_argument("--types", default="Q4_0,Q4_1,Q5_0,Q4_K_M")
    parser.add_argument("--quantizers", default="nearest,importance,gptq")
    parser.add_argument("--set", action="append", default=[], help="a parameter of a transform: awq.rows=128")
    parser.add_argument("--chunks", type=int, default=8)
    parser.add_argument("--calibration-chunks", type=int, default=64)
    parser.add_argument("--statistics", help="made by adze calibrate --hessians; made anew without it")
    parser.add_argument("--no-peer", action="store_true")
    parser.add_argument("--json")
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        statistics = options.statistics or Path(folder) / "statistics.gguf"
        if not options.statistics:
            run(ADZE, "calibrate", options.model, "--text", options.calibration, "--chunks", options.calibration_chunks,
                "--hessians", "-o", statistics)
        target = Path(folder) / "model.gguf"
        for kind in options.types.split(","):
            for name, command in makers(options, statistics):
                run(*command(kind, target))
                rows.append({"type": kind, "maker": name, **judge(options, target)})
                target.unlink()
                print(line(kind, name, rows[-1]), flush=True)
        print(f"perplexity of the model itself {rows[0]['reference_perplexity']:.3f}")
    if options.json:
        Path(options.json).write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
