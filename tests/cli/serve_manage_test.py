#!/usr/bin/env python3
"""adze serve: models that an operator fetches, renames and drops while it runs."""
import json
import os
import unittest
from unittest import mock

from hub_server import Hub
from program import VerbTest
from served import Server
from tiny_model import write_tiny_model


class Manage(VerbTest):
    def setUp(self):
        super().setUp()
        self.model = write_tiny_model(self.folder / "tiny.gguf")
        other = write_tiny_model(self.folder / "other.gguf", seed=5)
        self.hub = Hub({"owner/gguf": {"README.md": b"# tiny", "tiny-Q8_0.gguf": other.read_bytes()}})
        self.addCleanup(self.hub.close)
        config = self.folder / "server.json"
        self.keys = {name.split(":")[0]: self.adze("serve", "--config", config, "--add-key", name).stdout.strip()
                     for name in ("bob:operator", "alice")}
        environment = {"HF_ENDPOINT": self.hub.hub_url, "HF_HUB_CACHE": str(self.folder / "cache"), "HF_TOKEN": "", "HF_HUB_OFFLINE": "",
                       "no_proxy": "127.0.0.1", "http_proxy": ""}
        with mock.patch.dict(os.environ, environment):
            self.server = Server(self.model, "--config", config, "-c", 256)
        self.addCleanup(self.server.stop)

    def ask(self, method, path, body, who="bob"):
        status, _, text = self.server.ask(method, path, body, Authorization=f"Bearer {self.keys[who]}")
        return status, [json.loads(line) for line in text.splitlines()]

    def names(self):
        return [model["name"] for model in self.ask("GET", "/api/tags", None)[1][0]["models"]]

    def complete(self, model):
        return self.ask("POST", "/v1/completions", {"model": model, "prompt": "the", "max_tokens": 8, "temperature": 0}, "alice")[0]

    def test_fetches_a_model_and_serves_it(self):
        name = "hf.co/owner/gguf:Q8_0"
        status, lines = self.ask("POST", "/api/pull", {"model": name})
        self.assertEqual((status, lines[0], lines[-1]), (200, {"status": "pulling manifest"}, {"status": "success"}))
        self.assertTrue(all(line["completed"] <= line["total"] for line in lines[1:-1]))
        self.assertEqual(self.names(), ["tiny", name])
        answer = self.ask("POST", "/v1/completions", {"model": name, "prompt": "the", "max_tokens": 8, "temperature": 0}, "alice")[1][0]
        expected = self.json_of("run", self.folder / "other.gguf", "-p", "the", "-n", 8, "--temp", 0, "-t", 1)["text"]
        self.assertEqual(answer["choices"][0]["text"], expected)
        self.assertEqual(self.ask("POST", "/api/pull", {"model": name, "stream": False}), (200, [{"status": "success"}]))
        self.assertEqual(self.names(), ["tiny", name])

    def test_says_what_went_wrong(self):
        for name, says in (("llama3", "no model of the Hugging Face hub"), ("hf.co/../x", "hf:")):
            status, lines = self.ask("POST", "/api/pull", {"model": name})
            self.assertEqual(status, 400, lines)
            self.assertIn(says, lines[0]["error"])
        status, lines = self.ask("POST", "/api/pull", {"model": "hf.co/owner/none"})
        self.assertEqual((status, list(lines[-1])), (200, ["error"]))
        self.assertEqual(self.ask("POST", "/api/pull", {"model": "hf.co/owner/none", "stream": False})[0], 404)
        self.assertEqual(self.names(), ["tiny"])
        self.assertEqual(self.ask("POST", "/api/push", {"model": "x"})[0], 400)

    def test_only_operators_may(self):
        for method, path in (("POST", "/api/pull"), ("POST", "/api/copy"), ("DELETE", "/api/delete"), ("POST", "/api/create")):
            self.assertEqual(self.ask(method, path, {"model": "hf.co/owner/gguf"}, "alice")[0], 403, path)

    def test_names_and_drops(self):
        self.assertEqual(self.ask("POST", "/api/copy", {"source": "tiny", "destination": "again"})[0], 200)
        self.assertEqual(self.names(), ["tiny", "again"])
        self.assertEqual(self.complete("again"), 200)
        self.assertEqual(self.ask("POST", "/api/copy", {"source": "tiny", "destination": "again"})[0], 400)
        self.assertEqual(self.ask("POST", "/api/copy", {"source": "none", "destination": "more"})[0], 404)
        self.assertEqual(self.ask("DELETE", "/api/delete", {"model": "none"})[0], 404)
        self.assertEqual(self.ask("DELETE", "/api/delete", {"model": "again"})[0], 200)
        self.assertEqual(self.names(), ["tiny"])
        self.assertEqual(self.ask("DELETE", "/api/delete", {"model": "tiny"})[0], 409)
        self.assertEqual(self.complete("tiny"), 200)
        self.assertTrue(self.model.exists())


if __name__ == "__main__":
    unittest.main()
