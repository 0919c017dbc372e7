#!/usr/bin/env python3
# needs: numpy openvino gguf
"""Folders of --to openvino in OpenVINO itself: it computes what we compute with the same weights, a prompt at once and
token by token with the history that the model keeps; other beams get their own; the weights are those of the GGUF file.

usage: build/peers/venv/bin/python tests/peers/openvino_peer.py [CASE...]
"""
import sys
import tempfile
from pathlib import Path

import numpy as np
import openvino as ov

from exported_decoders import (LONG_FROM, MAX_KL, REFUSED, Tally, adze,
                               demo_model, divergence, golden_cases, golden_tokens, our_logits, with_values)

# Of every kind of zero and of bits; the goldens have rows of 32 and more.
TYPES = ["int4_g32_f32", "uint4_g16_f32", "affine4_g16_f32", "int8_g16_f32", "uint8_g32_f32", "affine8_g16_f32"]
# Rows of 64 and 48, tied embedding, windows, norms of heads; experts and heads with weights of their own.
QUANTIZED = ("gemma3", "deepseek_v2")
MIXES = ["Q4_0", "Q8_0", "Q4_K_M"]
CONTEXT = 48


class Runner:
    def __init__(self, folder):
        # f32 everywhere: no activations or histories in fewer bits.
        settings = {"INFERENCE_PRECISION_HINT": "f32", "KV_CACHE_PRECISION": "f32", "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0"}
        self.request = ov.Core().compile_model(folder / "openvino_model.xml", "CPU", settings).create_infer_request()
        self.past = 0

    def reset(self):
        self.request.reset_state()
        self.past = 0

    def step(self, rows, beams=None):
        """Logits [batch, tokens, vocabulary] of tokens [batch, tokens] behind what came before."""
        rows = np.array(rows, np.int64)
        batch, count = rows.shape
        total = self.past + count
        positions = np.tile(np.arange(self.past, total, dtype=np.int64), (batch, 1))
        made = self.request.infer({"input_ids": rows, "attention_mask": np.ones((batch, total), np.int64),
                                   "position_ids": positions,
                                   "beam_idx": np.array(beams if beams is not None else range(batch), np.int32)})
        self.past = total
        return made["logits"].copy()

    def at_once(self, tokens):
        self.reset()
        return self.step([tokens])[0]

    def in_steps(self, tokens, first):
        self.reset()
        rows = [self.step([tokens[:first]])[0]]
        return np.concatenate(rows + [self.step([[token]])[0] for token in tokens[first:]])


def check_both_ways(tally, name, folder, ours, tokens, first):
    runner = Runner(folder)
    for what, theirs in [("at once", runner.at_once(tokens)), ("in steps", runner.in_steps(tokens, first))]:
        kl = divergence(ours, theirs)
        tally.check(f"{name}, {what}", kl < MAX_KL, f"KL {kl:.3g}")
    return runner


def check_beams(tally, name, runner, tokens):
    """Two texts of which the second goes on behind the first's history."""
    other = tokens[:8][::-1]
    runner.reset()
    runner.step([tokens[:8], other])
    swapped = runner.step([[tokens[8]], [tokens[8]]], beams=[1, 0])[1, 0]
    runner.reset()
    alone = runner.step([tokens[:9]])[0, -1]
    difference = float(np.abs(swapped - alone).max())
    tally.check(f"{name}, beams", difference < 1e-3, f"largest difference {difference:.3g}")


def check_golden(tally, source, folder):
    target = folder / "openvino"
    done = adze("convert", source, target, "--to", "openvino", check=False)
    if source.name in REFUSED:
        op = REFUSED[source.name]
        tally.check(f"{source.name} is refused", done.returncode != 0 and f"op {op} " in done.stdout and not target.exists(),
                    done.stdout.strip()[-80:])
        return
    tokens = golden_tokens(source)
    runner = check_both_ways(tally, source.name, target, our_logits(source, tokens, folder), tokens,
                             LONG_FROM.get(source.name, 9))
    check_beams(tally, source.name, runner, tokens)


def packed_values(folder):
    """{tensor: values in float32} of the packed matrices, read from the graph's constants."""
    constants = {op.get_friendly_name(): op for op in ov.Core().read_model(folder / "openvino_model.xml").get_ops()
                 if op.get_type_name() == "Constant"}
    values = {}
    for name, constant in constants.items():
        if f"{name}/scale" not in constants:
            continue
        bits = 4 if constant.get_element_type() == ov.Type.u4 else 8
        codes = constant.data  # 4-bit codes come two in a byte, the first in the low half
        if bits == 4:
            codes = np.stack([codes.ravel() & 15, codes.ravel() >> 4], axis=-1)
        codes = codes.reshape(tuple(constant.shape)).astype(np.int32)
        offset, zero = f"{name}/offset", 2**(bits - 1)
        if offset in constants:
            zero = 0
        elif f"{name}/zero_point" in constants:
            zero = constants[f"{name}/zero_point"].data.astype(np.int32)
        decoded = (codes - zero).astype(np.float32) * constants[f"{name}/scale"].data
        if offset in constants:
            decoded = decoded + constants[offset].data[:, :, None]
        values[name] = decoded.reshape(len(codes), -1)
    return values


def check_type(tally, source, storage, folder):
    target = folder / f"openvino-{storage}"
    adze("quantize", source, target, "--type", storage, "--to", "openvino", "--no-card")
    values = packed_values(target)
    floats = with_values(source, values, folder / f"{storage}.gguf")
    tokens = golden_tokens(source)
    name = f"{source.name} as {storage}, {len(values)} matrices"
    if not values:
        return tally.check(name, False, "none is packed")
    check_both_ways(tally, name, target, our_logits(floats, tokens, folder), tokens, 9)


def check_mix(tally, model, mix, folder):
    from gguf import GGUFReader
    from gguf.quants import dequantize
    source, target = folder / f"{mix}.gguf", folder / f"{mix}-openvino"
    adze("quantize", model, source, "--type", mix, "--no-card")
    adze("convert", source, target, "--to", "openvino", "--require", "exact")
    values = packed_values(target)
    tensors = {tensor.name: tensor for tensor in GGUFReader(source).tensors}
    different = [key for key, found in values.items()
                 if dequantize(tensors[key].data, tensors[key].tensor_type).astype(np.float32).tobytes() != found.tobytes()]
    tally.check(f"{mix}: decoded values", values and not different,
                f"{len(values)} matrices, " + (f"different: {different[:3]}" if different else "every bit"))
    tokens = np.random.default_rng(7).integers(50, 40000, CONTEXT).tolist()
    check_both_ways(tally, mix, target, our_logits(source, tokens, folder), tokens, CONTEXT - 4)


def main():
    tally = Tally()
    for source in golden_cases(sys.argv[1:]):
        with tempfile.TemporaryDirectory() as name:
            check_golden(tally, source, Path(name))
            for storage in TYPES if source.name in QUANTIZED else []:
                check_type(tally, source, storage, Path(name))
    for floats, folder in demo_model(tally) if not sys.argv[1:] else []:
        for mix in MIXES:
            check_mix(tally, floats, mix, folder)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
