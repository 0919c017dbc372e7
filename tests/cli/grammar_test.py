#!/usr/bin/env python3
"""adze run and chat: answers in a form that was asked for."""
import json
import re
import unittest

from program import UNAVAILABLE, USAGE, VerbTest
from tiny_model import write_tiny_model


class Grammar(VerbTest):
    def setUp(self):
        super().setUp()
        self.model = write_tiny_model(self.folder / "tiny.gguf")

    def run_text(self, *words):
        return self.adze("run", self.model, "-p", "the cat", "-n", 200, *words).stdout

    def file(self, name, text):
        (self.folder / name).write_text(text)
        return self.folder / name

    def test_answers_in_the_form_of_a_grammar(self):
        grammar = self.file("pairs.gbnf", 'root ::= pair{2,3} "."\npair ::= "<" [a-cé]{1,3} ">"\n')
        for sampling in (["--temp", 0], ["--temp", 3, "--top-k", 0, "--top-p", 1, "--min-p", 0, "--seed", 4]):
            self.assertRegex(self.run_text("--grammar", grammar, *sampling), r"\A(<[a-cé]{1,3}>){2,3}\.\Z")

    def test_answers_with_valid_json(self):
        schema = {"type": "object", "properties": {"a": {"type": "string", "maxLength": 5}, "b": {"enum": ["é", 1]}},
                  "required": ["a", "b"]}
        for argument in (json.dumps(schema), self.file("schema.json", json.dumps(schema))):
            answer = json.loads(self.run_text("--json-schema", argument, "--temp", 2, "--seed", 1))
            self.assertEqual(list(answer), ["a", "b"])
            self.assertLessEqual(len(answer["a"]), 5)
            self.assertIn(answer["b"], ("é", 1))

    def test_answers_with_what_an_expression_matches(self):
        report = self.json_of("run", self.model, "-p", "the", "--regex", r"\d{3}-(ab|cd)", "--temp", 0)
        self.assertRegex(report["text"], r"\A\d{3}-(ab|cd)\Z")
        self.assertEqual(report["reason"], "complete")

    def test_the_end_comes_only_where_a_text_may_end(self):
        for seed in range(5):
            text = self.run_text("--regex", "(ab)+", "--temp", 5, "--top-k", 0, "--seed", seed)
            self.assertTrue(len(text) > 150 or re.fullmatch("(ab)+", text), text)

    def test_every_answer_of_a_conversation_has_the_form(self):
        done = self.adze("chat", self.model, "--regex", "yes|no", "--temp", 2, stdin="a?\nb?\nc?\n")
        self.assertRegex(done.stdout, r"\A((yes|no)\n){3}\Z")

    def test_refuses_bad_input(self):
        refused = [
            (["--grammar", self.file("bad.gbnf", 'root ::= x "a"\nx ::= root?\n')], r"bad\.gbnf: left recursion: root -> x -> root"),
            (["--grammar", self.file("open.gbnf", 'root ::= ("a"\n')], r"open\.gbnf:2:1: expected '\)'"),
            (["--grammar", self.folder / "none.gbnf"], r"none\.gbnf", UNAVAILABLE),
            (["--json-schema", '{"items": {"uniqueItems": true}}'], "#/items/uniqueItems: "),
            (["--json-schema", "{oops"], "--json-schema"),
            (["--regex", "a(?=b)"], "look-around"),
        ]
        for words, says, *status in refused:
            self.refuses("run", self.model, "-p", "a", *words, says=says, **({"status": status[0]} if status else {}))
        self.refuses("run", self.model, "-p", "a", "--regex", "a", "--json-schema", "{}", status=USAGE, says="give one of them")
        self.refuses("chat", self.model, "--regex", "a", "--ignore-end", status=USAGE, says="decides where the text ends")


if __name__ == "__main__":
    unittest.main()
