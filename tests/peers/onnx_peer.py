#!/usr/bin/env python3
# needs: numpy onnx onnxruntime gguf
"""Models exported to ONNX, with ops of ONNX Runtime and with those of the standard alone: onnxruntime computes what we
compute with the same weights, the prompt at once and token by token; what has no form in ONNX is refused by name.

usage: build/peers/venv/bin/python tests/peers/onnx_peer.py [CASE...]
"""
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
from gguf import GGUFReader
from gguf.quants import dequantize

from exported_decoders import (LONG_FROM, MAX_KL, REFUSED, Tally, adze,
                               demo_model, divergence, golden_cases, golden_tokens, our_logits, with_values)
from onnx_sessions import logits_at_once, logits_in_steps, open_session
from onnx_weights import Folder

FORMATS = ["ort-genai", "onnx"]
# Of every kind of zero and of bits; the goldens have rows of 32 and more.
TYPES = ["int4_g32_f32", "uint4_g16_f32", "affine4_g16_f32", "int8_g16_f32", "uint8_g32_f32", "affine8_g16_f32"]
RUNTIME_TYPES = ["int2_g16_f32", "uint2_g16_f32", "affine2_g16_f32"]
# Rows of 64 and 48, tied embedding, windows, norms of heads; experts and heads with weights of their own.
QUANTIZED = ("gemma3", "deepseek_v2")
# What GroupQueryAttention cannot do.
NOT_RUN = {("ort-genai", "llama_untied_wide_heads"): "its heads are not a multiple of 8 wide"}
SMOLLM2_MIXES = ["Q4_0", "Q8_0", "Q4_K_M", "Q6_K"]
CONTEXT = 48


def check_both_ways(tally, name, exported, ours, tokens, first):
    session = open_session(exported)
    for what, theirs in [("at once", logits_at_once(session, tokens)),
                         ("in steps", logits_in_steps(session, tokens, first))]:
        kl = divergence(ours, theirs)
        tally.check(f"{name}, {what}", kl < MAX_KL, f"KL {kl:.3g}")


def check_golden(tally, source, kind, folder):
    target = folder / kind
    done = adze("convert", source, target, "--to", kind, check=False)
    if source.name in REFUSED:
        op = REFUSED[source.name]
        tally.check(f"{source.name} to {kind} is refused", done.returncode != 0 and f"op {op} " in done.stdout and
                    "node 'blk.0." in done.stdout and not target.exists(), done.stdout.strip()[-80:])
        return
    if (kind, source.name) in NOT_RUN:
        return tally.skip(f"{source.name} to {kind}", NOT_RUN[kind, source.name])
    if kind == "onnx":
        onnx.checker.check_model(str(target / "model.onnx"))  # raises
    tokens = golden_tokens(source)
    ours = our_logits(source, tokens, folder)
    check_both_ways(tally, f"{source.name} to {kind}", target, ours, tokens, LONG_FROM.get(source.name, 9))


def check_type(tally, source, kind, storage, folder):
    """The reference is our own run of the values that the file stands for."""
    target = folder / f"{kind}-{storage}"
    adze("quantize", source, target, "--type", storage, "--to", kind, "--no-card")
    values = Folder(target).packed()
    floats = with_values(source, values, folder / f"{storage}.gguf")
    tokens = golden_tokens(source)
    name = f"{source.name} as {storage} to {kind}, {len(values)} matrices"
    if not values:
        return tally.check(name, False, "none is packed")
    check_both_ways(tally, name, target, our_logits(floats, tokens, folder), tokens, 9)


def check_equal_values(tally, name, source, exported):
    values = Folder(exported).packed()
    tensors = {tensor.name: tensor for tensor in GGUFReader(source).tensors}
    different = [key for key, found in values.items()
                 if dequantize(tensors[key].data, tensors[key].tensor_type).astype(np.float32).tobytes() != found.tobytes()]
    tally.check(f"{name}: decoded values", values and not different,
                f"{len(values)} matrices, " + (f"different: {different[:3]}" if different else "every bit"))


def check_mix(tally, model, mix, kind, folder):
    source, target = folder / f"{mix}.gguf", folder / f"{mix}-{kind}"
    if not source.exists():
        adze("quantize", model, source, "--type", mix, "--no-card")
    adze("convert", source, target, "--to", kind, "--require", "exact")
    tokens = np.random.default_rng(7).integers(50, 40000, CONTEXT).tolist()
    name = f"{mix} to {kind}"
    check_equal_values(tally, name, source, target)
    check_both_ways(tally, name, target, our_logits(source, tokens, folder), tokens, CONTEXT - 4)


def main():
    tally = Tally()
    for source in golden_cases(sys.argv[1:]):
        with tempfile.TemporaryDirectory() as name:
            for kind in FORMATS:
                check_golden(tally, source, kind, Path(name))
            for kind in FORMATS if source.name in QUANTIZED else []:
                for storage in TYPES + (RUNTIME_TYPES if kind == "ort-genai" else []):
                    check_type(tally, source, kind, storage, Path(name))
    for floats, folder in demo_model(tally) if not sys.argv[1:] else []:
        for mix in SMOLLM2_MIXES:
            for kind in FORMATS:
                check_mix(tally, floats, mix, kind, folder)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
