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
            self.assertGreater(row["peak_memory_bytes"], 1e6)
        self.assertIn("Peak memory", self.adze("bench", self.model, "-p", 4, "-n", 0, "-r", 1).stdout)

    def test_refuses_bad_input(self):
        self.refuses_bad_models("bench")
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
