#!/usr/bin/env python3
"""adze convert --transform and adze quantize --transform."""
import json
import unittest

from program import USAGE, VerbTest
from tiny_model import write_tiny_model

TEXT = "the cat and the dog and the bird sat there for a long while. " * 20


class Transforms(VerbTest):
    def setUp(self):
        super().setUp()
        self.model = write_tiny_model(self.folder / "tiny.gguf")
        self.text = self.folder / "text.txt"
        self.text.write_text(TEXT)

    def statistics(self):
        path = self.folder / "stats.gguf"
        if not path.exists():
            self.adze("calibrate", self.model, "--text", self.text, "-c", 64, "-o", path, "--hessians")
        return path

    def divergence(self, model):
        report = self.json_of("eval", model, "--ref", self.model, "--text", self.text, "--activation", "f32",
                              "--context", 64, "--chunks", 4)
        return report["mean_kl"]

    def tensors(self, model):
        return {t["name"]: t for t in self.json_of("inspect", model)["tensors"]}

    def test_a_rotated_model_computes_the_same(self):
        rotated = self.folder / "rotated.gguf"
        report = self.json_of("convert", self.model, rotated, "--transform", "rotate")
        self.assertEqual(report["fidelity"], "transformed")
        folds = {fold["what"]: fold for fold in report["folds"]}
        self.assertTrue(folds["residual stream"]["done"])
        self.assertIn("no longer", folds["output.weight"]["detail"])
        self.assertIn("output.weight", self.tensors(rotated))
        self.assertLess(self.divergence(rotated), 1e-6)
        self.assertEqual(self.json_of("inspect", rotated)["other"]["adze.transforms"], "rotate")

    def test_rotates_into_hugging_face_and_back(self):
        there, back = self.folder / "hf", self.folder / "back.gguf"
        self.adze("convert", self.model, there, "--transform", "rotate", "--set", "rotate.seed=7")
        self.assertFalse(json.loads((there / "config.json").read_text()).get("tie_word_embeddings", False))
        self.adze("convert", there, back)
        self.assertLess(self.divergence(back), 1e-6)

    def test_seeds_give_other_models(self):
        files = [self.folder / f"{i}.gguf" for i in range(3)]
        for path, seed, threads in zip(files, (1, 1, 2), (1, 3, 1)):
            self.adze("convert", self.model, path, "--transform", "rotate", "--set", f"rotate.seed={seed}", "-t", threads)
        one, same, other = ({t["name"] for t in self.json_of("inspect", path)["tensors"]} and path.read_bytes() for path in files)
        self.assertEqual(one, same)
        self.assertNotEqual(one, other)

    def test_quantizes_what_was_transformed(self):
        made = {}
        for name, words in {"plain": [], "awq": ["--transform", "awq"], "rotate": ["--transform", "rotate"],
                            "both": ["--transform", "rotate", "--transform", "awq", "--quantizer", "gptq"]}.items():
            target = self.folder / f"{name}.gguf"
            words = ["--type", "Q4_0", "--imatrix", self.statistics(), *words]
            report = self.json_of("quantize", self.model, target, *words)
            made[name] = target.read_bytes()
            self.adze("quantize", self.model, target, *words, "-t", 3)
            self.assertEqual(target.read_bytes(), made[name])
            self.assertTrue(0 < self.divergence(target) < 1, name)
            self.assertEqual("folds" in report, name != "plain")
            self.assertTrue(all(t["from"] == "f32" for t in report["tensors"]))
        self.assertEqual(len(set(made.values())), len(made))

    def test_shows_what_was_folded(self):
        text = self.adze("quantize", self.model, self.folder / "s.gguf", "--type", "Q4_0", "--imatrix",
                         self.statistics(), "--transform", "awq").stdout
        self.assertRegex(text, r"Transforms +awq")
        self.assertRegex(text, r"awq +blk\.\*\.attn_norm\.weight -> blk\.\*\.attn_q\.weight, .*yes +\d +-\d+\.\d %")
        self.assertRegex(text, r"output_norm\.weight -> token_embd\.weight +no .*'token_embd\.weight' is used in several places")

    def test_says_beforehand_what_would_be_written(self):
        out = self.folder / "out.gguf"
        words = ("quantize", self.model, out, "--type", "Q4_0", "--transform", "rotate", "--transform", "awq",
                 "--imatrix", self.statistics())
        plan = self.json_of(*words, "--dry-run")
        self.assertFalse(out.exists())
        report = self.json_of(*words)
        self.assertEqual(plan["stored_bytes"], out.stat().st_size)
        self.assertEqual([t["bytes"] for t in plan["tensors"]], [t["bytes"] for t in report["tensors"]])

    def test_recipes_remember_transforms(self):
        first, again, recipe = (self.folder / name for name in ("m.gguf", "a.gguf", "r.json"))
        self.adze("quantize", self.model, first, "--type", "Q4_0", "--transform", "rotate", "--set", "rotate.seed=5",
                  "--save-recipe", recipe)
        self.assertEqual(json.loads(recipe.read_text())["transforms"], [{"name": "rotate", "set": ["seed=5"]}])
        self.adze("quantize", self.model, again, "--recipe", recipe)
        old, new = (self.json_of("inspect", path)["tensors"] for path in (first, again))
        self.assertEqual(old, new)
        self.adze("quantize", self.model, again, "--type", "Q4_0", "--imatrix", self.statistics(), "--transform", "awq",
                  "--transform", "rotate", "--save-recipe", recipe)
        self.adze("quantize", self.model, first, "--recipe", recipe, "--imatrix", self.statistics(), "--quantizer",
                  "importance")
        self.assertEqual(*({t["name"]: t["type"] for t in self.tensors(path).values()} for path in (first, again)))
        changed = json.loads(recipe.read_text())
        changed["transforms"] = [{"name": "turn"}]
        recipe.write_text(json.dumps(changed))
        self.refuses("quantize", self.model, again, "--recipe", recipe, says="known are rotate, awq")

    def test_recipes_go_to_mlx(self):
        recipe = self.folder / "r.mlx.json"
        self.adze("quantize", self.model, self.folder / "m.gguf", "--type", "Q4_0", "--output-type", "q8_0",
                  "--save-recipe", recipe)
        block = json.loads(recipe.read_text())["quantization"]
        self.assertEqual((block["mode"], block["bits"], block["group_size"]), ("affine", 4, 32))
        self.assertEqual(block["model.embed_tokens"], {"group_size": 32, "bits": 8, "mode": "affine"})
        wide = self.folder / "wide.gguf"
        self.adze("make-model", wide, "--type", "F16")
        self.refuses("quantize", wide, self.folder / "w.gguf", "--type", "Q4_K_M", "--save-recipe", recipe,
                     says="MLX has no equal for .*q4_k")

    def test_refuses_what_makes_no_sense(self):
        out = self.folder / "out.gguf"
        self.refuses("quantize", self.model, out, "--transform", "turn", says="known are rotate, awq")
        self.refuses("quantize", self.model, out, "--transform", "awq", says="adze calibrate")
        self.refuses("quantize", self.model, out, "--set", "rotate.seed=1", says="not --transform rotate")
        self.refuses("quantize", self.model, out, "--transform", "rotate", "--set", "rotate.sed=1", says="it has kind")
        self.refuses("convert", self.model, out, "--transform", "awq", says="adze quantize")
        self.refuses("convert", self.model, out, "--transform", "rotate", "--exact", says="exact copy")
        self.refuses("convert", self.model, out, "--set", "damping=1", says="no parameter of a transform")
        small = self.folder / "small.gguf"
        self.adze("quantize", self.model, small, "--type", "Q8_0")
        self.refuses("convert", small, out, "--transform", "rotate", says="--dtype")
        self.adze("convert", small, out, "--transform", "rotate", "--dtype", "f16")
        self.refuses("convert", self.model, out, "--transform", status=USAGE, says="--transform")


if __name__ == "__main__":
    unittest.main()
