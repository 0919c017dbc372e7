#!/usr/bin/env python3
"""Adapters from outside: --adapter, adze convert-adapter and adze merge-adapter."""
import json
import random
import struct
import unittest

from program import FAILURE, USAGE, VerbTest
from tiny_model import HEAD_WIDTH, HEADS, INNER, WIDTH, write_tiny_model

TEXT = "the cat and the dog and the bird sat there for a long while. " * 20
RANK = 4
MODULES = {"model.layers.0.self_attn.q_proj": (HEADS * HEAD_WIDTH, WIDTH), "model.layers.1.mlp.up_proj": (INNER, WIDTH)}


def write_safetensors(path, tensors):
    """name -> (shape, floats)"""
    header, data = {}, b""
    for name, (shape, values) in tensors.items():
        packed = struct.pack(f"<{len(values)}f", *values)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + len(packed)]}
        data += packed
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def write_adapter(folder, settings=None, seed=5):
    """A PEFT folder with random pairs for MODULES."""
    numbers = random.Random(seed)
    folder.mkdir()
    config = {"peft_type": "LORA", "r": RANK, "lora_alpha": 8, "target_modules": list(MODULES), **(settings or {})}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    tensors = {}
    for module, (rows, columns) in MODULES.items():
        for part, shape in (("lora_A", [RANK, columns]), ("lora_B", [rows, RANK])):
            values = [numbers.gauss(0, 0.2) for _ in range(shape[0] * shape[1])]
            tensors[f"base_model.model.{module}.{part}.weight"] = (shape, values)
    write_safetensors(folder / "adapter_model.safetensors", tensors)
    return folder


class Adapters(VerbTest):
    def setUp(self):
        super().setUp()
        self.model = write_tiny_model(self.folder / "tiny.gguf")
        self.adapter = write_adapter(self.folder / "lora")
        self.text = self.folder / "text.txt"
        self.text.write_text(TEXT)

    def text_of(self, *words, model=None):
        return self.json_of("run", model or self.model, "-p", "the", "-n", 24, "--temp", 0, "--activation", "f32",
                            *words)["text"]

    def divergence(self, *words, model=None):
        return self.json_of("eval", model or self.model, "--ref", self.model, "--text", self.text, "--activation", "f32",
                            "--context", 64, "--chunks", 2, *words)["mean_kl"]

    def test_an_adapter_changes_what_is_said(self):
        self.assertNotEqual(self.text_of("--adapter", self.adapter), self.text_of())
        self.assertEqual(self.text_of("--adapter", f"{self.adapter}:0"), self.text_of())

    def test_divergence_is_of_the_model_with_the_adapter(self):
        self.assertEqual(self.divergence(), 0)
        whole = self.divergence("--adapter", self.adapter)
        self.assertGreater(whole, self.divergence("--adapter", f"{self.adapter}:0.5"))
        halves = self.divergence("--adapter", f"{self.adapter}:0.5", "--adapter", f"{self.adapter}:0.5")
        self.assertAlmostEqual(halves, whole, places=6)

    def test_scales_must_be_numbers(self):
        self.adze("run", self.model, "-p", "the", "--adapter", f"{self.adapter}:much", status=USAGE)

    def test_a_merged_model_needs_no_adapter(self):
        merged = self.folder / "merged.gguf"
        report = self.json_of("merge-adapter", self.model, self.adapter, merged, "--text", self.text)
        self.assertEqual(report["changed"], len(MODULES))
        self.assertLess(report["mean_kl"], 1e-9)
        self.assertEqual(self.text_of(model=merged), self.text_of("--adapter", self.adapter))
        changed = {t["name"] for t in report["tensors"] if t["reason"] == "merged"}
        self.assertEqual(changed, {"blk.0.attn_q.weight", "blk.1.ffn_up.weight"})

    def test_merging_into_a_quantized_model_tells_what_that_cost(self):
        small, merged = self.folder / "small.gguf", self.folder / "merged.gguf"
        self.adze("quantize", self.model, small, "--type", "Q8_0", "--no-card")
        report = self.json_of("merge-adapter", small, self.adapter, merged, "--text", self.text)
        self.assertGreater(report["mean_kl"], 0)
        self.assertLess(report["mean_kl"], 1e-2)
        kinds = {t["name"]: (t["from"], t["to"]) for t in report["tensors"]}
        self.assertEqual(kinds["blk.1.ffn_up.weight"][1], "q8_0")
        wider = self.json_of("merge-adapter", small, self.adapter, self.folder / "f32.gguf", "--text", self.text, "--type",
                             "f32")
        self.assertLess(wider["mean_kl"], report["mean_kl"])

    def test_goes_to_every_format_and_back(self):
        gguf, mlx, back = self.folder / "lora.gguf", self.folder / "mlx", self.folder / "back"
        report = self.json_of("convert-adapter", self.adapter, gguf, "--base", self.model)
        self.assertEqual((report["target_format"], report["changes"], report["largest_rank"]), ("gguf", 2, RANK))
        self.adze("convert-adapter", gguf, mlx, "--to", "mlx", "--base", self.model)
        self.adze("convert-adapter", mlx, back, "--base", self.model)
        for other in (gguf, mlx, back):
            self.assertEqual(self.text_of("--adapter", other), self.text_of("--adapter", self.adapter))
        self.assertEqual(json.loads((back / "adapter_config.json").read_text())["lora_alpha"], 8)

    def test_what_a_format_cannot_hold_is_refused(self):
        uneven = write_adapter(self.folder / "uneven", {"alpha_pattern": {"up_proj": 3}})
        done = self.adze("convert-adapter", uneven, self.folder / "uneven.gguf", "--base", self.model, status=FAILURE)
        self.assertIn("keeps one for all", done.stderr)
        self.assertFalse((self.folder / "uneven.gguf").exists())

    def test_an_adapter_of_another_model_is_refused_by_name(self):
        lying = write_adapter(self.folder / "lying", {"r": 8})
        done = self.adze("run", self.model, "-p", "the", "--adapter", lying, status=FAILURE)
        self.assertIn("rank 4, but adapter_config.json says 8", done.stderr)

    def test_the_base_must_be_named(self):
        self.adze("convert-adapter", self.adapter, self.folder / "out.gguf", status=USAGE)


if __name__ == "__main__":
    unittest.main()
