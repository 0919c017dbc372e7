#!/usr/bin/env python3
"""adze run."""
import os
import re
import signal
import subprocess
import time
import unittest

from program import ADZE, CANCELLED, USAGE, VerbTest, demo_model
from tiny_model import write_tiny_model


class Run(VerbTest):
    def setUp(self):
        super().setUp()
        self.model = write_tiny_model(self.folder / "tiny.gguf")

    def text(self, *words, **options):
        return self.adze("run", self.model, *words, **options).stdout

    def test_prints_only_the_continuation_and_greedy_is_deterministic(self):
        first = self.text("-p", "the cat", "-n", 20, "--temp", 0, "--ignore-end")
        self.assertTrue(first)
        self.assertNotIn("the cat", first)
        for threads in (1, 2):
            self.assertEqual(self.text("-p", "the cat", "-n", 20, "--temp", 0, "--ignore-end", "-t", threads), first)
        self.assertEqual(self.adze("run", self.model, "-p", "the cat", "-n", 4).stderr, "")

    def test_a_seed_decides(self):
        def sample(seed):
            return self.text("-p", "the", "-n", 12, "--temp", 2, "--top-k", 0, "--seed", seed)
        self.assertEqual(sample(7), sample(7))
        self.assertGreater(len({sample(seed) for seed in range(6)}), 1)

    def test_samplers_take_effect(self):
        def tokens(**options):
            words = [word for name, value in options.items() for word in ("--" + name.replace("_", "-"), value)]
            return self.json_of("run", self.model, "-p", "the", "-n", 24, "--seed", 3, "--ignore-end", *words)["tokens"]

        def hot(**options):
            return tokens(**{"temp": 3, "top_k": 0, "top_p": 1, "min_p": 0, **options})
        greedy = tokens(temp=0)
        self.assertNotEqual(hot(), greedy)
        for narrow in ({"top_k": 1}, {"top_p": 1e-9}, {"min_p": 1}, {"mirostat": 2, "mirostat_ent": 0}):
            self.assertEqual(hot(**narrow), greedy, narrow)
        self.assertEqual(hot(top_k=1, samplers="temperature"), hot(samplers="temperature"))
        for changes in ({"typical": 0.2}, {"top_nsigma": 0.5}, {"xtc_probability": 1, "xtc_threshold": 0.01},
                        {"dynatemp_range": 2.5}, {"presence_penalty": 5}, {"frequency_penalty": 5}, {"mirostat": 1},
                        {"samplers": "temperature;adaptive_p", "adaptive_target": 0.9}):
            self.assertNotEqual(hot(**changes), hot(), changes)
        repeated = max(set(greedy), key=greedy.count)
        self.assertNotIn(repeated, tokens(temp=0, logit_bias=f"{repeated}-inf"))
        self.assertEqual(tokens(temp=0, logit_bias="7+1000"), [7] * 24)
        dry = tokens(temp=0, logit_bias="7+50", dry_multiplier=100, dry_sequence_breaker="none")
        self.assertLess(dry.count(7), 24)

    def test_biases_of_texts(self):
        ids = self.json_of("tokenize", self.model, "cat", "--bare")["ids"]
        said = self.json_of("run", self.model, "-p", "the", "-n", 6, "--temp", 0, "--ignore-end", "--logit-bias", "cat=1000")
        self.assertLessEqual(set(said["tokens"]), set(ids))

    def test_an_answer_that_may_not_end_goes_on(self):
        for seed in range(4):
            words = ["-p", "the", "-n", 60, "-c", 256, "--temp", 5, "--top-k", 0, "--top-p", 1, "--min-p", 0, "--seed", seed]
            report = self.json_of("run", self.model, *words, "--ignore-eos")
            self.assertEqual((report["reason"], len(report["tokens"])), ("max_tokens", 60))

    def test_refuses_odd_samplers(self):
        def refuses(*words, says):
            self.refuses("run", self.model, "-p", "a", *words, status=USAGE, says=says)
        refuses("--samplers", "top_k;best", says="no 'best'; there are penalties, dry")
        refuses("--logit-bias", "5", says="neither ID.BIAS")
        refuses("--logit-bias", "999999999+1", says="no token 999999999")
        refuses("--logit-bias", "5+much", says="'much' is not a number")
        refuses("--xtc-probability", "2", says="xtc_probability is 2, must be at most 1")
        refuses("--mirostat", "3", says="mirostat is 3")
        refuses("--top-k", "9223372036854775807", says="top_k is .*at least 0|top_k")

    def test_reports_json(self):
        report = self.json_of("run", self.model, "-p", "the cat", "-n", 5, "--temp", 0, "--ignore-end")
        self.assertEqual((len(report["tokens"]), report["generated_tokens"], report["prompt_tokens"]), (5, 5, 6))
        self.assertEqual(report["reason"], "max_tokens")
        self.assertEqual(report["text"], self.text("-p", "the cat", "-n", 5, "--temp", 0, "--ignore-end"))

    def test_stops_at_texts(self):
        whole = self.text("-p", "the", "-n", 40, "--temp", 0, "--ignore-end")
        middle = whole[len(whole) // 2:][:2]
        cut = self.text("-p", "the", "-n", 40, "--temp", 0, "--ignore-end", "--stop", "never said", "--stop", middle)
        self.assertEqual(cut, whole[:whole.index(middle)])

    def test_reads_prompts_from_anywhere(self):
        asked = self.text("-p", "the cat", "-n", 8, "--temp", 0)
        self.assertEqual(self.text("-p", "-", "-n", 8, "--temp", 0, stdin="the cat"), asked)
        (self.folder / "prompt.txt").write_text("the cat")
        self.assertEqual(self.text("-f", self.folder / "prompt.txt", "-n", 8, "--temp", 0), asked)
        for odd in ("--temp", "-x", "[a,b]", "é😀", "\"quoted\""):
            self.text("-p", odd, "-n", 1)

    def test_fills_the_context_and_stops(self):
        report = self.json_of("run", self.model, "-p", "the", "-n", 500, "-c", 64, "--ignore-end")
        self.assertEqual(report["reason"], "context_full")

    def test_a_draft_model_changes_nothing_but_the_speed(self):
        sure = write_tiny_model(self.folder / "sure.gguf", spread=0.6)
        drafter = self.folder / "quick.gguf"
        self.adze("quantize", sure, drafter, "--type", "Q4_0")
        for words in (["--temp", 0], ["--temp", 3, "--top-k", 0, "--seed", 5], ["--temp", 0, "-c", 64]):
            words = ["-p", "the cat", "-n", 70, "--ignore-end", *words]
            plain = self.json_of("run", sure, *words)
            self.assertNotIn("drafted_tokens", plain)
            for guesser in (sure, drafter):
                drafted = self.json_of("run", sure, *words, "--draft-model", guesser)
                for fact in ("tokens", "text", "reason"):
                    self.assertEqual(drafted[fact], plain[fact], words)
                if "--seed" not in words and guesser == sure:
                    self.assertGreater(drafted["accepted_tokens"], 0)
                    self.assertEqual(drafted["accepted_tokens"], drafted["drafted_tokens"])
        other = write_tiny_model(self.folder / "other.gguf", token="▁tha")
        self.refuses("run", self.model, "-p", "a", "--draft-model", other, says="token 288 is '▁tha' instead of '▁the'")

    def test_shows_stats_when_asked(self):
        done = self.adze("run", self.model, "-p", "the", "-n", 4, "--ignore-end", "--stats")
        for fact in ("Time to first token", "Generated tokens/s", "Ended by  +max_tokens"):
            self.assertRegex(done.stderr, fact)

    def test_refuses_bad_input(self):
        self.refuses_bad_models("run", after=["-p", "text"])
        self.refuses("run", self.model, status=USAGE, says="a prompt is missing")
        self.refuses("run", self.model, "-p", "a", "--temp", "-1", status=USAGE, says="temperature")
        self.refuses("run", self.model, "-p", "a", "--top-p", "2", status=USAGE, says="top_p")
        self.refuses("run", self.model, "-p", "a", "--temp", "hot", status=USAGE, says="'hot' is not a number")
        self.refuses("run", self.model, "-p", "a", "-n", "1.5", status=USAGE, says="'1.5' is not a whole number")
        self.refuses("run", self.model, "-p", "a", "-n", "99999999999999999999", status=USAGE, says="not a whole number|range")
        self.refuses("run", self.model, "-p", "a", "--activation", "f8", status=USAGE, says="not one of")
        self.refuses("run", self.model, "-p", "the " * 500, "-c", "64", says="give more with --context")
        self.refuses("run", self.model, "-f", self.folder / "none.txt", status=3, says="none.txt")

    def test_ctrl_c_ends_the_answer(self):
        process = subprocess.Popen([ADZE, "run", self.model, "-p", "the", "-n", "1000000000", "-c", "1000000",
                                    "--ignore-end", "-t", "1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        os.read(process.stdout.fileno(), 1)  # it has begun to speak
        time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, messages = process.communicate(timeout=60)
        self.assertEqual(process.returncode, CANCELLED)
        self.assertRegex(messages.decode(), r"\Aerror: stopped by Ctrl-C\n\Z")

    def test_the_demo_model_knows_how_stories_begin(self):
        text = self.adze("run", demo_model(), "-p", "The capital of France is", "-n", 8, "--temp", 0).stdout
        self.assertRegex(text, re.compile("paris", re.I))


if __name__ == "__main__":
    unittest.main()
