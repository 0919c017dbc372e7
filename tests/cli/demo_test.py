#!/usr/bin/env python3
"""The demo's table, made of the reports of adze inspect, eval and bench."""
import sys
import unittest

from program import ADZE, ROOT, VerbTest
from tiny_model import write_tiny_model

sys.path.insert(0, str(ROOT / "tools"))
import demo


class DemoTable(VerbTest):
    def setUp(self):
        super().setUp()
        demo.CONTEXT, demo.CHUNKS, demo.PROMPT_TOKENS, demo.GENERATED_TOKENS, demo.ROUNDS = 64, 2, 16, 4, 1
        self.text = self.folder / "text.txt"
        self.text.write_text("the cat sat on the mat and the dog ran to the man in the sun " * 40)

    def test_every_cell_of_a_quantized_model_is_filled(self):
        reference = write_tiny_model(self.folder / "tiny.gguf")
        rows = demo.compare(demo.Adze(ADZE), reference, "F32", self.text, self.folder, ["Q8_0"])
        first, second = map(demo.cells_of, rows)
        self.assertEqual(first[0], "F32")
        self.assertEqual(first.count("–"), 2)  # no divergence from itself
        self.assertNotIn("–", second)
        self.assertIs(demo.best_of(rows[1:]), rows[1])


if __name__ == "__main__":
    unittest.main()
