#!/usr/bin/env python3
"""Quality cards, and the verbs around them: verify, compare, assert, eval --save-ref."""
import hashlib
import json
import unittest
import xml.etree.ElementTree as ElementTree

from program import FAILURE, UNAVAILABLE, USAGE, VerbTest
from tiny_model import write_tiny_model

TEXT = "the cat sat on the mat and the dog ran to the man in the sun " * 40


class Cards(VerbTest):
    def setUp(self):
        super().setUp()
        self.model = write_tiny_model(self.folder / "tiny.gguf")
        self.small = self.folder / "small.gguf"
        self.text = self.folder / "text.txt"
        self.text.write_text(TEXT)

    def quantize(self, *words, target=None):
        return self.json_of("quantize", self.model, target or self.small, "--type", "Q4_0", *words)

    def card(self, path=None):
        return json.loads((self.folder / f"{(path or self.small).name}.card.json").read_text())

    def on_the_text(self):
        return "--text", self.text, "--chunk-tokens", 64


def sum_of(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


class Quantize(Cards):
    def test_writes_a_card_beside_the_model(self):
        report = self.quantize()
        self.assertEqual(report["card"], f"{self.small}.card.html")
        card = self.card()
        self.assertEqual(card["output"]["files"], [{"path": str(self.small), "bytes": self.small.stat().st_size,
                                                    "sha256": sum_of(self.small)}])
        self.assertEqual([file["sha256"] for file in card["source"]["files"]], [sum_of(self.model)])
        behaviour = card["behaviour"]
        self.assertEqual(report["mean_kl"], behaviour["mean_kl"])
        self.assertTrue(behaviour["text"]["built_in"])
        self.assertEqual(sum(behaviour["kl_histogram"]), behaviour["scored_tokens"])
        self.assertGreater(behaviour["tokens_per_second"], 0)
        self.assertEqual(len(card["tensors"]), 20)
        page = (self.folder / "small.gguf.card.html").read_text()
        for text in ("Quality card", "Q4_0 by nearest", card["output"]["files"][0]["sha256"], "<svg"):
            self.assertIn(text, page)
        self.assertNotIn("http", page)

    def test_measures_on_the_text_that_is_given(self):
        self.quantize(*self.on_the_text(), "--chunks", 3)
        behaviour = self.card()["behaviour"]
        self.assertEqual(behaviour["text"], {"name": "text.txt", "sha256": sum_of(self.text), "built_in": False,
                                             "context": 64})
        self.assertEqual((behaviour["chunks"], behaviour["scored_tokens"]), (3, 3 * 31))
        self.assertEqual(self.card()["behaviour"]["mean_kl"], behaviour["mean_kl"])

    def test_agrees_with_eval(self):
        self.quantize(*self.on_the_text())
        reference = self.folder / "model.ref"
        self.adze("eval", self.model, "--text", self.text, "-c", 64, "--chunks", 4, "--save-ref", reference)
        kept = self.json_of("eval", self.small, "--ref", reference)
        exact = self.json_of("eval", self.small, "--ref", self.model, "--text", self.text, "-c", 64, "--chunks", 4)
        behaviour = self.card()["behaviour"]
        self.assertAlmostEqual(behaviour["mean_kl"], exact["mean_kl"], delta=1e-6)
        self.assertAlmostEqual(behaviour["perplexity_ratio"], exact["perplexity_ratio"], delta=1e-6)
        left_out = kept.get("kl_left_out", 0)
        self.assertLessEqual(kept["mean_kl"] - left_out, exact["mean_kl"] + 1e-6)
        self.assertAlmostEqual(kept["mean_kl"], exact["mean_kl"], delta=4 * kept.get("kl_left_out_error", 0) + 1e-6)
        self.assertEqual(kept["top_agreement"], exact["top_agreement"])

    def test_less_of_a_card_or_none(self):
        self.quantize("--card", "streaming")
        self.assertIsNone(self.card()["behaviour"])
        self.assertEqual(self.card()["behaviour_missing"], "not asked for")
        other = self.folder / "other.gguf"
        self.quantize("--no-card", target=other)
        self.assertFalse((self.folder / "other.gguf.card.json").exists())
        self.assertEqual(sum_of(other), sum_of(self.small))

    def test_a_dry_run_writes_no_card(self):
        self.quantize("--dry-run")
        self.assertFalse((self.folder / "small.gguf.card.json").exists())

    def test_says_what_is_wrong_with_the_text(self):
        empty = self.folder / "empty.txt"
        empty.write_text("")
        self.refuses("quantize", self.model, self.small, "--text", empty, says="empty.txt: the text is empty")
        self.assertFalse(self.small.exists())


class Optimize(Cards):
    def test_the_winner_has_a_card_with_what_was_measured(self):
        report = self.json_of("optimize", self.model, self.small, "--text", self.text, "--chunks", 2, "--chunk-tokens", 32)
        card = self.card()
        chosen = next(trial for trial in report["trials"] if trial["name"] == report["chosen"])
        self.assertEqual(card["behaviour"]["mean_kl"], chosen["mean_kl"])
        self.assertEqual(card["behaviour"]["tokens_per_second"], chosen["tokens_per_second"])
        self.assertEqual(card["behaviour"]["activation"], "f32")
        self.assertGreater(len(card["behaviour"]["worst_tensors"]), 3)
        self.assertTrue(self.json_of("verify", self.small)["same"])


class Verify(Cards):
    def test_makes_it_again_with_every_option(self):
        statistics = self.folder / "stats.gguf"
        self.json_of("calibrate", self.model, "--text", self.text, "-c", 64, "--hessians", "-o", statistics)
        self.quantize("--imatrix", statistics, "--quantizer", "gptq", "--set", "damping=0.03", "--pure", "--output-type",
                      "q8_0", "--tensor-type", "ffn_down=q5_0", "--card", "streaming")
        report = self.json_of("verify", self.small)
        self.assertTrue(report["same"] and report["made_again"])
        self.assertEqual({item["verdict"] for item in report["items"]}, {"same"})
        self.assertIn("statistics stats.gguf", [item["what"] for item in report["items"]])

    def test_makes_folders_and_split_models_again(self):
        there, parts = self.folder / "hf", self.folder / "parts.gguf"
        self.adze("convert", self.model, there)
        self.json_of("quantize", there, self.small, "--type", "Q8_0", "--card", "streaming")
        self.assertTrue(self.json_of("verify", self.small)["made_again"])
        self.assertLessEqual({"config.json", "model.safetensors"},
                             {file["path"].rsplit("/", 1)[1] for file in self.card()["source"]["files"]})
        self.adze("convert", self.model, parts, "--shard-size", "100KB")
        first = sorted(self.folder.glob("parts-00001-of-*.gguf"))[0]
        target = self.folder / "kept.gguf"
        self.json_of("quantize", first, target, "--type", "Q8_0", "--keep-split", "--card", "streaming")
        self.assertGreater(len(self.card(target)["output"]["files"]), 1)
        report = self.json_of("verify", target)
        self.assertTrue(report["same"] and report["made_again"])

    def test_finds_what_differs(self):
        self.quantize("--card", "streaming")
        data = bytearray(self.small.read_bytes())
        data[-100] ^= 1
        self.small.write_bytes(data)
        done = self.adze("verify", self.small, status=FAILURE)
        self.assertRegex(done.stdout, r"output small.gguf +different")
        self.assertRegex(done.stdout, r"differs first at byte \d+, in tensor '")
        self.assertEqual(self.json_of("verify", self.small, "--sums", status=FAILURE)["made_again"], False)

    def test_tells_a_changed_file_from_a_source_that_gives_others(self):
        for target, name in ((self.small, "small.gguf"), (self.folder / "small-mlx", "model.safetensors")):
            words = ("--type", "affine4_g32_f16") if target.suffix == "" else ("--type", "Q8_0")
            self.json_of("quantize", self.model, target, *words, "--card", "streaming")
            file = target if target.is_file() else target / name
            file.write_bytes(file.read_bytes() + b"!")
            done = self.adze("verify", target, status=FAILURE)
            self.assertRegex(done.stdout, rf"output {name} +different")
            self.assertRegex(done.stdout, rf"made again: {name} +same")
            self.assertRegex(done.stdout, r"differs first at byte \d+" + (", behind its last tensor" if file == target else r" *\n"))
            self.assertIn("files: different\nmade again from its source: the same\n", done.stdout)
            report = self.json_of("verify", target, status=FAILURE)
            self.assertEqual((report["same"], report["files_same"], report["remade_same"]), (False, False, True))

    def test_moved_files_are_found_or_named(self):
        self.quantize("--card", "streaming")
        elsewhere = self.folder / "elsewhere"
        elsewhere.mkdir()
        for name in ("small.gguf", "small.gguf.card.json"):
            (self.folder / name).rename(elsewhere / name)
        moved = self.model.rename(self.folder / "moved.gguf")
        done = self.adze("verify", elsewhere / "small.gguf")
        self.assertRegex(done.stdout, r"source tiny.gguf +not checked")
        self.assertIn("files: the same\nmade again from its source: no\n", done.stdout)
        self.assertTrue(self.json_of("verify", elsewhere / "small.gguf", "--source", moved)["made_again"])

    def test_refuses_bad_input(self):
        self.refuses("verify", self.model, status=UNAVAILABLE, says="tiny.gguf.card.json: no such file")
        self.refuses("verify", self.folder / "nope", status=UNAVAILABLE, says="nope: no such file or folder")
        self.quantize("--card", "streaming")
        self.refuses("verify", self.small, "--source", self.folder / "none.gguf", status=UNAVAILABLE, says="none.gguf")
        (self.folder / "small.gguf.card.json").write_text('{"adze_card": 99}')
        self.refuses("verify", self.small, says="version 99")


class Compare(Cards):
    def test_puts_models_side_by_side(self):
        fine = self.folder / "fine.gguf"
        self.quantize("--no-card")
        self.json_of("quantize", self.model, fine, "--type", "Q8_0", "--no-card")
        report = self.json_of("compare", self.model, self.small, fine, *self.on_the_text())
        original, coarse, fine_row = report["models"]
        self.assertIsNone(original["mean_kl"])
        self.assertEqual(original["perplexity"], report["reference"]["perplexity"])
        self.assertGreater(coarse["mean_kl"], fine_row["mean_kl"])
        self.assertGreater(original["file_bytes"], fine_row["file_bytes"])
        self.assertEqual(coarse["file_bytes"], self.small.stat().st_size)
        for row in report["models"]:
            for figure in ("tokens_per_second", "prompt_tokens_per_second", "memory_bytes", "load_seconds"):
                self.assertGreater(row[figure], 0)
        shown = self.adze("compare", self.model, self.small, fine, "--no-speed", *self.on_the_text()).stdout
        self.assertRegex(shown, r"(?m)^small.gguf +\d")
        self.assertNotIn("Memory", shown)
        self.assertIn("KL divergence from", shown)

    def test_compares_with_another_reference(self):
        reference = self.folder / "model.ref"
        self.adze("eval", self.model, "--text", self.text, "-c", 64, "--chunks", 2, "--save-ref", reference)
        self.quantize("--no-card")
        report = self.json_of("compare", self.small, self.small, "--ref", reference, "--no-speed")
        first, second = report["models"]
        self.assertEqual(first["mean_kl"], second["mean_kl"])
        self.assertEqual(report["reference"]["text"], "text.txt")
        report = self.json_of("compare", self.small, self.model, "--no-quality", "--no-speed")
        self.assertEqual(set(report["models"][0]), {"model", "file_bytes", "bits_per_weight"})

    def test_refuses_bad_input(self):
        self.refuses("compare", self.model, status=USAGE)
        self.refuses("compare", self.model, self.folder / "none.gguf", status=UNAVAILABLE, says="none.gguf")


class Assert(Cards):
    def test_the_exit_status_is_the_verdict(self):
        self.quantize("--no-card")
        words = ("assert", self.small, "--ref", self.model, *self.on_the_text())
        junit = self.folder / "checks.xml"
        done = self.adze(*words, "--kl", 5, "--kl99", 20, "--ppl-ratio", 5, "--top1", 1.5, "--size", "1MB", "--bpw", 8,
                         "--tps", 0.001, "--memory", "1GB", "--junit", junit)
        self.assertEqual(len(done.stdout.splitlines()), 8)
        self.assertRegex(done.stdout, r"(?m)^pass  kl is 0\.\d+, at most 5")
        done = self.adze(*words, "--kl", 1e-9, "--size", "1MB", "--junit", junit, status=FAILURE)
        self.assertRegex(done.stdout, r"FAIL  kl is 0\.\d+, at most 0\.0+100\npass  size is [\d.]+ kB, at most 1.00 MB")
        suite = ElementTree.parse(junit).getroot().find("testsuite")
        self.assertEqual((suite.get("tests"), suite.get("failures")), ("2", "1"))
        self.assertIsNotNone(suite.find("testcase[@name='kl']/failure"))

    def test_needs_only_what_is_asked_for(self):
        report = self.json_of("assert", self.model, "--size", "1KB", status=FAILURE)
        self.assertEqual(report["checks"], [{"check": "size", "passed": False, "measured": self.model.stat().st_size,
                                             "limit": 1000}])

    def test_a_kept_reference_stands_in_for_the_original(self):
        reference = self.folder / "model.ref"
        report = self.json_of("eval", self.model, "--text", self.text, "-c", 64, "--chunks", 8, "--save-ref", reference)
        most_of_a_position = 12 + 8 * (128 + 16)  # docs/formats/reference_logits.md
        self.assertLess(reference.stat().st_size, 1000 + 8 * 64 * 4 + report["scored_tokens"] * most_of_a_position)
        self.quantize("--no-card")
        self.model.unlink()
        self.adze("assert", self.small, "--ref", reference, "--kl", 5)
        reference.write_bytes(reference.read_bytes()[:-3])
        self.refuses("assert", self.small, "--ref", reference, "--kl", 5, says="model.ref: byte")

    def test_wrong_usage(self):
        self.refuses("assert", self.model, status=USAGE, says="nothing to assert")
        self.refuses("assert", self.model, "--kl", 0.1, status=USAGE, says="--kl needs --ref")
        self.refuses("assert", self.model, "--size", "big", status=USAGE, says="'big' is not a size")
        self.refuses("assert", self.model, "--ref", self.model, "--top1", 0.9, status=USAGE, says="90 percent")
        self.refuses("eval", self.model, "--ref", self.model, "--save-ref", "x", "--text", self.text, status=USAGE,
                     says="exclude each other")


if __name__ == "__main__":
    unittest.main()
