#!/usr/bin/env python3
"""adze serve: what `/` says to whom, and what is told of models to people."""
import json
import subprocess
import unittest
from pathlib import Path

from program import ADZE
from serve_case import Served
from served import Server
from tiny_model import write_tiny_model

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


class Page(Served):
    @classmethod
    def start(cls):
        cls.small = cls.home / "small.gguf"
        cls.bare = write_tiny_model(cls.home / "bare.gguf", seed=2)
        subprocess.run([ADZE, "quantize", cls.model, cls.small, "--type", "q4_0", "--card", "full"], check=True, capture_output=True)
        return Server(cls.small, cls.model, cls.bare, "-c", 256)

    def test_programs_learn_that_it_runs(self):
        for accept in ({}, {"Accept": "*/*"}, {"Accept": "application/json"}):
            status, headers, text = self.server.ask("GET", "/", **accept)
            self.assertEqual((status, headers["Content-Type"], headers["Vary"]), (200, "text/plain; charset=utf-8", "Accept"))
            self.assertRegex(text, "^Adze is running")
        self.assertEqual(self.server.ask("HEAD", "/")[0], 200)

    def test_browsers_get_the_page_or_learn_why_there_is_none(self):
        status, headers, text = self.server.ask("GET", "/", Accept=BROWSER)
        self.assertEqual(status, 200)
        if headers["Content-Type"].startswith("text/plain"):
            self.assertRegex(text, r"built without the web page: .*; then build again")
            self.skipTest("the program was built without the web page")
        self.assertRegex(text, r"^<!doctype html>")
        policy = headers["Content-Security-Policy"]
        self.assertIn("default-src 'none'; script-src 'sha256-", policy)
        self.assertNotIn("unsafe", policy)
        self.assertEqual(headers["X-Content-Type-Options"], "nosniff")

    def entries(self):
        return {entry["name"]: entry for entry in self.server.get("/models/cards")["models"]}

    def test_cards(self):
        small, tiny = (self.entries()[name] for name in ("small", "tiny"))
        self.assertEqual((small["loaded"], tiny["loaded"], small["context"], tiny["card"]), (True, False, 256, None))
        self.assertEqual(small["bytes"], self.small.stat().st_size)
        self.assertEqual(small["weights"], tiny["weights"])
        self.assertLess(small["bits_per_weight"], tiny["bits_per_weight"])
        written = json.loads(Path(f"{self.small}.card.json").read_text())
        card = small["card"]
        self.assertEqual((card["mean_kl"], card["type"]), (written["behaviour"]["mean_kl"], written["recipe"]["type"]))
        self.assertEqual(card["source"], "tiny.gguf")
        self.assertNotIn(str(self.home), json.dumps(small), "where files lie concerns nobody")

    def test_cards_that_are_none(self):
        card = Path(f"{self.bare}.card.json")
        for text in ("", "{", "[]", "{}", '{"adze_card": 99}', '{"adze_card": 1}', "[" * 100000,
                     '{"adze_card": 1, "behaviour": 3, "recipe": {"type": {"x": 1}}, "source": {"path": ["x"]}}'):
            card.write_text(text)
            entry = self.entries()["bare"]
            if '"adze_card": 1' in text:
                self.assertEqual(entry["card"], {}, text)
            else:
                self.assertEqual((entry["card"], entry["card_problem"]), (None, "bare.gguf.card.json cannot be read as a quality card"), text)
        card.unlink()
        self.assertNotIn("card_problem", self.entries()["bare"])


if __name__ == "__main__":
    unittest.main()
