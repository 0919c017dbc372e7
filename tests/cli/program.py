"""Runs adze as a user or a script does and checks what every verb must keep to."""
import json
import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
ADZE = os.environ.get("ADZE", str(ROOT / "build" / "release" / "adze"))
SHARED = ROOT.parent / "shared"
ESCAPE = re.compile(r"\x1b|\r")

SUCCESS, FAILURE, USAGE, UNAVAILABLE, CANCELLED = 0, 1, 2, 3, 130


class VerbTest(unittest.TestCase):
    """A folder of its own for each test, and checks of exit status, output and manners."""

    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)

    def adze(self, *words, status=SUCCESS, stdin="", environment=None, timeout=300):
        """Runs adze with pipes; no escape code may appear, whatever the status."""
        done = subprocess.run([ADZE, *map(str, words)], input=stdin, capture_output=True, text=True, timeout=timeout,
                              encoding="utf-8", errors="surrogateescape", env={**os.environ, **(environment or {})})
        self.assertEqual(done.returncode, status, f"adze {' '.join(map(str, words))}\n{done.stdout}\n{done.stderr}")
        self.assertIsNone(ESCAPE.search(done.stdout + done.stderr), "escape codes in a pipe")
        return done

    def json_of(self, *words, **options):
        return json.loads(self.adze(*words, "--json", **options).stdout)

    def refuses(self, *words, status=FAILURE, says="", **options):
        """One line `error: …` on stderr, nothing on stdout; with --json the error is the document on stdout."""
        done = self.adze(*words, status=status, **options)
        self.assertRegex(done.stderr, r"\Aerror: \S")
        self.assertNotRegex(done.stderr, r"terminate called|what\(\)|0x[0-9a-f]{6}")
        self.assertRegex(done.stderr, says or "error")
        if "--json" in words:
            error = json.loads(done.stdout)["error"]
            self.assertRegex(error["message"], says or ".")
            self.assertTrue(error["code"])
        else:
            self.assertEqual(done.stdout, "")
        return done

    def refuses_bad_models(self, *words_before, after=()):
        """What any verb that reads a model says to things that are none."""
        missing = self.folder / "nothing_here.gguf"
        self.refuses(*words_before, missing, *after, status=UNAVAILABLE, says="nothing_here.gguf: no such file")
        empty = self.folder / "empty_folder"
        empty.mkdir()
        self.refuses(*words_before, empty, *after, says="not a model")
        text = self.folder / "letter.txt"
        text.write_text("Dear reader,\n")
        self.refuses(*words_before, text, *after, says="not a model")
        truncated = self.folder / "truncated.gguf"
        truncated.write_bytes(b"GGUF\x03\x00\x00\x00\xff")
        self.refuses(*words_before, truncated, *after, says="truncated.gguf")


def shared(path):
    """A file of the shared data, or a visible skip."""
    if not (SHARED / path).exists():
        raise unittest.SkipTest(f"needs ../shared/{path}")
    return SHARED / path


def demo_model():
    """The demo's model in the cache, or a visible skip."""
    home = Path(os.environ.get("HOME", "."))
    cache = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache") / "adze"
    found = sorted((Path(os.environ.get("ADZE_CACHE") or cache) / "models").glob("SmolLM2-135M-Instruct.*.gguf"))
    if not found:
        raise unittest.SkipTest("needs the demo's model (make demo)")
    return found[0]
