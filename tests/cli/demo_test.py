#!/usr/bin/env python3
"""The demo, on a tiny model instead of the one that it fetches."""
import json
import sys
import unittest
from unittest import mock

from program import ADZE, ROOT, VerbTest
from tiny_model import write_tiny_model

sys.path.insert(0, str(ROOT / "tools"))
import demo


class Demo(VerbTest):
    def test_writes_the_best_and_lets_it_answer(self):
        model = write_tiny_model(self.folder / "tiny.F32.gguf")
        text = self.folder / "text.txt"
        text.write_text("the cat sat on the mat and the dog ran to the man in the sun " * 40)
        with mock.patch.multiple(demo, fetch_model=lambda: ("gguf", model), SHARED_TEXT=text, CONTEXT=32, CHUNKS=2,
                                 ASK=["run", "-p", "the cat", "-n", 4]):
            demo.main(["--program", str(ADZE), "--folder", str(self.folder / "demo")])
        recipe = json.loads((self.folder / "demo" / "best.gguf.recipe.json").read_text())
        self.assertIn(recipe["quantizer"], ("importance", "gptq"))
        self.assertTrue((self.folder / "demo" / "best.gguf.statistics.gguf").is_file())

    def test_judges_and_calibrates_on_different_text(self):
        with mock.patch.object(demo, "SHARED_TEXT", self.folder / "missing.txt"):
            judging, what, calibration = demo.texts(self.folder)
        self.assertIn("own pages", what)
        self.assertNotEqual(judging.read_text(), calibration.read_text())


if __name__ == "__main__":
    unittest.main()
