#!/usr/bin/env python3
"""adze optimize: what is tried, what is written, what is remembered."""
import json
import sqlite3
import unittest

from program import USAGE, VerbTest
from tiny_model import write_tiny_model


class Optimize(VerbTest):
    def setUp(self):
        super().setUp()
        self.model = write_tiny_model(self.folder / "tiny.gguf")
        self.text = self.folder / "text.txt"
        self.text.write_text("the cat and the dog and the bird sat there for a long while. " * 20)
        self.out = self.folder / "small.gguf"

    def test_a_target_of_another_format_is_refused_before_any_trial(self):
        self.out = self.folder / "small.onnx"
        self.refuses(*self.words(), status=USAGE, says="small.onnx: language models are written as onnx into a folder")
        self.assertFalse((self.folder / "small.onnx.trials.sqlite").exists())

    def words(self, *more):
        return ["optimize", self.model, self.out, "--text", self.text, "--chunks", 2, "--chunk-tokens", 32, *more]

    def optimize(self, *more):
        return self.json_of(*self.words(*more))

    def test_without_limits_it_beats_the_usual_mix_at_its_size(self):
        report = self.optimize()
        trials = {trial["name"]: trial for trial in report["trials"]}
        chosen = trials[report["chosen"]]
        usual = trials["Q4_K_M"]
        self.assertLessEqual(chosen["bytes"], usual["bytes"])
        self.assertLessEqual(chosen["mean_kl"], usual["mean_kl"])
        self.assertTrue(chosen["on_frontier"] and chosen["keeps_limits"])
        sizes = [trial["bytes"] for trial in report["trials"]]
        self.assertEqual(sizes, sorted(sizes))
        for trial in trials.values():
            self.assertGreater(trial["tokens_per_second"], 0)
            self.assertGreater(trial["memory_bytes"], trial["bytes"])
        shown = self.json_of("eval", self.out, "--ref", self.model, "--text", self.text, "--chunks", 2, "-c", 32,
                             "--activation", "f32")
        self.assertAlmostEqual(shown["mean_kl"], chosen["mean_kl"], delta=0.01 * chosen["mean_kl"] + 1e-9)

    def test_keeps_limits_of_size_and_of_divergence(self):
        usual = next(t for t in self.optimize()["trials"] if t["name"] == "Q5_K_M")
        limit = usual["bytes"] - 100
        by_size = self.optimize("--max-size", limit)
        chosen = next(t for t in by_size["trials"] if t["name"] == by_size["chosen"])
        self.assertLessEqual(chosen["bytes"], limit)
        by_divergence = self.optimize("--max-kl", usual["mean_kl"])
        chosen = next(t for t in by_divergence["trials"] if t["name"] == by_divergence["chosen"])
        self.assertLessEqual(chosen["mean_kl"], usual["mean_kl"])
        self.assertLessEqual(chosen["bytes"], usual["bytes"])

    def test_measures_nothing_twice(self):
        first = self.optimize()
        database = sqlite3.connect(str(self.out) + ".trials.sqlite")
        rows = database.execute("SELECT setting, name, result, measured_at FROM trials ORDER BY 1, 2").fetchall()
        self.assertGreater(len(rows), len(first["trials"]))
        types = rows[0][0].split(", types ")[1].split()
        self.assertLessEqual({"q4_k", "iq4_xs", "mxfp4"}, set(types))
        self.assertFalse({"iq2_xs", "f16"} & set(types), "needs statistics, or is not a fast type to quantize to")
        second = self.optimize()
        self.assertEqual(second["trials"], first["trials"])
        self.assertEqual(rows, database.execute("SELECT setting, name, result, measured_at FROM trials "
                                                "ORDER BY 1, 2").fetchall())

    def test_leaves_a_recipe(self):
        report = self.optimize("--storage", "q4_0", "--storage", "q8_0")
        recipe = json.loads((self.folder / "small.gguf.recipe.json").read_text())
        self.assertEqual(report["recipe"], str(self.out) + ".recipe.json")
        self.assertEqual(recipe["adze_recipe"], 1)
        self.assertLessEqual({line["type"] for line in recipe["tensors"]}, {"q4_0", "q8_0", "q4_k", "q6_k", "q5_0"})

    def test_uses_statistics_and_quantizers(self):
        statistics = self.folder / "stats.gguf"
        self.json_of("calibrate", self.model, "--text", self.text, "-c", 64, "--hessians", "-o", statistics)
        report = self.optimize("--imatrix", statistics, "--quantizer", "gptq", "--set", "damping=0.02")
        recipe = json.loads((self.folder / "small.gguf.recipe.json").read_text())
        self.assertEqual(recipe["quantizer"], "gptq")
        names = {row[0] for row in sqlite3.connect(str(self.out) + ".trials.sqlite").execute("SELECT setting FROM trials")}
        self.assertEqual(len(names), 1)
        setting = names.pop()
        self.assertIn("gptq", setting)
        self.assertIn(" iq2_xs", setting)
        self.assertGreater(len(report["trials"]), 4)
        self.refuses(*self.words("--quantizer", "gptq"), says="Hessians")

    def test_calibrates_once_and_tries_every_quantizer_that_statistics_allow_for(self):
        other = self.folder / "other.txt"
        other.write_text("a man and a dog ran for the bus on a cold and rainy day. " * 60)
        report = self.optimize("--calibration", other)
        names = [trial["name"] for trial in report["trials"]]
        self.assertTrue(any(name.endswith(", gptq") for name in names), names)
        statistics = self.folder / "small.gguf.statistics.gguf"
        self.assertEqual(report["statistics"], str(statistics))
        before = statistics.stat().st_mtime_ns
        self.assertEqual(self.optimize("--calibration", other)["trials"], report["trials"])
        self.assertEqual(statistics.stat().st_mtime_ns, before)
        self.refuses(*self.words("--calibration", other, "--imatrix", statistics), status=USAGE, says="--calibration")

    def test_a_further_quantizer_is_tried_on_what_the_first_found_and_on_the_best_mix(self):
        report = self.optimize("--quantizer", "nearest", "--quantizer", "hqq", "--set", "rounds=4")
        refined = [trial for trial in report["trials"] if trial["name"].endswith(", hqq")]
        self.assertEqual(len(refined), 2)
        self.assertIn("Q4_K_M, hqq", [trial["name"] for trial in refined])
        for trial in refined:
            first = next(other for other in report["trials"] if other["name"] == trial["name"].removesuffix(", hqq"))
            self.assertEqual(trial["bytes"], first["bytes"])
            self.assertEqual(trial["tokens_per_second"], first["tokens_per_second"])
        self.refuses(*self.words("--set", "rounds=4"), says="no parameter")

    def test_refuses(self):
        self.refuses("optimize", self.model, self.out, status=USAGE, says="--text")
        self.refuses(*self.words("--storage", "q9"), says="q9")
        self.refuses(*self.words("--max-size", "1KB"), says="too few")
        self.refuses(*self.words("--min-tps", "1e8"), says="no way to store the model keeps all limits")
        self.adze("quantize", self.model, self.folder / "q.gguf", "--type", "Q8_0")
        self.refuses("optimize", self.folder / "q.gguf", self.out, "--text", self.text, says="quantized already")
        self.assertFalse(self.out.exists())


if __name__ == "__main__":
    unittest.main()
