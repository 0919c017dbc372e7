#!/usr/bin/env python3
"""adze diff: equal models in other formats, and everything that a conversion could have broken."""
import json
import shutil
import unittest

from program import FAILURE, SHARED, SUCCESS, UNAVAILABLE, USAGE, VerbTest
from tiny_model import write_tiny_model


class Diff(VerbTest):
    def setUp(self):
        super().setUp()
        self.model = write_tiny_model(self.folder / "tiny.gguf")

    def diff(self, a, b, *more, status):
        return json.loads(self.adze("diff", a, b, "--json", *more, status=status).stdout)

    def test_a_model_equals_its_conversion(self):
        self.adze("convert", self.model, self.folder / "hf", "--to", "hf")
        report = self.diff(self.model, self.folder / "hf", status=SUCCESS)
        self.assertTrue(report["equal"])
        self.assertGreater(report["compared_tensors"], 10)

    def test_rounding_is_seen_and_can_be_tolerated(self):
        self.adze("quantize", self.model, self.folder / "q.gguf", "--type", "Q8_0")
        report = self.diff(self.model, self.folder / "q.gguf", status=FAILURE)
        self.assertEqual(len(report["tensors"]), report["tensor_differences"])
        self.assertTrue(all(0 < tensor["relative_error"] < 0.02 for tensor in report["tensors"]))
        self.assertFalse(report["settings"] or report["tokenizer"] or report["chat_templates"])
        self.diff(self.model, self.folder / "q.gguf", "--tolerance", 0.02, status=SUCCESS)
        self.diff(self.model, self.folder / "q.gguf", "--skip-tensors", status=SUCCESS)

    def test_settings_and_templates_count(self):
        self.adze("convert", self.model, self.folder / "hf", "--to", "hf")
        config = self.folder / "hf" / "config.json"
        changed = json.loads(config.read_text())
        changed["rope_theta"] = 20000.0
        config.write_text(json.dumps(changed))
        report = self.diff(self.model, self.folder / "hf", "--skip-tensors", status=FAILURE)
        self.assertEqual([setting["key"] for setting in report["settings"]], ["rope.freq_base"])
        text = self.adze("diff", self.model, self.folder / "hf", status=FAILURE).stdout
        self.assertRegex(text, r"config +rope.freq_base +10000 +20000")

    def test_a_real_folder_and_its_gguf(self):
        folder = SHARED / "data" / "lm" / "tinystories-656k"
        if not folder.is_dir():
            self.skipTest(f"{folder} is missing")
        self.adze("convert", folder, self.folder / "ts.gguf")
        report = self.diff(folder, self.folder / "ts.gguf", status=FAILURE)
        self.assertFalse(report["tensors"] or report["settings"])
        # GGUF's scores cannot say all that this tokenizer's merges say; converting warns of it.
        self.assertEqual([difference["what"] for difference in report["tokenizer"]], ["encodings"])

    def test_refuses(self):
        self.refuses("diff", self.model, self.folder / "none.gguf", status=UNAVAILABLE, says="none.gguf")
        self.refuses("diff", self.model, self.model, "--tolerance", "-1", status=USAGE, says="--tolerance must be 0 or more")


if __name__ == "__main__":
    unittest.main()
