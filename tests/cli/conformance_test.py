#!/usr/bin/env python3
"""The conformance kit: what adze wrote and somebody else changed is told on reading, and not converted."""
import json
import unittest

from program import VerbTest
from tiny_model import write_tiny_model

CHANGED = r"warning: .*: not as when it was written: "


class Conformance(VerbTest):
    def setUp(self):
        super().setUp()
        source = write_tiny_model(self.folder / "tiny.gguf")
        self.model = self.folder / "model.gguf"
        self.convert(source, self.model, "--dtype", "f16")

    def convert(self, *words):
        done = self.adze("convert", *words)
        self.assertNotIn("warning", done.stderr)

    def with_another_template(self):
        path = self.folder / "changed.gguf"
        data = self.model.read_bytes()
        self.assertEqual(data.count(b"%}<|assistant|>{%"), 1)
        path.write_bytes(data.replace(b"%}<|assistant|>{%", b"%}<|Assistant|>{%"))
        return path

    def folder_with_another_token(self):
        path = self.folder / "changed"
        self.convert(self.model, path, "--to", "hf")
        file = path / "tokenizer.json"
        text = json.loads(file.read_text())
        vocabulary = text["model"]["vocab"]
        vocabulary["th"], vocabulary["the"] = vocabulary["the"], vocabulary["th"]
        file.write_text(json.dumps(text))
        return path

    def test_a_file_that_is_left_alone_says_nothing(self):
        self.assertNotIn("warning", self.adze("run", self.model, "-p", "the", "-n", 1).stderr)
        self.assertEqual(self.json_of("inspect", self.model)["conformance"], "as when it was written")

    def test_a_changed_template_is_told_and_not_converted(self):
        changed, out = self.with_another_template(), self.folder / "out.gguf"
        self.assertRegex(self.adze("run", changed, "-p", "the", "-n", 1).stderr, CHANGED + "chat template: ")
        for words in (("convert",), ("quantize", "--type", "Q8_0")):
            done = self.adze(*words, changed, out, status=1)
            self.assertRegex(done.stderr, r"error: .*--allow-mismatch")
            self.assertFalse(out.exists())
        self.adze("convert", changed, out, "--dtype", "f16", "--allow-mismatch")
        self.assertNotIn("warning", self.adze("run", out, "-p", "the", "-n", 1).stderr)

    def test_a_changed_vocabulary_of_a_folder_is_told(self):
        self.assertRegex(self.adze("tokenize", self.folder_with_another_token(), "the").stderr, CHANGED + "tokenizer: ")

    def test_parts_carry_it_and_merge_to_the_same_bytes(self):
        self.adze("split", self.model, self.folder / "m", "--max-size", "60KB")
        first = min(self.folder.glob("m-00001-*.gguf"))
        self.assertEqual(self.json_of("inspect", first)["conformance"], "as when it was written")
        self.adze("merge", first, self.folder / "merged.gguf")
        self.assertEqual((self.folder / "merged.gguf").read_bytes(), self.model.read_bytes())

    def test_the_same_request_gives_the_same_bytes(self):
        self.convert(self.model, self.folder / "again.gguf")
        self.assertEqual((self.folder / "again.gguf").read_bytes(), self.model.read_bytes())


if __name__ == "__main__":
    unittest.main()
