#!/usr/bin/env python3
"""bench/peers.py and bench/cost_growth.py, with a peer that is made up."""
import os
import subprocess
import sys
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from program import ADZE, VerbTest
from tiny_model import write_tiny_model

BENCH = Path(__file__).resolve().parents[2] / "bench"
# Answers as llama-bench does: one record for the prompt, one for the generation.
FAKE_LLAMA_BENCH = """#!/bin/sh
echo "$@" >> "$(dirname "$0")/calls"
echo '[{"n_prompt": 4, "n_gen": 0, "avg_ts": 0.5}, {"n_prompt": 0, "n_gen": 2, "avg_ts": 0.25}]'
"""


class BenchScripts(VerbTest):
    def setUp(self):
        super().setUp()
        self.model = write_tiny_model(self.folder / "tiny.gguf")
        self.llama = self.folder / "llama"
        self.llama.mkdir()
        for name, text in (("llama-bench", FAKE_LLAMA_BENCH), ("llama-completion", "#!/bin/sh\necho version: 7\n")):
            (self.llama / name).write_text(text)
            os.chmod(self.llama / name, 0o755)

    def script(self, name, *words, status=0):
        command = [sys.executable, BENCH / name, "--adze", ADZE, *words]
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, status, done.stderr)
        return done

    def peers(self, *words, **options):
        return self.script("peers.py", "--files", self.model, "--llama", self.llama, "--rounds", 2, "--prompt", 4,
                           "--generate", 2, "--threads", 1, *words, **options)

    def test_tells_ratios_in_turns(self):
        out = self.folder / "table.txt"
        text = self.peers("--out", out, "--depths", "0,3", "--kv", "f16").stdout
        self.assertRegex(text, r"tiny\.gguf +1 +0 +f16 +prompt 4 .*0\.5 ± 0\.0 +[0-9.]+x")
        self.assertRegex(text, r"tiny\.gguf +1 +3 +f16 +generate 2 .*0\.2 ± 0\.0 +[0-9.]+x +[0-9]+ % +[0-9.]+ +[0-9]+ %")
        self.assertIn("llama.cpp  version: 7", text)
        self.assertEqual(out.read_text().strip(), text.split("\nkept in")[0].strip())
        calls = (self.llama / "calls").read_text().splitlines()
        self.assertEqual(len(calls), 4)  # two depths, two rounds
        self.assertIn("-d 3", calls[-1])

    def test_measures_beside_busy_processes(self):
        text = self.peers("--busy", "--depths", 0, "--out", "-").stdout
        self.assertRegex(text, r"idle .* 100\.0 % ")
        self.assertRegex(text, r"beside 2 busy .* [0-9.]+ % ")

    def test_measures_the_start(self):
        self.assertRegex(self.peers("--start", "--depths", 0, "--out", "-").stdout, r"one token .* [0-9.]+x")

    def test_draws_how_cost_grows(self):
        out = self.folder / "growth.svg"
        text = self.script("cost_growth.py", self.model, "--depths", "0,4,8", "--batches", "1,2", "--generate", 2,
                           "--rounds", 1, "--threads", 1, "--out", out).stdout
        self.assertRegex(text, r"(?m)^ +8 +[0-9.]+ ms")
        drawing = ElementTree.parse(out).getroot()
        lines = drawing.findall(".//{http://www.w3.org/2000/svg}polyline")
        self.assertEqual([len(line.get("points").split()) for line in lines], [3, 2])

    def test_says_what_is_missing(self):
        self.assertIn("make peers", self.peers("--llama", self.folder / "none", status=1).stderr)
        (self.llama / "llama-bench").write_text("#!/bin/sh\necho no such file >&2; exit 1\n")
        self.assertIn("no such file", self.peers("--out", "-", "--depths", 0, status=1).stderr)


if __name__ == "__main__":
    unittest.main()
