#!/usr/bin/env python3
"""adze eval, adze bench and adze explain."""
import math
import unittest

from program import USAGE, VerbTest
from tiny_model import vocabulary, write_tiny_model

TEXT = "the cat sat on the mat and the dog ran to the man in the sun " * 40


class Measure(VerbTest):
    def setUp(self):
        super().setUp()
        self.model = write_tiny_model(self.folder / "tiny.gguf")
        self.text = self.folder / "text.txt"
        self.text.write_text(TEXT)


class Eval(Measure):
    def test_measures_perplexity(self):
        report = self.json_of("eval", self.model, "--text", self.text, "--context", 64, "--chunks", 3)
        self.assertEqual((report["chunks"], report["scored_tokens"]), (3, 3 * 31))
        self.assertTrue(1 < report["perplexity"] < 100 * len(vocabulary()), report)
        text = self.adze("eval", self.model, "--text", self.text, "--context", 64, "--chunks", 3).stdout
        self.assertIn(f"{report['perplexity']:.4f} ± {report['perplexity_error']:.4f}", text)
        self.assertEqual(self.json_of("eval", self.model, "--text", "-", "--context", 64, "--chunks", 3,
                                      stdin=TEXT)["perplexity"], report["perplexity"])

    def test_a_model_does_not_diverge_from_itself(self):
        report = self.json_of("eval", self.model, "--text", self.text, "--context", 64, "--chunks", 2, "--ref", self.model)
        self.assertLess(abs(report["mean_kl"]), 1e-9)
        self.assertEqual(report["top_agreement"], 1)
        self.assertEqual(report["perplexity"], report["reference_perplexity"])

    def test_fewer_bits_diverge_more(self):
        divergences = []
        for mix in ("Q8_0", "Q4_0"):
            small = self.folder / f"{mix}.gguf"
            self.adze("quantize", self.model, small, "--type", mix)
            report = self.json_of("eval", small, "--text", self.text, "--context", 64, "--chunks", 4, "--ref", self.model)
            divergences.append(report["mean_kl"])
        self.assertTrue(0 < divergences[0] < divergences[1], divergences)

    def test_refuses_bad_input(self):
        self.refuses_bad_models("eval", after=["--text", self.text])
        self.refuses("eval", self.model, status=USAGE, says="--text FILE is missing")
        self.refuses("eval", self.model, "--text", self.folder / "none.txt", status=3, says="none.txt")
        self.refuses("eval", self.model, "--text", self.text, "--context", 3, status=USAGE, says="out of range")
        self.refuses("eval", self.model, "--text", self.text, "--context", 100000, "--json", says="fewer than one chunk")
        self.refuses("eval", self.model, "--text", self.text, "--ref", self.folder / "none.gguf", status=3, says="none.gguf")


