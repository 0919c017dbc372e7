#!/usr/bin/env python3
"""adze prepare, running what it wrote, and running from a model's own pages."""
import unittest

from program import VerbTest
from tiny_model import write_tiny_model


class Prepare(VerbTest):
    def setUp(self):
        super().setUp()
        self.model = write_tiny_model(self.folder / "tiny.gguf")
        self.prepared = self.folder / "tiny.adze"

    def text(self, model, *words):
        return self.adze("run", model, "-p", "the cat", "-n", 20, "--temp", 0, "--ignore-end", *words).stdout

    def prepare(self):
        """A report, or a visible skip where no kernel packs weights."""
        try:
            return self.json_of("prepare", self.model, self.prepared)
        except AssertionError as error:
            if "nothing to prepare" in str(error):
                raise unittest.SkipTest("no kernel here packs weights") from error
            raise

    def test_mapped_weights_give_the_same_text(self):
        self.assertEqual(self.text(self.model, "--weights", "mapped"), self.text(self.model))

    def test_a_prepared_model_gives_the_same_text(self):
        report = self.prepare()
        self.assertGreater(report["packed_tensors"], 0)
        self.assertEqual(report["stored_bytes"], self.prepared.stat().st_size)
        for words in ([], ["--weights", "mapped"], ["-t", 1], ["--activation", "f32"]):
            self.assertEqual(self.text(self.prepared, *words), self.text(self.model, *words))

    def test_it_needs_no_memory_for_weights(self):
        self.prepare()
        run = ("-p", "the cat", "-n", 1, "--temp", 0)
        self.assertGreater(self.json_of("run", self.model, *run)["memory"]["weight_bytes"], 0)
        self.assertEqual(self.json_of("run", self.prepared, *run)["memory"]["weight_bytes"], 0)

    def test_inspect_shows_the_model_that_it_is(self):
        self.prepare()
        original, prepared = (self.json_of("inspect", path) for path in (self.model, self.prepared))
        self.assertIn("rows16", prepared["prepared"])
        self.assertNotIn("prepared", original)
        for fact in ("architecture", "parameters", "weight_bytes", "bits_per_weight"):
            self.assertEqual(prepared[fact], original[fact])

    def test_it_is_not_converted(self):
        self.prepare()
        target = self.folder / "out.gguf"
        self.refuses("convert", self.prepared, target, says="start from the model that it was made from")
        self.assertFalse(target.exists())

    def test_kernels_that_want_rows_refuse_it(self):
        self.prepare()
        self.refuses("run", self.prepared, "-p", "a", environment={"ADZE_FORCE": "linear=ref"},
                     says="run the model that this one was prepared from")
        self.refuses("prepare", self.model, self.folder / "rows.adze", environment={"ADZE_FORCE": "linear=ref"},
                     says="nothing to prepare")

    def test_f32_activations_without_their_kernels_are_told_what_to_do(self):
        quantized = self.folder / "tiny_q8_0.gguf"
        self.adze("quantize", self.model, quantized, "--type", "q8_0")
        self.model = quantized
        self.prepare()
        scalar = {"ADZE_FORCE_ISA": "scalar"}
        self.adze("run", self.prepared, "-p", "a", "-n", 1, environment=scalar)
        self.refuses("run", self.prepared, "-p", "a", "--activation", "f32", environment=scalar,
                     says="choose 8-bit activations")

    def test_bad_models(self):
        self.refuses_bad_models("prepare", after=(self.folder / "out.adze",))


if __name__ == "__main__":
    unittest.main()
