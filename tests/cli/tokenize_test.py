#!/usr/bin/env python3
"""adze tokenize."""
import unittest

from program import USAGE, FAILURE, VerbTest
from tiny_model import key, write_tiny_model

# The vocabulary of the tiny model: <unk> <s> </s>, 256 bytes, "▁", a to z, th, the, ▁the.
SPACE, A, THE = 259, 260, 288


class Tokenize(VerbTest):
    def setUp(self):
        super().setUp()
        self.model = write_tiny_model(self.folder / "tiny.gguf")

    def ids(self, *words, **options):
        return [int(word) for word in self.adze("tokenize", self.model, *words, "--ids", **options).stdout.split()]

    def test_prints_ids(self):
        self.assertEqual(self.ids("the cat"), [1, THE, SPACE, A + 2, A, A + 19])
        self.assertEqual(self.ids("the cat", "--bare"), [THE, SPACE, A + 2, A, A + 19])

    def test_falls_back_to_bytes(self):
        self.assertEqual(self.ids("é", "--bare"), [SPACE, 3 + 0xC3, 3 + 0xA9])

    def test_control_tokens_can_be_taken_literally(self):
        self.assertIn(2, self.ids("a</s>", "--bare"))
        self.assertNotIn(2, self.ids("a</s>", "--bare", "--literal"))

    def test_reads_the_standard_input_and_files(self):
        self.assertEqual(self.ids("-", stdin="the cat"), self.ids("the cat"))
        (self.folder / "text.txt").write_text("the cat")
        self.assertEqual(self.ids("--file", self.folder / "text.txt"), self.ids("the cat"))

    def test_decodes(self):
        for text in ("the cat", "", "x\n y é😀"):
            ids = self.adze("tokenize", self.model, text, "--ids", "--bare").stdout.strip()
            self.assertEqual(self.adze("tokenize", self.model, "--decode", "--", ids).stdout, text)
        self.assertEqual(self.adze("tokenize", self.model, "--decode", "[288, 260]").stdout, "thea")

    def test_reports_pieces(self):
        report = self.json_of("tokenize", self.model, "the")
        self.assertEqual((report["count"], report["ids"], report["pieces"]), (2, [1, THE], ["<s>", "▁the"]))
        text = self.adze("tokenize", self.model, "the").stdout
        self.assertRegex(text, r"(?m)^ *288  ▁the$")
        self.assertIn("2 tokens for 3 bytes", text)

    def test_refuses_bad_models_and_input(self):
        self.refuses_bad_models("tokenize", after=["text"])
        self.refuses("tokenize", self.model, "--decode", "12 x", status=USAGE, says="'x' is not a token id")
        self.refuses("tokenize", self.model, "--decode", "99999", status=FAILURE, says="99999")
        self.refuses("tokenize", self.model, status=USAGE, says="a text is missing")
        self.refuses("tokenize", self.model, "a", "--file", "b", status=USAGE, says="given twice")

    def test_refuses_a_model_without_tokenizer(self):
        bare = self.folder / "bare.gguf"
        head = b"GGUF" + (3).to_bytes(4, "little") + (0).to_bytes(8, "little") + (1).to_bytes(8, "little")
        bare.write_bytes(head + key("general.architecture", 8, "llama"))
        self.refuses("tokenize", bare, "text", says="has no tokenizer")


if __name__ == "__main__":
    unittest.main()