class Bench(Measure):
    def test_measures_speed(self):
        report = self.json_of("bench", self.model, "-p", 16, "-n", 4, "-r", 2, "-t", "1,2")
        self.assertEqual([row["threads"] for row in report["results"]], [1, 2])
        for row in report["results"]:
            self.assertEqual(len(row["rounds"]["prompt_seconds"]), 2)
            self.assertGreater(row["prompt_tokens_per_second"], 0)
            self.assertGreater(row["generated_tokens_per_second"], 0)
            self.assertGreater(row["first_token_seconds"], 0)
        self.assertGreater(report["peak_memory_bytes"], 1e6)
        self.assertGreater(report["anonymous_memory_bytes"], 1e5)
        self.assertGreater(report["cold_first_token_seconds"], report["load_seconds"])
        self.assertIn("Peak memory", self.adze("bench", self.model, "-p", 4, "-n", 0, "-r", 1).stdout)

    def test_measures_every_depth_and_batch(self):
        rows = self.json_of("bench", self.model, "-p", 8, "-n", 2, "-r", 1, "-t", 1, "-d", "0,70", "-b", "1,3")["results"]
        self.assertEqual([(row["depth"], row["batch"]) for row in rows], [(0, 1), (0, 3), (70, 1), (70, 3)])
        self.assertTrue(all(row["generated_tokens_per_second"] > 0 for row in rows))
        self.assertEqual([row["prompt_tokens_per_second"] is None for row in rows], [False, True, False, True])

    def test_measures_other_caches(self):
        for kv in ("f32", "f16"):
            self.assertEqual(self.json_of("bench", self.model, "-p", 4, "-n", 2, "-r", 1, "--kv", kv)["kv"], kv)

    def test_shows_where_the_time_goes(self):
        here = {"ADZE_CACHE": str(self.folder / "cache")}
        words = ("bench", self.model, "--ops", "-p", 8, "-n", 2, "-r", 2, "-t", 1)
        prompt, token = self.json_of(*words, environment=here)
        self.assertEqual((prompt["tokens"], token["tokens"]), (8, 1))
        *rows, total = token["by_node"]
        self.assertTrue(math.isclose(sum(row["share"] for row in rows), 1, rel_tol=1e-6))
        self.assertEqual(sum(row["bytes"] for row in rows), total["bytes"])
        self.assertIsNone(total["part_of_bandwidth"])
        self.assertEqual(sum(row["nodes"] for row in token["by_kernel"]), 2 * total["nodes"])  # the sum is a row too
        products = {row["node"]: row for row in prompt["by_node"]}
        self.assertEqual(products["blk.*.ffn_up"]["multiply_adds"] % (2 * 8 * 64 * 128), 0)
        self.assertIn("adze doctor --measure", self.adze(*words, environment=here).stderr)
        self.adze("doctor", "--measure", environment=here)
        total = self.json_of(*words, environment=here)[1]["by_node"][-1]
        self.assertGreater(total["part_of_bandwidth"], 0)
        self.assertGreater(total["part_of_peak"], 0)
        self.assertRegex(self.adze(*words, environment=here).stdout, r"One sequence of 1 token, 1 thread, depth 0")

    def test_refuses_bad_input(self):
        self.refuses_bad_models("bench")
        self.refuses("bench", self.model, "-b", 0, status=USAGE, says="out of range")
        self.refuses("bench", self.model, "-d", "0,x", status=USAGE, says="'x' is not a whole number")
        self.refuses("bench", self.model, "-p", 0, "-n", 0, status=USAGE, says="nothing to measure")
        self.refuses("bench", self.model, "-t", "1,two", status=USAGE, says="'two' is not a whole number")
        self.refuses("bench", self.model, "-t", "1,,2", status=USAGE, says="'' is not a whole number")
        self.refuses("bench", self.model, "-r", 0, status=USAGE, says="out of range")


class Explain(Measure):
    def test_names_the_kernel_of_every_node(self):
        nodes = self.json_of("explain", self.model, "--all")
        self.assertGreater(len(nodes), 30)
        self.assertTrue(all(node["kernel"] for node in nodes))
        query = next(node for node in nodes if node["node"] == "blk.1.attn_q")
        self.assertEqual((query["op"], query["weight"]), ("linear", "f32"))
        grouped = self.adze("explain", self.model).stdout
        self.assertRegex(grouped, r"(?m)^blk\.\*\.attn_q +2 +linear +f32 ")

    def test_says_why_faster_kernels_refused(self):
        nodes = self.json_of("explain", self.model, "--all", environment={"ADZE_FORCE_ISA": "scalar"})
        query = next(node for node in nodes if node["node"] == "blk.1.attn_q")
        self.assertEqual(query["kernel"], "reference")
        self.assertIn(": needs ", query["passed_over"])

    def test_shows_where_the_time_goes(self):
        nodes = self.json_of("explain", self.model, "--all", "--time")
        self.assertTrue(math.isclose(sum(node["share"] for node in nodes), 1, rel_tol=1e-6))

    def test_refuses_bad_input(self):
        self.refuses_bad_models("explain")
        self.refuses("explain", self.model, environment={"ADZE_FORCE": "linear=magic"}, says="ADZE_FORCE")


if __name__ == "__main__":
    unittest.main()
