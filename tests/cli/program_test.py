#!/usr/bin/env python3
"""What holds for the program as a whole: help, versions, exit codes, colours, terminals, interrupts."""
import os
import pty
import re
import subprocess
import sys
import unittest

from program import ADZE, ESCAPE, ROOT, SUCCESS, USAGE, VerbTest, FAILURE
from tiny_model import write_tiny_model


def on_a_terminal(*words, **environment):
    """(exit status, everything shown) of a run whose stdout and stderr are a terminal."""
    leader, follower = pty.openpty()
    process = subprocess.Popen([ADZE, *map(str, words)], stdout=follower, stderr=follower, stdin=subprocess.DEVNULL,
                               env={**{k: v for k, v in os.environ.items() if k != "NO_COLOR"}, "TERM": "xterm", **environment})
    os.close(follower)
    shown = b""
    while True:
        try:
            piece = os.read(leader, 65536)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        shown += piece
    os.close(leader)
    return process.wait(), shown.decode()


class Program(VerbTest):
    def verbs(self):
        return re.findall(r"^  ([a-z]+)  ", self.adze("--help").stdout, re.M)

    def test_lists_its_verbs(self):
        self.assertLessEqual({"inspect", "list", "doctor"}, set(self.verbs()))

    def test_every_verb_has_help_with_examples_and_exit_codes(self):
        for verb in self.verbs():
            text = self.adze(verb, "--help").stdout
            self.assertRegex(text, rf"(?m)^Usage: adze {verb} ")
            self.assertRegex(text, rf"(?m)^Examples:\n  adze {verb}")
            self.assertIn("Exit status: 0 success, 1 error, 2 wrong usage, 3 not found", text)
            self.assertEqual(self.adze("help", verb).stdout, text)
            self.assertLessEqual(max(map(len, text.split("\n"))), 100)

    def test_every_verb_refuses_unknown_options(self):
        for verb in self.verbs():
            self.refuses(verb, "--no-such-option", status=USAGE, says="unknown option '--no-such-option'")

    def test_the_page_of_the_command_line_is_current(self):
        page = (ROOT / "docs" / "cli.md").read_text()
        self.assertEqual(self.adze("--help-page").stdout, page, "renew it: adze --help-page > docs/cli.md")

    def test_the_page_of_what_conversions_do_is_current(self):
        check = subprocess.run([sys.executable, ROOT / "tools" / "make_exactness.py", "--check"], text=True,
                               capture_output=True, env={**os.environ, "ADZE": ADZE})
        self.assertEqual((check.returncode, check.stdout), (0, ""), check.stderr)

    def test_shows_its_version(self):
        self.assertRegex(self.adze("--version").stdout, r"\Aadze \d+\.\d+\.\d+\n\Z")

    def test_no_verb_is_wrong_usage(self):
        done = self.adze(status=USAGE)
        self.assertIn("Usage: adze VERB", done.stderr)
        self.refuses("inspct", status=USAGE, says="unknown verb 'inspct'; did you mean 'inspect'")
        self.refuses("--frobnicate", status=USAGE, says="unknown option")

    def test_completion_is_a_shell_script(self):
        script = self.adze("--completion").stdout
        check = subprocess.run(["bash", "-n"], input=script, text=True, capture_output=True)
        self.assertEqual((check.returncode, check.stderr), (0, ""))
        self.assertIn("--tensors", script)

    def test_colours_only_on_a_terminal_that_wants_them(self):
        model = write_tiny_model(self.folder / "tiny.gguf")
        status, shown = on_a_terminal("inspect", model)
        self.assertEqual(status, SUCCESS)
        self.assertIn("\x1b[1mTiny\x1b[0m", shown)
        for setting in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
            status, shown = on_a_terminal("inspect", model, **setting)
            self.assertEqual(status, SUCCESS)
            self.assertIsNone(ESCAPE.search(shown.replace("\r\n", "\n")))

    def test_says_so_when_the_output_cannot_be_written(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run([ADZE, "list", "codecs"], stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, FAILURE)
        self.assertRegex(done.stderr, r"\Aerror: cannot write to the standard output")
        model = write_tiny_model(self.folder / "tiny.gguf")
        with open("/dev/full", "w") as full:
            done = subprocess.run([ADZE, "inspect", model, "--json"], stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertEqual((done.returncode, done.stderr.count("error:")), (FAILURE, 1))

    def test_refuses_an_unknown_instruction_set(self):
        self.refuses("doctor", environment={"ADZE_FORCE_ISA": "mmx"}, says="ADZE_FORCE_ISA")


if __name__ == "__main__":
    unittest.main()
