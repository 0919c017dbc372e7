#!/usr/bin/env python3
"""adze chat, and adze run --chat."""
import json
import os
import pty
import re
import select
import signal
import subprocess
import time
import unittest

from program import ADZE, CANCELLED, FAILURE, USAGE, VerbTest, demo_model
from tiny_model import CHAT_TEMPLATE, write_tiny_model

GREEDY = ("-n", 6, "--temp", 0, "--ignore-end")


class Chat(VerbTest):
    def setUp(self):
        super().setUp()
        self.model = write_tiny_model(self.folder / "tiny.gguf")

    def answers(self, text, *words, **options):
        return self.adze("chat", self.model, *GREEDY, *words, stdin=text, **options).stdout

    def prompt_tokens(self, stderr):
        return [int(count) for count in re.findall(r"(?m)^Prompt +(\d+) tokens", stderr)]

    def test_answers_each_line(self):
        done = self.adze("chat", self.model, *GREEDY, "--stats", stdin="the cat\n\nthe dog\n")
        self.assertEqual(len(self.prompt_tokens(done.stderr)), 2)

    def test_feeds_only_what_is_new(self):
        long = "the cat " * 8
        done = self.adze("chat", self.model, *GREEDY, "--stats", stdin=f"{long}\na\n")
        first, second = self.prompt_tokens(done.stderr)
        self.assertLess(second, first)

    def test_the_cache_changes_no_answer(self):
        first = self.answers("the cat\n")
        both = self.answers("the cat\nthe dog\n")
        self.assertTrue(both.startswith(first))
        template = self.folder / "with_history.jinja"  # asks the second question with its history as one prompt
        history = json.dumps([{"role": "user", "content": "the cat"}, {"role": "assistant", "content": first[:-1]}])
        template.write_text(CHAT_TEMPLATE.replace("in messages", f"in {history} + messages"))
        self.assertEqual(self.answers("the dog\n", "--template", template), both.removeprefix(first))

    def test_a_model_that_is_truncated_while_it_runs_is_named(self):
        words = map(str, [ADZE, "chat", self.model, *GREEDY, "--weights", "mapped", "-t", 2])
        process = subprocess.Popen(words, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        process.stdin.write("the cat\n")
        process.stdin.flush()
        self.assertTrue(process.stdout.readline())  # it has answered, so it is loaded and waits
        os.truncate(self.model, 0)
        _, said = process.communicate("the dog\n", timeout=60)
        self.assertEqual(process.returncode, FAILURE, said)
        self.assertRegex(said, r"\Aerror: .*tiny.gguf: was changed or truncated while it was in use")

    def test_obeys_commands(self):
        fresh = self.answers("the dog\n")
        self.assertTrue(self.answers("the cat\n/clear\nthe dog\n").endswith(fresh))
        self.assertEqual(self.answers("/exit\nthe dog\n"), "")
        system = self.answers("/system be the cat\nthe dog\n")
        self.assertEqual(system, self.answers("the dog\n", "--system", "be the cat"))
        self.assertIn("/clear", self.adze("chat", self.model, stdin="/help\n").stderr)
        self.assertIn("no command /dance", self.adze("chat", self.model, stdin="/dance\n").stderr)

    def test_joins_lines_that_end_with_a_backslash(self):
        done = self.adze("chat", self.model, *GREEDY, "--stats", stdin="the\\\ncat\n")
        self.assertEqual(len(self.prompt_tokens(done.stderr)), 1)

    def test_forgets_the_oldest_turns_when_the_context_is_full(self):
        done = self.adze("chat", self.model, *GREEDY, "-c", 128, stdin="the cat sat on a mat\n" * 8)
        self.assertIn("the oldest turn is forgotten", done.stderr)

    def test_takes_another_template(self):
        template = self.folder / "odd.jinja"
        template.write_text("{{ messages[-1].content }}")
        alone = self.adze("run", self.model, "-p", "the cat", *GREEDY).stdout
        self.assertTrue(alone)
        self.answers("the cat\n", "--template", template)
        template.write_text("{% for %}")
        self.refuses("chat", self.model, "--template", template, says=r"odd\.jinja:1:\d+")
        template.write_text("{{ raise_exception('no system, please') }}")
        self.refuses("chat", self.model, "--template", template, stdin="a\n", says="no system, please")

    def test_run_answers_one_question(self):
        answer = self.adze("run", self.model, "--chat", "-p", "the dog", *GREEDY).stdout
        self.assertEqual(answer + "\n", self.answers("the dog\n"))
        self.refuses("run", self.model, "-p", "a", "--system", "b", status=USAGE, says="--system needs --chat")

    def test_refuses_bad_models(self):
        self.refuses_bad_models("chat")
        bare = self.folder / "bare.gguf"
        bare.write_bytes(self.model.read_bytes().replace(b"tokenizer.chat_template", b"tokenizer.chat_temqlate"))
        self.refuses("chat", bare, says="has no chat template; give one with --template")

    def test_ctrl_c_stops_the_answer_and_the_chat_goes_on(self):
        leader, follower = pty.openpty()
        process = subprocess.Popen([ADZE, "chat", self.model, "-n", "1000000000", "-c", "500000", "--ignore-end", "-t",
                                    "1"], stdin=follower, stdout=follower, stderr=follower,
                                   env={**os.environ, "TERM": "dumb"})
        os.close(follower)
        try:
            self.read_until(leader, b"> ")
            os.write(leader, b"the cat\n")
            self.read_until(leader, b"the cat\r\n", more=20)
            process.send_signal(signal.SIGINT)
            self.read_until(leader, b"\n> ")
            os.write(leader, b"/exit\n")
            self.assertEqual(process.wait(60), 0)
        finally:
            process.kill()
            process.wait()
            os.close(leader)

    def test_ctrl_c_at_the_prompt_leaves(self):
        leader, follower = pty.openpty()
        process = subprocess.Popen([ADZE, "chat", self.model], stdin=follower, stdout=follower, stderr=follower,
                                   env={**os.environ, "TERM": "dumb"})
        os.close(follower)
        try:
            self.read_until(leader, b"> ")
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.wait(60), CANCELLED)
        finally:
            process.kill()
            process.wait()
            os.close(leader)

    def read_until(self, leader, wanted, more=0):
        """Reads the terminal until `wanted` and `more` bytes behind it have come."""
        shown, end = b"", time.monotonic() + 60
        while wanted not in shown or len(shown) < shown.index(wanted) + len(wanted) + more:
            self.assertLess(time.monotonic(), end, shown)
            if select.select([leader], [], [], 1)[0]:
                shown += os.read(leader, 4096)
        return shown

    def test_the_demo_model_answers(self):
        done = self.adze("chat", demo_model(), "--temp", 0, "-n", 40, "--activation", "f32",
                         stdin="What is the capital of France?\n")
        self.assertIn("Paris", done.stdout)


if __name__ == "__main__":
    unittest.main()
