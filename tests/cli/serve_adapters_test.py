#!/usr/bin/env python3
"""adze serve --lora: adapters that requests choose, each answer as if its adapter were applied to the whole model."""
import concurrent.futures
import json
import unittest

from adapters_test import write_adapter
from program import USAGE, VerbTest
from served import Server
from tiny_model import write_tiny_model

GREEDY = {"temperature": 0, "ignore_eos": True, "max_tokens": 24}
PROMPT = "the cat and the dog and the bird sat there for a long while"


class Adapters(VerbTest):
    def setUp(self):
        super().setUp()
        self.model = write_tiny_model(self.folder / "tiny.gguf")
        self.first = write_adapter(self.folder / "first")
        self.second = write_adapter(self.folder / "second", seed=6)

    def said(self, *adapters):
        words = [word for adapter in adapters for word in ("--adapter", adapter)]
        return self.json_of("run", self.model, "-p", PROMPT, "-n", 24, "--temp", 0, "--ignore-eos", *words)["text"]

    def serve(self, *words):
        server = Server(*words)
        self.addCleanup(server.stop)
        return server

    def serve_both(self):
        return self.serve(self.model, "--lora", f"loud={self.first}", "--lora", f"soft={self.second},0.5")

    def test_requests_choose(self):
        server = self.serve_both()
        plain, loud, soft = self.said(), self.said(self.first), self.said(f"{self.second}:0.5")
        both = self.said(f"{self.first}:0.25", self.second)
        self.assertEqual(len({plain, loud, soft, both}), 4)
        wishes = [({"model": "tiny"}, plain), ({"model": "loud"}, loud), ({"model": "tiny:soft"}, soft), ({}, plain),
                  ({"lora": [{"id": 1, "scale": 0.5}]}, soft), ({"model": "loud", "lora": []}, plain),
                  ({"lora": [{"id": 1, "scale": 1}, {"id": 0, "scale": 0.25}]}, both)]

        def answer(wish):
            return server.post("/v1/completions", {"prompt": PROMPT, **GREEDY, **wish})["choices"][0]["text"]
        for wish, expected in wishes:
            self.assertEqual(answer(wish), expected, wish)
        with concurrent.futures.ThreadPoolExecutor(len(wishes) * 2) as pool:  # together, on shared pages
            for (wish, expected), found in zip(wishes * 2, pool.map(answer, [wish for wish, _ in wishes * 2])):
                self.assertEqual(found, expected, wish)
        native = {"prompt": PROMPT, "n_predict": 24, "temperature": 0, "ignore_eos": True, "lora": [{"id": 0, "scale": 1}]}
        self.assertEqual(server.post("/completion", native)["content"], loud)

    def test_lists_them(self):
        server = self.serve_both()
        models = server.get("/v1/models")["data"]
        self.assertEqual([(model["id"], model.get("parent")) for model in models],
                         [("tiny", None), ("loud", "tiny"), ("soft", "tiny")])
        self.assertEqual(server.get("/v1/models/soft")["parent"], "tiny")
        self.assertEqual(server.get("/lora-adapters"), [{"id": 0, "name": "loud", "path": "first", "scale": 0},
                                                        {"id": 1, "name": "soft", "path": "second", "scale": 0}])
        self.assertEqual(server.ask("POST", "/lora-adapters", [{"id": 0, "scale": 1}])[0], 403)

    def test_an_operator_changes_what_requests_get_that_choose_none(self):
        config = self.folder / "server.json"
        config.write_text(json.dumps({"models": [{"path": "tiny.gguf", "adapters": [
            {"name": "loud", "path": "first"}, {"path": "second", "scale": 0.5}]}]}))
        key = self.adze("serve", "--config", config, "--add-key", "me:operator").stdout.strip()
        server = self.serve("--config", config)

        def text(**wish):
            body = {"prompt": PROMPT, **GREEDY, **wish}
            return server.post("/v1/completions", body, x_api_key=key)["choices"][0]["text"]
        self.assertEqual(text(model="second"), self.said(f"{self.second}:0.5"))
        listed = server.post("/lora-adapters", [{"id": 1, "scale": 2}], x_api_key=key)
        self.assertEqual([adapter["scale"] for adapter in listed], [0, 2])
        self.assertEqual(text(), self.said(f"{self.second}:2"))
        self.assertEqual(text(model="loud"), self.said(self.first))
        self.assertEqual(text(lora=[]), self.said())
        for wrong in ([{"id": 2, "scale": 1}], [{"id": 0}], [{"id": 0, "scale": "x"}], {"id": 0}, "not JSON"):
            self.assertEqual(server.ask("POST", "/lora-adapters", wrong, x_api_key=key)[0], 400, wrong)

    def test_refuses_what_is_not_there(self):
        server = self.serve_both()
        for wish, status in (({"model": "tiny:none"}, 404), ({"lora": [{"id": 2, "scale": 1}]}, 400), ({"lora": [{"id": 0}]}, 400),
                             ({"lora": [{"id": 0, "scale": 1}, {"id": 0, "scale": 1}]}, 400), ({"lora": 3}, 400)):
            got, _, text = server.ask("POST", "/v1/completions", {"prompt": PROMPT, **GREEDY, **wish})
            self.assertEqual(got, status, (wish, text))
        whole = write_adapter(self.folder / "dora", {"use_dora": True})
        self.refuses("serve", self.model, "--log", "none", "--lora", "first", status=USAGE, says="NAME=PATH")
        self.refuses("serve", self.model, "--log", "none", "--lora", f"a={self.folder}/none", status=3, says="no such file")
        self.refuses("serve", self.model, "--log", "none", "--lora", f"tiny={self.first}", says="two models or adapters are called 'tiny'")
        self.refuses("serve", self.model, "--port", 0, "--log", "none", "--lora", f"a={whole}", says="DoRA|magnitude")


if __name__ == "__main__":
    unittest.main()
