#!/usr/bin/env python3
"""Checkpoints of llama2.c, all three versions."""
import json
import random
import struct
import unittest

from program import SHARED, VerbTest

STORIES = SHARED / "data" / "lm" / "stories260K"
# What llama2.c itself continues at temperature 0 (its test_all.py).
KNOWN_TEXT = (", there was a little girl named Lily. She loved to play outside in the park. One day, she saw a big, red "
              "ball. She wanted to play with it, but it was too high.")
FEATURES, HIDDEN, LAYERS, HEADS, KEY_HEADS, VOCABULARY, CONTEXT, GROUP = 32, 64, 2, 4, 2, 48, 16, 16


def shapes(tied):
    """Number of numbers of every matrix, in the order of versions 1 and 2."""
    keys = FEATURES // HEADS * KEY_HEADS
    layer = [FEATURES * FEATURES, keys * FEATURES, keys * FEATURES, FEATURES * FEATURES, HIDDEN * FEATURES,
             FEATURES * HIDDEN, HIDDEN * FEATURES]
    return [VOCABULARY * FEATURES] + [size for size in layer for _ in range(LAYERS)] + (
        [] if tied else [VOCABULARY * FEATURES])


def write(path, version, tied, quantized):
    """The same numbers in version 1 (floats) or 2 (8-bit groups): they are multiples of powers of two."""
    draw = random.Random(5)
    header = struct.pack("<2i7iB", 0x616B3432, version, FEATURES, HIDDEN, LAYERS, HEADS, KEY_HEADS, VOCABULARY, CONTEXT,
                         tied) + (struct.pack("<i", GROUP) if quantized else b"")
    content = struct.pack(f"<{FEATURES * (2 * LAYERS + 1)}f", *[1.0] * (FEATURES * (2 * LAYERS + 1)))
    for size in shapes(tied):
        codes = [draw.randint(-127, 127) for _ in range(size)]
        scales = [2.0 ** -draw.randint(5, 9) for _ in range(size // GROUP)]
        if quantized:
            content += struct.pack(f"<{size}b{len(scales)}f", *codes, *scales)
        else:
            content += struct.pack(f"<{size}f", *[code * scales[i // GROUP] for i, code in enumerate(codes)])
    path.write_bytes(header.ljust(256, b"\0") + content)
    return path


class Llama2c(VerbTest):
    def test_continues_a_story_as_llama2c_does(self):
        if not STORIES.is_dir():
            self.skipTest(f"{STORIES} is missing")
        for name in ("checkpoint_legacy.bin", "checkpoint_v1.bin"):
            done = self.adze("run", STORIES / name, "--temp", 0, "-n", 64, "-p", "Once upon a time")
            self.assertTrue(done.stdout.startswith(KNOWN_TEXT), done.stdout)
        self.adze("diff", STORIES / "checkpoint_legacy.bin", STORIES / "checkpoint_v1.bin")
        self.adze("convert", STORIES / "checkpoint_v1.bin", self.folder / "stories.gguf")
        self.adze("diff", STORIES / "checkpoint_v1.bin", self.folder / "stories.gguf")

    def test_groups_stand_for_the_same_numbers(self):
        for tied in (True, False):
            plain = write(self.folder / "plain.bin", 1, tied, quantized=False)
            grouped = write(self.folder / "grouped.bin", 2, tied, quantized=True)
            report = json.loads(self.adze("diff", plain, grouped, "--json").stdout)
            self.assertEqual(report["compared_tensors"], 9 * LAYERS + (2 if tied else 3))

    def test_refuses_what_is_broken(self):
        path = write(self.folder / "model.bin", 1, True, quantized=False)
        whole = path.read_bytes()
        path.write_bytes(whole[:-1])
        self.refuses("inspect", path, says="complete")
        path.write_bytes(whole[:8] + struct.pack("<i", 33) + whole[12:])  # features that heads do not divide
        self.refuses("inspect", path, says="not a model in a format that can be read")
        path.write_bytes(whole)
        (self.folder / "tokenizer.bin").write_bytes(struct.pack("<ifi", 7, 0.0, -5))
        self.refuses("inspect", path, says="tokenizer.bin")


if __name__ == "__main__":
    unittest.main()
