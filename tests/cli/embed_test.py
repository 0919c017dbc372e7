#!/usr/bin/env python3
"""adze embed, and what other verbs do with encoders."""
import json
import math
import unittest

from program import USAGE, VerbTest
from tiny_encoder import write_tiny_encoder
from tiny_model import write_tiny_model

WIDTH = 32
TEXTS = ["The cat, the dog!", "sea", "a cat and a dog by the sea."]


def length(vector):
    return math.sqrt(sum(number * number for number in vector))


class Embed(VerbTest):
    def setUp(self):
        super().setUp()
        self.model = write_tiny_encoder(self.folder / "tiny")

    def vectors(self, model, *words):
        return [row["embedding"] for row in self.json_of("embed", model, *words)["texts"]]

    def prompts(self, texts=TEXTS):
        return [word for text in texts for word in ("-p", text)]

    def test_prints_a_line_for_each_text(self):
        lines = self.adze("embed", self.model, *self.prompts()).stdout.splitlines()
        self.assertEqual([len(line.split()) for line in lines], [WIDTH] * len(TEXTS))
        printed = [[float(number) for number in line.split()] for line in lines]
        self.assertEqual(json.loads(json.dumps(printed)), printed)
        for found, expected in zip(printed, self.vectors(self.model, *self.prompts())):
            for a, b in zip(found, expected):
                self.assertAlmostEqual(a, b, places=6)

    def test_json_says_what_was_done(self):
        report = self.json_of("embed", self.model, *self.prompts())
        self.assertEqual((report["pooling"], report["normalized"], report["width"]), ("mean", True, WIDTH))
        self.assertEqual([row["text"] for row in report["texts"]], TEXTS)
        self.assertEqual([row["tokens"] for row in report["texts"]], [8, 3, 14])
        for row in report["texts"]:
            self.assertAlmostEqual(length(row["embedding"]), 1, places=5)
            self.assertFalse(row["truncated"])

    def test_the_model_or_the_options_decide(self):
        cls_model = write_tiny_encoder(self.folder / "cls", "bert_cls_pooling")
        report = self.json_of("embed", cls_model, "-p", "sea")
        self.assertEqual((report["pooling"], report["normalized"]), ("cls", False))  # without a Normalize module
        chosen = self.json_of("embed", cls_model, "-p", "sea", "--pooling", "last", "--normalize", "l2")
        self.assertEqual((chosen["pooling"], chosen["normalized"]), ("last", True))
        tokens = self.json_of("embed", cls_model, "-p", "sea", "--pooling", "none")["texts"][0]["embedding"]
        self.assertEqual([len(row) for row in tokens], [WIDTH] * 3)
        self.assertEqual(tokens[0], report["texts"][0]["embedding"])

    def test_texts_do_not_change_each_other(self):
        together = self.vectors(self.model, *self.prompts())
        self.assertEqual(self.vectors(self.model, *self.prompts(), "--batch", 1, "-t", 1), together)
        for text, vector in zip(TEXTS, together):
            self.assertEqual(self.vectors(self.model, "-p", text), [vector])

    def test_reads_lines_of_files(self):
        file = self.folder / "texts.txt"
        file.write_text("\r\n".join(TEXTS) + "\n\n")
        expected = self.vectors(self.model, *self.prompts())
        self.assertEqual(self.vectors(self.model, "--file", file), expected)
        found = self.json_of("embed", self.model, "--file", "-", stdin="\n".join(TEXTS))
        self.assertEqual([row["embedding"] for row in found["texts"]], expected)

    def test_long_texts_lose_their_end(self):
        done = self.adze("embed", self.model, "-p", "the " * 100, "-p", "sea", "--json")
        self.assertIn("1 of 2 texts have more than the 40 tokens", done.stderr)
        rows = json.loads(done.stdout)["texts"]
        self.assertEqual([(row["tokens"], row["truncated"]) for row in rows], [(40, True), (3, False)])
        self.assertEqual(self.vectors(self.model, "-p", "the " * 38), [rows[0]["embedding"]])

    def test_ranks(self):
        model = write_tiny_encoder(self.folder / "reranker", "bert_reranker")
        report = self.json_of("embed", model, "--query", "the sea", *self.prompts())
        self.assertEqual((report["pooling"], report["normalized"], report["width"]), ("rank", False, 1))
        scores = [row["scores"] for row in report["texts"]]
        self.assertEqual(len({score for [score] in scores}), len(TEXTS))
        gguf = self.folder / "reranker.gguf"
        self.adze("convert", model, gguf, "--dtype", "f32")
        again = self.json_of("embed", gguf, "--query", "the sea", *self.prompts())
        self.assertEqual([row["scores"] for row in again["texts"]], scores)
        labels = write_tiny_encoder(self.folder / "labels", "bert_three_labels")
        self.assertEqual(self.json_of("embed", labels, "-p", "sea")["width"], 3)

    def test_gguf_and_back(self):
        expected = self.vectors(self.model, *self.prompts())
        self.adze("convert", self.model, self.folder / "m.gguf", "--dtype", "f32")
        self.assertEqual(self.vectors(self.folder / "m.gguf", *self.prompts()), expected)
        self.adze("convert", self.folder / "m.gguf", self.folder / "back", "--to", "hf")
        self.assertEqual(self.vectors(self.folder / "back", *self.prompts()), expected)
        modules = json.loads((self.folder / "back" / "modules.json").read_text())
        self.assertEqual([module["type"].split(".")[-1] for module in modules], ["Transformer", "Pooling", "Normalize"])
        self.adze("convert", self.model, self.folder / "copy", "--to", "hf")
        for name in ("config.json", "modules.json", "1_Pooling/config.json", "tokenizer.json"):
            self.assertEqual((self.folder / "copy" / name).read_bytes(), (self.model / name).read_bytes(), name)

    def test_quantizes_and_measures(self):
        small = self.folder / "small.gguf"
        report = self.json_of("quantize", self.model, small, "--type", "Q4_0", "--card", "full")
        self.assertGreater(report["mean_cosine"], 0.9)
        self.assertLess(report["mean_cosine"], 1)
        behaviour = json.loads((self.folder / "small.gguf.card.json").read_text())["behaviour"]
        self.assertEqual(behaviour["mean_cosine"], report["mean_cosine"])
        self.assertLessEqual(behaviour["worst_cosine"], behaviour["median_cosine"])
        self.assertNotIn("mean_kl", behaviour)
        self.assertIsNone(behaviour["tokens_per_second"])
        self.assertGreater(behaviour["prompt_tokens_per_second"], 0)
        self.assertTrue(behaviour["worst_tensors"])
        page = (self.folder / "small.gguf.card.html").read_text()
        self.assertIn("How its vectors differ", page)
        text = self.folder / "text.txt"
        text.write_text(" ".join(TEXTS) * 20)
        measured = self.json_of("eval", small, "--ref", self.model, "--text", text)
        self.assertGreater(measured["mean_cosine"], 0.9)
        self.assertGreater(measured["compared_texts"], 3)
        same = self.json_of("eval", self.model, "--ref", self.model, "--text", text)
        self.assertAlmostEqual(same["worst_cosine"], 1, places=9)
        self.assertEqual(same["same_nearest"], 1)

    def test_models_that_predict_text(self):
        decoder = write_tiny_model(self.folder / "decoder.gguf")
        vectors = {}
        for pooling in ("last", "mean", "cls"):
            done = self.adze("embed", decoder, "-p", "the cat sat", "--pooling", pooling)
            vectors[pooling] = [float(word) for word in done.stdout.split()]
            self.assertAlmostEqual(sum(number * number for number in vectors[pooling]), 1, places=5)
        self.assertEqual(len({tuple(vector) for vector in vectors.values()}), 3)
        by_itself = self.adze("embed", decoder, "-p", "the cat sat")
        self.assertEqual([float(word) for word in by_itself.stdout.split()], vectors["last"])

    def test_says_what_is_wrong(self):
        self.refuses("embed", self.model, status=USAGE, says="give a text")
        self.refuses("embed", self.model, "-p", "a", "--file", "b", status=USAGE, says="not both")
        self.refuses("embed", self.model, "-p", "a", "--query", "b", status=USAGE, says="needs a model that ranks")
        self.refuses("embed", self.model, "-p", "a", "--pooling", "rank", says="needs a classifier")
        decoder = write_tiny_model(self.folder / "decoder.gguf")
        self.refuses("embed", decoder, "-p", "a", "--pooling", "rank", says="ranking by a model that predicts text")
        self.refuses("run", self.model, "-p", "a", says="an encoder")
        text = self.folder / "text.txt"
        text.write_text("the cat")
        self.refuses("eval", self.model, "--text", text, status=USAGE, says="--ref MODEL")
        self.refuses_bad_models("embed", after=("-p", "a"))

    def test_hostile_folders(self):
        def changed(name, file, change):
            model = write_tiny_encoder(self.folder / name)
            document = json.loads((model / file).read_text())
            change(document)
            (model / file).write_text(json.dumps(document))
            return model

        def refused(name, file, change, says):
            self.refuses("embed", changed(name, file, change), "-p", "a", says=says)

        refused("outside", "modules.json", lambda modules: modules[1].update(path="../../etc"), "leads out of the folder")
        refused("dense", "modules.json", lambda modules: modules[2].update(type="x.Dense"), "\"x.Dense\" is not supported")
        refused("shape", "modules.json", lambda modules: modules.append(3), "not a JSON object")
        pooling = "1_Pooling/config.json"
        refused("max", pooling, lambda c: c.update(pooling_mode_mean_tokens=False), "only the poolings mean, cls")
        refused("two", pooling, lambda c: c.update(pooling_mode_cls_token=True), "several poolings")
        refused("layers", "config.json", lambda c: c.update(num_hidden_layers=3), "blk.2.attn_q.weight")
        refused("heads", "config.json", lambda c: c.update(num_attention_heads=5), "attn_q.weight")
        refused("relu", "config.json", lambda c: c.update(hidden_act="relu"), "only \"gelu\" is known")
        refused("relative", "config.json", lambda c: c.update(position_embedding_type="relative_key"), "position_embedding_type")
        short = changed("short", "config.json", lambda c: c.update(max_position_embeddings=4000))
        self.assertEqual(self.json_of("embed", short, "-p", "the " * 100)["texts"][0]["tokens"], 40)


if __name__ == "__main__":
    unittest.main()
