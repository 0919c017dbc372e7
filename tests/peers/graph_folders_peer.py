#!/usr/bin/env python3
# needs: numpy gguf
"""Models that went into a folder of ONNX Runtime GenAI or of OpenVINO and came back are what they were: every tensor of
the GGUF file bit by bit, the same logits, the same settings. From such a folder on to Hugging Face's and MLX's: the same
logits but for scales that f16 rounds.

usage: build/peers/venv/bin/python tests/peers/graph_folders_peer.py [CASE...]
"""
import sys
import tempfile
from pathlib import Path

import numpy as np
from gguf import GGUFReader

from exported_decoders import MAX_KL, REFUSED, Tally, adze, demo_model, divergence, golden_cases, golden_tokens, our_logits

FORMATS = ["ort-genai", "openvino"]
MIXES = ["Q4_0", "Q8_0", "Q4_1"]
QUANTIZED = "gemma3"  # rows of 64, tied embedding, windows, norms of heads
ONWARD = [("hf", ["--dtype", "f32"]), ("mlx", [])]


def tensors_of(path):
    return {tensor.name: (int(tensor.tensor_type), tuple(tensor.shape), tensor.data.tobytes()) for tensor in GGUFReader(path).tensors}


def check_tensors(tally, name, before, after):
    ours, theirs = tensors_of(before), tensors_of(after)
    different = [key for key in ours if ours[key] != theirs.get(key)]
    missing = sorted(set(theirs) - set(ours))
    tally.check(f"{name}, tensors", not different and not missing, f"{len(ours)} tensors, different {different[:3]}, more {missing[:3]}")


def check_there_and_back(tally, name, source, target_format, folder, tokens):
    there, back = folder / f"{target_format}", folder / f"{target_format}.gguf"
    done = adze("convert", source, there, "--to", target_format, check=False)
    if done.returncode != 0:
        return tally.skip(name, done.stdout.strip()[-100:])
    done = adze("convert", there, back, check=False)
    if done.returncode != 0:
        return tally.check(name, False, done.stdout.strip()[-300:])
    check_tensors(tally, name, source, back)
    same = np.array_equal(our_logits(source, tokens, folder), our_logits(back, tokens, folder))
    tally.check(f"{name}, logits", same, "every bit" if same else "different")


def check_onward(tally, name, source, folder, tokens):
    """What came through each format's folder, in the other formats of folders."""
    ours = our_logits(source, tokens, folder)
    for through in FORMATS:
        for target_format, words in ONWARD:
            target = folder / f"{through}-{target_format}"
            adze("convert", folder / through, target, "--to", target_format, *words)
            kl = divergence(ours, our_logits(target, tokens, folder))
            tally.check(f"{name} through {through} to {target_format}", kl < MAX_KL, f"KL {kl:.3g}")


def check_golden(tally, source, folder):
    floats = folder / "floats.gguf"
    adze("convert", source, floats, "--dtype", "f32")
    for target_format in FORMATS:
        check_there_and_back(tally, f"{source.name} through {target_format}", floats, target_format, folder, golden_tokens(source))
    for mix in MIXES if source.name == QUANTIZED else []:
        packed = folder / f"{mix}.gguf"
        adze("quantize", floats, packed, "--type", mix, "--no-card")
        for target_format in FORMATS:
            inner = folder / mix / target_format
            inner.mkdir(parents=True)
            check_there_and_back(tally, f"{source.name} in {mix} through {target_format}", packed, target_format, inner, golden_tokens(source))


def check_demo(tally, floats, folder):
    for mix in ["Q4_0", "Q8_0"]:
        packed = folder / f"{mix}.gguf"
        adze("quantize", floats, packed, "--type", mix, "--no-card")
        tokens = np.random.default_rng(7).integers(50, 40000, 24).tolist()
        inner = folder / mix
        inner.mkdir()
        for target_format in FORMATS:
            check_there_and_back(tally, f"SmolLM2-135M in {mix} through {target_format}", packed, target_format, inner, tokens)
        check_onward(tally, f"SmolLM2-135M in {mix}", packed, inner, tokens)


def main():
    tally = Tally()
    for source in golden_cases(sys.argv[1:]):
        if source.name in REFUSED:
            continue
        with tempfile.TemporaryDirectory() as name:
            check_golden(tally, source, Path(name))
    for floats, folder in demo_model(tally) if not sys.argv[1:] else []:
        check_demo(tally, floats, folder)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
