#!/usr/bin/env python3
"""adze inspect."""
import unittest

from program import SUCCESS, USAGE, VerbTest, demo_model
from tiny_model import key, string, weights, write_tiny_model

STRING = 8


class Inspect(VerbTest):
    def test_shows_the_overview(self):
        text = self.adze("inspect", write_tiny_model(self.folder / "tiny.gguf", "A tiny one")).stdout
        self.assertTrue(text.startswith("A tiny one\n"))
        for fact in (r"Architecture +llama", r"Context +256 tokens", r"Bits per weight +32\.00",
                     r"Layers +2 of width 64, feed-forward 128", r"Attention +4 heads, 2 for keys and values",
                     r"f32 +32\.00 +20 ", r"rope\.freq_base +10000"):
            self.assertRegex(text, fact)
        self.assertNotIn("blk.0.attn_q.weight", text)

    def test_lists_tensors_on_request(self):
        text = self.adze("inspect", write_tiny_model(self.folder / "tiny.gguf"), "--tensors").stdout
        for name, _ in weights():
            self.assertRegex(text, rf"(?m)^{name} ")

    def test_reports_json(self):
        report = self.json_of("inspect", write_tiny_model(self.folder / "tiny.gguf"))
        self.assertEqual(report["architecture"], "llama")
        self.assertEqual(report["bits_per_weight"], 32)
        self.assertEqual(report["config"]["attention.head_count_kv"], 2)
        self.assertEqual({t["name"]: tuple(t["shape"]) for t in report["tensors"]}, dict(weights()))
        self.assertEqual(sum(t["bytes"] for t in report["tensors"]), report["weight_bytes"])

    def test_prints_the_graph(self):
        tiny = write_tiny_model(self.folder / "tiny.gguf")
        text = self.adze("inspect", tiny, "--graph").stdout
        self.assertRegex(text, r"(?m)^Graph$")
        self.assertRegex(text, r"%blk\.1\.ffn_down: f32\[T, 64\] = linear\(%blk\.1\.ffn_act, %blk\.1\.ffn_down\.weight\)")
        self.assertIn("linear", self.json_of("inspect", tiny, "--graph")["graph"])

    def test_refuses_what_is_no_model(self):
        self.refuses_bad_models("inspect")
        self.refuses_bad_json_models()

    def refuses_bad_json_models(self):
        self.refuses("inspect", self.folder / "nothing_here.gguf", "--json", status=3, says="no such file")

    def test_says_what_a_folder_lacks_and_what_is_empty(self):
        folder = self.folder / "folder"
        for there, missing in (("model.onnx", "genai_config.json"), ("openvino_model.bin", "openvino_model.xml")):
            folder.mkdir()
            for name in (there, "config.json"):
                (folder / name).write_text("{}")
            self.refuses("inspect", folder, says=f"folder: has {there} but no {missing}")
            for path in folder.iterdir():
                path.unlink()
            folder.rmdir()
        empty = self.folder / "weights.bin"
        empty.touch()
        self.refuses("inspect", empty, says="weights.bin: is empty, not a model")

    def test_refuses_every_truncation_of_the_header(self):
        whole = write_tiny_model(self.folder / "tiny.gguf").read_bytes()
        cut = self.folder / "cut.gguf"
        for size in [4, 8, 23, 24, 100, 1000, 5000, len(whole) // 2, len(whole) - 1]:
            cut.write_bytes(whole[:size])
            self.refuses("inspect", cut, says="cut.gguf")

    def test_shows_no_control_characters_of_the_file(self):
        name = "evil \x1b[31m\r\n\x07 name"
        head = b"GGUF" + (3).to_bytes(4, "little") + (0).to_bytes(8, "little") + (2).to_bytes(8, "little")
        evil = self.folder / "evil.gguf"
        evil.write_bytes(head + key("general.architecture", STRING, "x\x1b[2J") + key("general.name", STRING, name))
        text = self.adze("inspect", evil).stdout  # adze() looks for escape codes
        self.assertIn(r"evil \x1b[31m", text)
        self.assertEqual(self.json_of("inspect", evil)["metadata"]["name"], name)

    def test_shows_invalid_utf8_as_replacement_characters(self):
        head = b"GGUF" + (3).to_bytes(4, "little") + (0).to_bytes(8, "little") + (1).to_bytes(8, "little")
        odd = self.folder / "odd.gguf"
        odd.write_bytes(head + string("general.name") + STRING.to_bytes(4, "little") + string(b"a\xff\xfeb"))
        done = self.adze("inspect", odd, "--json", status=SUCCESS)
        self.assertIn("a\ufffd\ufffdb", done.stdout)

    def test_refuses_wrong_usage(self):
        self.refuses("inspect", status=USAGE, says="MODEL is missing")
        self.refuses("inspect", "a.gguf", "b.gguf", status=USAGE, says="unexpected argument 'b.gguf'")
        done = self.refuses("inspect", "a.gguf", "--tensor", status=USAGE, says="did you mean '--tensors'")
        self.assertIn("hint: see `adze inspect --help`", done.stderr)
        self.refuses("inspect", "--json", status=USAGE, says="MODEL is missing")

    def test_shows_the_demo_model(self):
        report = self.json_of("inspect", demo_model())
        self.assertEqual(report["parameters"], 134515008)
        self.assertEqual(report["config"]["block_count"], 30)


if __name__ == "__main__":
    unittest.main()
