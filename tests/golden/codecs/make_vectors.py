#!/usr/bin/env python3
"""Writes decode.txt: for each quantized type random blocks and what the `gguf` package decodes them to.

usage: build/peers/venv/bin/python tests/golden/codecs/make_vectors.py
Line format: name, packed bytes in hex, floats as big-endian hex words without separators. Scales are kept finite.
"""
import pathlib

import gguf
import numpy

# name -> (how many blocks, byte positions of the f16 scales)
TYPES = {
    "q8_0": (2, [0]),
    "q5_1": (2, [0, 2]),
    "q5_0": (2, [0]),
    "q4_1": (2, [0, 2]),
    "q4_0": (2, [0]),
    "q6_k": (1, [208]),
    "q5_k": (1, [0, 2]),
    "q4_k": (1, [0, 2]),
    "q3_k": (1, [108]),
    "q2_k": (1, [80, 82]),
    "mxfp4": (2, []),
    "nvfp4": (2, []),
    "iq4_nl": (2, [0]),
    "iq4_xs": (1, [0]),
    "iq3_s": (1, [0]),
    "iq3_xxs": (1, [0]),
    "iq2_s": (1, [0]),
    "iq2_xs": (1, [0]),
    "iq2_xxs": (1, [0]),
    "iq1_m": (1, []),
    "iq1_s": (1, [0]),
    "tq2_0": (1, [64]),
    "tq1_0": (1, [52]),
}


def main():
    generator = numpy.random.default_rng(7)
    lines = []
    for name, (blocks, scale_positions) in TYPES.items():
        kind = gguf.GGMLQuantizationType[name.upper()]
        packed = generator.integers(0, 256, (blocks, gguf.GGML_QUANT_SIZES[kind][1]), dtype=numpy.uint8)
        if name == "mxfp4":
            packed[:, 0] = generator.integers(100, 140, blocks)
        if name == "iq1_m":
            packed[:, 55] &= 0x3F  # the top of the exponent
        for position in scale_positions:
            scales = generator.normal(0, 0.02, blocks).astype("<f2")
            packed[:, position : position + 2] = scales.view(numpy.uint8).reshape(blocks, 2)
        floats = gguf.quants.dequantize(packed, kind).reshape(-1)
        lines.append(f"{name} {packed.tobytes().hex()} {floats.astype('>f4').tobytes().hex()}")
    pathlib.Path(__file__).with_name("decode.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
