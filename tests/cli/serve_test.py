#!/usr/bin/env python3
"""adze serve: what each API answers, and that it is what `adze run` says alone."""
import base64
import concurrent.futures
import json
import math
import re
import struct
import time
import unittest
from unittest import mock

from program import USAGE, VerbTest
from serve_case import GREEDY, TOOL, Served, chat
from served import Server
from tiny_encoder import write_tiny_encoder
import tiny_model
from tiny_model import write_tiny_model

PROMPTS = ["the cat", "a dog", "sea", "the the the", "what is that?", "tell me", "no", "far away and long ago"]


class OpenAi(Served):
    def test_answers_are_those_of_run(self):
        answer = self.server.post("/v1/chat/completions", chat("the cat", max_tokens=20))
        choice = answer["choices"][0]
        self.assertEqual(choice["message"]["content"], self.said("the cat", 20, "--chat"))
        self.assertEqual((answer["object"], answer["model"], choice["finish_reason"]), ("chat.completion", "tiny", "length"))
        self.assertEqual(answer["usage"]["completion_tokens"], 20)
        completion = self.server.post("/v1/completions", {"prompt": "the cat", "max_tokens": 20, **GREEDY})
        self.assertEqual(completion["choices"][0]["text"], self.said("the cat", 20))

    def test_many_at_once_do_not_change_each_other(self):
        with concurrent.futures.ThreadPoolExecutor(len(PROMPTS)) as pool:
            answers = list(pool.map(lambda prompt: self.server.post("/v1/chat/completions", chat(prompt, max_tokens=24)), PROMPTS))
        for prompt, answer in zip(PROMPTS, answers):
            self.assertEqual(answer["choices"][0]["message"]["content"], self.said(prompt, 24, "--chat"), prompt)

    def test_streams_say_the_same(self):
        body = chat("the cat", max_tokens=20, stream=True, stream_options={"include_usage": True})
        events = self.server.events_of("/v1/chat/completions", body)
        self.assertEqual(events[0]["choices"][0]["delta"]["role"], "assistant")
        text = "".join(event["choices"][0]["delta"].get("content", "") for event in events if event["choices"])
        self.assertEqual(text, self.said("the cat", 20, "--chat"))
        self.assertEqual(events[-2]["choices"][0]["finish_reason"], "length")
        self.assertEqual((events[-1]["choices"], events[-1]["usage"]["completion_tokens"]), ([], 20))
        self.assertEqual(self.server.lines("/v1/chat/completions", body)[-1], "data: [DONE]")
        events = self.server.events_of("/v1/completions", {"prompt": "a dog", "max_tokens": 20, "stream": True, "echo": True, **GREEDY})
        self.assertEqual("".join(event["choices"][0]["text"] for event in events), "a dog" + self.said("a dog", 20))

    def test_choices_and_seeds(self):
        body = {"prompt": "the", "max_tokens": 12, "n": 3, "temperature": 2, "top_k": 0, "seed": 5}
        texts = [choice["text"] for choice in self.server.post("/v1/completions", body)["choices"]]
        self.assertEqual(texts, [choice["text"] for choice in self.server.post("/v1/completions", body)["choices"]])
        self.assertGreater(len(set(texts)), 1)
        alone = self.json_of("run", self.model, "-p", "the", "-n", 12, "--temp", 2, "--top-k", 0, "--seed", 5)["text"]
        self.assertEqual(texts[0], alone)

    def test_several_prompts(self):
        body = {"prompt": PROMPTS[:3], "max_tokens": 12, **GREEDY}
        answer = self.server.post("/v1/completions", body)
        expected = [self.said(prompt, 12) for prompt in PROMPTS[:3]]
        self.assertEqual([choice["text"] for choice in answer["choices"]], expected)
        self.assertEqual([choice["index"] for choice in answer["choices"]], [0, 1, 2])
        alone = [self.server.post("/v1/completions", {**body, "prompt": prompt})["usage"] for prompt in PROMPTS[:3]]
        self.assertEqual(answer["usage"]["prompt_tokens"], sum(usage["prompt_tokens"] for usage in alone))
        self.assertEqual(answer["usage"]["completion_tokens"], 36)
        tokens = [self.json_of("tokenize", self.model, prompt)["ids"] for prompt in PROMPTS[:3]]
        self.assertEqual([choice["text"] for choice in self.server.post("/v1/completions", {**body, "prompt": tokens})["choices"]], expected)
        texts = [""] * 6
        options = {"stream": True, "n": 2, "echo": True, "stream_options": {"include_usage": True}}
        events = self.server.events_of("/v1/completions", {**body, **options})
        for choice in (choice for event in events for choice in event["choices"]):
            texts[choice["index"]] += choice["text"]
        self.assertEqual(texts, [prompt + text for prompt, text in zip(PROMPTS, expected) for _ in range(2)])
        self.assertEqual(events[-1]["usage"]["prompt_tokens"], answer["usage"]["prompt_tokens"])
        for prompt, says in (([], "must be a text"), (["a", [1, "b"]], "must be a text"), (["a", []], "must be a text"), (["a"] * 513, "513 entries"),
                             ([[-1]], "must be a text"), ([["a"]], "must be a text")):
            self.refuses_request("/v1/completions", {**body, "prompt": prompt}, 400, says, "prompt")
        self.refuses_request("/v1/completions", {**body, "prompt": ["a"] * 100, "n": 6}, 400, "600 answers", "n")

    def test_scores_prompts_alone(self):
        """As evaluation harnesses ask for the likelihood of a text."""
        scored = {"prompt": PROMPTS[:2], "logprobs": 1, "echo": True, **GREEDY}
        bare = self.server.post("/v1/completions", {**scored, "max_tokens": 0})
        more = self.server.post("/v1/completions", {**scored, "max_tokens": 1})
        streamed = self.server.events_of("/v1/completions", {**scored, "max_tokens": 0, "stream": True})
        self.assertEqual(bare["usage"]["completion_tokens"], 0)
        for prompt, choice, other in zip(PROMPTS, bare["choices"], more["choices"]):
            scores, longer = choice["logprobs"], other["logprobs"]
            self.assertEqual(choice["text"], prompt)
            self.assertIsNone(scores["token_logprobs"][0])
            for key in ("tokens", "token_logprobs", "top_logprobs", "text_offset"):
                self.assertEqual(scores[key], longer[key][:-1], key)
            for value, top in list(zip(scores["token_logprobs"], scores["top_logprobs"]))[1:]:
                self.assertLessEqual(value, max(top.values()))
            again = [each["logprobs"] for event in streamed for each in event["choices"] if each["index"] == choice["index"] and each["logprobs"]]
            self.assertEqual(again, [scores])
        texts = self.server.post("/v1/completions", {"prompt": PROMPTS[:2], "max_tokens": 0, "echo": True, **GREEDY})["choices"]
        self.assertEqual([choice["text"] for choice in texts], PROMPTS[:2])

    def metric(self, name):
        _, _, text = self.server.ask("GET", "/metrics")
        return float(next(line.split()[-1] for line in text.splitlines() if line.startswith(name)))

    def test_scores_a_prompt_once_for_all_its_choices(self):
        body = {"prompt": ["the cat sat on the mat and " * 10, "a dog"], "n": 3, "echo": True, "logprobs": 2, "max_tokens": 4, **GREEDY}
        tokens = len(self.json_of("tokenize", self.model, body["prompt"][0])["ids"])
        before = self.metric("adze_prompt_tokens_reused_total")
        choices = self.server.post("/v1/completions", body)["choices"]
        self.assertGreaterEqual(self.metric("adze_prompt_tokens_reused_total") - before, 2 * (tokens // 64 * 64))
        for first in (0, 3):
            for other in (first + 1, first + 2):
                self.assertEqual(choices[other]["logprobs"], choices[first]["logprobs"])
                self.assertEqual(choices[other]["text"], choices[first]["text"])
        self.assertEqual(len(choices[0]["logprobs"]["tokens"]), tokens + 4)
        for fields in ({"stream": True}, {"stream": True, "max_tokens": 0}):
            gathered = [{"text": "", "tokens": []} for _ in range(6)]
            for choice in (choice for event in self.server.events_of("/v1/completions", {**body, **fields}) for choice in event["choices"]):
                gathered[choice["index"]]["text"] += choice["text"]
                gathered[choice["index"]]["tokens"] += (choice["logprobs"] or {"tokens": []})["tokens"]
            wanted = None if fields.get("max_tokens", 4) else -4
            self.assertEqual([each["tokens"] for each in gathered], [choice["logprobs"]["tokens"][:wanted] for choice in choices])
            self.assertTrue(all(choice["text"].startswith(each["text"]) for each, choice in zip(gathered, choices)))

    def test_stops(self):
        whole = self.said("the", 40)
        middle = whole[len(whole) // 2:][:2]
        answer = self.server.post("/v1/completions", {"prompt": "the", "max_tokens": 40, "stop": ["never", middle], **GREEDY})
        self.assertEqual(answer["choices"][0]["text"], whole[:whole.index(middle)])
        self.assertEqual(answer["choices"][0]["finish_reason"], "stop")

    def test_log_probabilities(self):
        body = chat("the cat", max_tokens=6, logprobs=True, top_logprobs=4)
        scores = self.server.post("/v1/chat/completions", body)["choices"][0]["logprobs"]["content"]
        self.assertEqual(len(scores), 6)
        for score in scores:
            top = score["top_logprobs"]
            self.assertEqual(len(top), 4)
            self.assertEqual((top[0]["token"], top[0]["logprob"]), (score["token"], score["logprob"]))
            self.assertLessEqual(sum(math.exp(entry["logprob"]) for entry in top), 1.0001)
        streamed = self.server.events_of("/v1/chat/completions", {**body, "stream": True})
        again = [entry for event in streamed for entry in ((event["choices"][0].get("logprobs") or {}).get("content") or [])]
        self.assertEqual(again, scores)
        echoed = self.server.post("/v1/completions", {"prompt": "the cat", "max_tokens": 2, "logprobs": 2, "echo": True, **GREEDY})
        table = echoed["choices"][0]["logprobs"]
        self.assertIsNone(table["token_logprobs"][0])
        self.assertTrue(all(value < 0 for value in table["token_logprobs"][1:]))
        self.assertEqual(len(table["tokens"]), echoed["usage"]["total_tokens"])

    def test_biases(self):
        answer = self.server.post("/v1/completions", {"prompt": "the", "max_tokens": 5, "logit_bias": {"262": 100}, "temperature": 0})
        self.assertEqual(answer["choices"][0]["text"], self.json_of(
            "run", self.model, "-p", "the", "-n", 5, "--temp", 0, "--logit-bias", "262+100")["text"])
        self.refuses_request("/v1/completions", {"prompt": "a", "logit_bias": {"999999": 1}}, 400, "no token 999999")

    def test_forms(self):
        schema = {"type": "object", "properties": {"a": {"enum": ["yes", "no"]}, "b": {"type": "boolean"}}, "required": ["a", "b"],
                  "additionalProperties": False}
        for seed in range(3):
            form = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
            body = chat("go", response_format=form, seed=seed, temperature=3, ignore_eos=False)
            answer = self.server.post("/v1/chat/completions", body)["choices"][0]
            found = json.loads(answer["message"]["content"])
            self.assertIn(found["a"], ("yes", "no"))
            self.assertIsInstance(found["b"], bool)
            self.assertEqual(answer["finish_reason"], "stop")
        text = self.server.post("/v1/completions", {"prompt": "x", "grammar": 'root ::= "ab" | "cd"', "temperature": 0})["choices"][0]["text"]
        self.assertIn(text, ("ab", "cd"))
        self.refuses_request("/v1/chat/completions", chat("x", response_format={"type": "xml"}), 400, "'xml' is none of", "response_format.type")

    def test_calls_of_tools(self):
        for choice in ("required", {"type": "function", "function": {"name": "look"}}):
            body = chat("go", tools=[TOOL], tool_choice=choice, ignore_eos=False)
            answer = self.server.post("/v1/chat/completions", body)["choices"][0]
            call = answer["message"]["tool_calls"][0]
            self.assertEqual((call["type"], call["function"]["name"], answer["finish_reason"]), ("function", "look", "tool_calls"))
            self.assertIn(json.loads(call["function"]["arguments"])["where"], ("here", "there"))
            self.assertIsNone(answer["message"]["content"])
            events = self.server.events_of("/v1/chat/completions", {**body, "stream": True})
            streamed = [piece for event in events for piece in event["choices"][0]["delta"].get("tool_calls", [])]
            self.assertEqual(streamed[0]["function"]["name"], "look")
            self.assertEqual({piece["index"] for piece in streamed}, {0})
            self.assertGreater(len(streamed), 3)  # in pieces
            self.assertEqual("".join(piece["function"]["arguments"] for piece in streamed), call["function"]["arguments"])
            self.assertEqual(events[-1]["choices"][0]["finish_reason"], "tool_calls")
        # What was called before goes into the prompt, in words that the template knows.
        turns = [{"role": "user", "content": "go"}, answer["message"],
                 {"role": "tool", "tool_call_id": call["id"], "content": "a wall"}, {"role": "user", "content": "and?"}]
        prompt = self.server.post("/apply-template", {"messages": turns, "tools": [TOOL]})["prompt"]
        for part in ("Looks.", "<tool_call>", "<tool_response>\na wall", "and?"):
            self.assertIn(part, prompt)
        cut = {**body, "max_tokens": 20}  # within the arguments: a piece of a call in a stream, text otherwise
        events = self.server.events_of("/v1/chat/completions", {**cut, "stream": True})
        self.assertEqual(events[-1]["choices"][0]["finish_reason"], "length")
        self.assertIsNone(self.server.post("/v1/chat/completions", cut)["choices"][0]["message"].get("tool_calls"))
        self.refuses_request("/v1/chat/completions", chat("go", tool_choice="required"), 400, "there are no tools", "tool_choice")

    def test_refuses_what_it_cannot_honour(self):
        for field, value in {"modalities": ["audio"], "web_search_options": {"x": 1}, "functions": [{}]}.items():
            self.refuses_request("/v1/chat/completions", chat("x", **{field: value}), 400, f"{field}: is not supported", field)
        self.refuses_request("/v1/chat/completions", chat("x", parallel_tool_calls=False, tools=[TOOL]), 400, "is not supported", "parallel_tool_calls")
        self.server.post("/v1/chat/completions", chat("x", parallel_tool_calls=False, max_tokens=1))
        self.server.post("/v1/chat/completions", chat("x", parallel_tool_calls=False, tools=[TOOL], tool_choice="required", max_tokens=1))
        self.refuses_request("/v1/completions", {"prompt": "a", "suffix": "b"}, 400, "suffix: is not supported", "suffix")
        image = [{"type": "image_url", "image_url": {"url": "file:///etc/passwd"}}]
        self.refuses_request("/v1/chat/completions", {"messages": [{"role": "user", "content": image}]}, 400,
                             "'image_url' is not supported", "messages[0].content[0].type")
        for field in ("user", "store", "service_tier"):
            self.server.post("/v1/chat/completions", chat("x", max_tokens=1, **{field: "x"}))
        self.server.post("/v1/chat/completions", chat("x", max_tokens=1, mystery=1))
        self.assertTrue(self.server.wait_for(lambda: any(
            isinstance(event, dict) and event.get("fields") == ["mystery"] for event in self.server.events)))

    def test_refuses_bad_requests(self):
        path = "/v1/chat/completions"
        for body, says in (("", "no body"), ("{", "body"), ("[]", "no JSON object"), ("{}", "messages"),
                           ("{\"messages\": []}", "at least one"), ("[" * 10000, "body"), ("\xff", "body")):
            self.refuses_request(path, body.encode("latin-1"), 400, says)
        for fields, says in (({"temperature": "hot"}, "temperature: must be a number"), ({"temperature": -1}, "temperature"),
                             ({"n": 1000}, "n: is 1000"), ({"max_tokens": 1.5}, "whole number"), ({"top_logprobs": 2}, "needs"),
                             ({"stop": [1]}, "stop: must be"), ({"seed": 1e300}, "seed"), ({"samplers": "best"}, "no 'best'"),
                             ({"messages": [{"role": "user", "content": "x " * 1500}]}, "the context has room"),
                             ({"messages": [{"content": "x"}]}, r"messages\[0\].role: is missing"),
                             ({"messages": "x"}, "messages: must be a list")):
            self.refuses_request(path, chat("x", **fields), 400, says)

    def test_lists_models(self):
        self.assertEqual([model["id"] for model in self.server.get("/v1/models")["data"]], ["tiny"])
        self.assertEqual(self.server.get("/v1/models/tiny")["id"], "tiny")
        self.assertEqual(self.server.ask("GET", "/v1/models/huge")[0], 404)


class Others(Served):
    def test_ollama(self):
        body = {"model": "tiny", "messages": [{"role": "user", "content": "the cat"}], "options": {"temperature": 0, "num_predict": 9, "seed": 1}}
        lines = [json.loads(line) for line in self.server.lines("/api/chat", body)]
        text = "".join(line["message"]["content"] for line in lines)
        whole = self.server.post("/api/chat", {**body, "stream": False})
        self.assertEqual(whole["message"]["content"], text)
        self.assertEqual(text, self.json_of("run", self.model, "--chat", "-p", "the cat", "-n", 9, "--temp", 0)["text"])
        self.assertEqual([line["done"] for line in lines], [False] * (len(lines) - 1) + [True])
        self.assertEqual((whole["done_reason"] in ("stop", "length"), whole["eval_count"] <= 9), (True, True))
        raw = {"model": "tiny", "prompt": "the cat", "raw": True, "stream": False, "options": {"temperature": 0, "num_predict": 9}}
        self.assertEqual(self.server.post("/api/generate", raw)["response"],
                         self.json_of("run", self.model, "-p", "the cat", "-n", 9, "--temp", 0)["text"])
        form = {**body, "stream": False, "format": {"enum": ["yes"]}}
        self.assertEqual(json.loads(self.server.post("/api/chat", form)["message"]["content"]), "yes")
        self.assertEqual(self.server.get("/api/tags")["models"][0]["name"], "tiny")
        self.assertEqual(self.server.get("/api/ps")["models"][0]["model"], "tiny")
        self.assertIn("version", self.server.get("/api/version"))
        self.assertIn("tools", self.server.post("/api/show", {"model": "tiny"})["capabilities"])
        self.assertEqual(self.server.post("/api/generate", {"model": "tiny"})["done_reason"], "load")
        status, _, text = self.server.ask("POST", "/api/chat", {**body, "messages": [{"role": "user", "content": "x", "images": ["aa"]}]})
        self.assertEqual((status, list(json.loads(text))), (400, ["error"]))

    def test_anthropic(self):
        body = {"model": "tiny", "max_tokens": 9, "temperature": 0, "messages": [{"role": "user", "content": [{"type": "text", "text": "the cat"}]}]}
        said = self.json_of("run", self.model, "--chat", "-p", "the cat", "-n", 9, "--temp", 0)["text"]
        whole = self.server.post("/v1/messages", body)
        self.assertEqual((whole["type"], whole["role"], whole["content"][0]["text"]), ("message", "assistant", said))
        events = self.server.events_of("/v1/messages", {**body, "stream": True})
        self.assertEqual("".join(event["delta"].get("text", "") for event in events if event["type"] == "content_block_delta"), said)
        self.assertEqual([event["type"] for event in events if "delta" not in event["type"]],
                         ["message_start", "content_block_start", "content_block_stop", "message_stop"])
        count = self.server.post("/v1/messages/count_tokens", {"model": "tiny", "messages": body["messages"]})["input_tokens"]
        usage = whole["usage"]
        self.assertEqual(count, usage["input_tokens"] + usage["cache_read_input_tokens"])
        tool = {"name": "look", "input_schema": TOOL["function"]["parameters"]}
        called = self.server.post("/v1/messages", {**body, "max_tokens": 200, "tools": [tool], "tool_choice": {"type": "any"}})
        self.assertEqual((called["stop_reason"], called["content"][0]["name"]), ("tool_use", "look"))
        again = {**body, "max_tokens": 200, "tools": [tool], "tool_choice": {"type": "any"}, "stream": True}
        events = self.server.events_of("/v1/messages", again)
        pieces = [event["delta"]["partial_json"] for event in events if event.get("delta", {}).get("type") == "input_json_delta"]
        self.assertGreater(len(pieces), 3)
        self.assertEqual(json.loads("".join(pieces)), called["content"][0]["input"])
        self.assertEqual([event["type"] for event in events if "delta" not in event["type"]],
                         ["message_start", "content_block_start", "content_block_stop", "message_stop"])
        status, _, text = self.server.ask("POST", "/v1/messages", {**body, "max_tokens": None})
        self.assertEqual((status, json.loads(text)["error"]["type"]), (400, "invalid_request_error"))

    def test_llama_server(self):
        body = {"prompt": "the cat", "n_predict": 12, "return_tokens": True, **GREEDY}
        whole = self.server.post("/completion", body)
        self.assertEqual(whole["content"], self.said("the cat", 12))
        self.assertEqual((whole["stop_type"], whole["tokens_predicted"], len(whole["tokens"])), ("limit", 12, 12))
        events = self.server.events_of("/completion", {**body, "stream": True, "n_probs": 2})
        self.assertEqual("".join(event["content"] for event in events), whole["content"])
        tokens = self.server.post("/tokenize", {"content": "the cat", "add_special": True})["tokens"]
        self.assertEqual(tokens, self.json_of("tokenize", self.model, "the cat")["ids"])
        self.assertEqual(self.server.post("/completion", {**body, "prompt": tokens})["content"], whole["content"])
        bare = self.server.post("/tokenize", {"content": "the cat"})["tokens"]
        self.assertEqual(self.server.post("/detokenize", {"tokens": bare})["content"].strip(), "the cat")
        self.assertEqual(self.server.get("/props")["default_generation_settings"]["n_ctx"], 1024)
        self.assertGreater(len(self.server.get("/slots")), 0)
        self.assertEqual(self.server.ask("POST", "/detokenize", {"tokens": [10**9]})[0], 400)

    def test_infill_needs_a_vocabulary_for_it(self):
        self.refuses_request("/infill", {"input_prefix": "a", "input_suffix": "b"}, 400, "vocabulary has no tokens for a prefix")
        self.refuses_request("/infill", {"input_prefix": "a"}, 400, "input_suffix: is missing")

    def test_the_stop_that_was_found_is_named(self):
        whole = self.json_of("run", self.model, "--chat", "-p", "the cat", "-n", 30, "--temp", 0, "--ignore-eos")["text"]
        middle = whole[len(whole) // 3:][:2]
        body = {"model": "tiny", "max_tokens": 30, "temperature": 0, "messages": [{"role": "user", "content": "the cat"}],
                "stop_sequences": ["never ever", middle]}
        answer = self.server.post("/v1/messages", body)
        self.assertEqual((answer["stop_reason"], answer["stop_sequence"]), ("stop_sequence", middle))
        events = self.server.events_of("/v1/messages", {**body, "stream": True})
        self.assertEqual([event["delta"]["stop_sequence"] for event in events if event["type"] == "message_delta"], [middle])
        native = self.server.post("/completion", {"prompt": "the cat", "n_predict": 40, "stop": ["never", "e"], **GREEDY})
        if native["stop_type"] == "word":
            self.assertEqual(native["stopping_word"], "e")

    def test_embeddings_of_a_model_that_predicts_text(self):
        answer = self.server.post("/v1/embeddings", {"input": ["the cat", "the dog"]})
        first, second = (entry["embedding"] for entry in answer["data"])
        for vector in (first, second):
            self.assertAlmostEqual(sum(number * number for number in vector), 1, places=5)
        self.assertNotEqual(first, second)
        alone = self.server.post("/v1/embeddings", {"input": "the cat"})["data"][0]["embedding"]
        self.assertEqual(alone, first)

    def metrics(self):
        status, headers, text = self.server.ask("GET", "/metrics")
        self.assertEqual((status, headers["Content-Type"].split(";")[0]), (200, "text/plain"))
        lines = [line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#")]
        return {name: float(value) for name, value in lines}

    def test_health_and_metrics(self):
        self.assertEqual(self.server.get("/health")["status"], "ok")
        self.assertEqual(self.server.get("/ready")["status"], "ready")
        self.server.post("/v1/completions", {"prompt": "a", "max_tokens": 3, **GREEDY})
        counted = 'adze_http_requests_total{endpoint="/v1/completions",status="200"}'
        deadline = time.monotonic() + 10
        samples = self.metrics()
        while counted not in samples and time.monotonic() < deadline:  # counted when its answer has left
            samples = self.metrics()
        self.assertGreaterEqual(samples['adze_generated_tokens_total{model="tiny"}'], 3)
        self.assertGreaterEqual(samples[counted], 1)
        self.assertEqual(samples['adze_token_seconds_bucket{model="tiny",le="+Inf"}'], samples['adze_token_seconds_count{model="tiny"}'])

    def test_ids_and_traces(self):
        trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        _, headers, _ = self.server.ask("GET", "/health", x_request_id="mine-1", traceparent=trace)
        self.assertEqual((headers["x-request-id"], headers["traceparent"]), ("mine-1", trace))
        _, headers, _ = self.server.ask("GET", "/health", x_request_id="not mine!")
        self.assertRegex(headers["x-request-id"], r"\A[0-9a-f]{16}\Z")
        self.assertTrue(self.server.wait_for(lambda: any(event["id"] == "mine-1" for event in self.server.requests())))

    def test_unknown_paths_and_methods(self):
        self.assertEqual(self.server.ask("GET", "/nothing")[0], 404)
        status, headers, _ = self.server.ask("GET", "/v1/completions")
        self.assertEqual((status, headers["Allow"]), (405, "POST"))
        self.assertEqual(self.server.ask("POST", "/models/load", {"model": "tiny"})[0], 403)


class GuessingAhead(VerbTest):
    def test_answers_are_those_of_run(self):
        model = write_tiny_model(self.folder / "tiny.gguf", spread=0.6)
        drafter = self.folder / "quick.gguf"
        self.adze("quantize", model, drafter, "--type", "Q4_0")
        config = self.folder / "server.json"
        config.write_text(json.dumps({"models": [{"path": "tiny.gguf", "draft_model": "quick.gguf", "context": 200}]}))
        for words in (["--config", config], [model, "-c", 200, "--draft-model", model]):
            server = Server(*words)
            self.addCleanup(server.stop)
            for prompt in PROMPTS[:3]:
                answer = server.post("/v1/completions", {"prompt": prompt, "max_tokens": 40, **GREEDY})
                said = self.json_of("run", model, "-p", prompt, "-n", 40, "--temp", 0, "--ignore-eos")
                self.assertEqual(answer["choices"][0]["text"], said["text"])
            metrics = server.ask("GET", "/metrics")[2]
            self.assertGreater(float(re.search(r'adze_model_accepted_tokens_total{model="tiny"} (\S+)', metrics)[1]), 0)

    def test_needs_the_same_vocabulary(self):
        model = write_tiny_model(self.folder / "tiny.gguf")
        other = write_tiny_model(self.folder / "other.gguf", token="▁tha")
        self.refuses("serve", model, "--port", 0, "--log", "none", "--draft-model", other, says="token 288 is '▁tha'")


class Embeddings(VerbTest):
    def test_vectors_are_those_of_embed(self):
        model = write_tiny_encoder(self.folder / "tiny")
        texts = ["The cat, the dog!", "sea"]
        expected = [row["embedding"] for row in self.json_of("embed", model, "-p", texts[0], "-p", texts[1])["texts"]]
        server = Server(model)
        self.addCleanup(server.stop)
        answer = server.post("/v1/embeddings", {"input": texts})
        self.assertEqual([row["embedding"] for row in answer["data"]], expected)
        coded = server.post("/v1/embeddings", {"input": texts[1], "encoding_format": "base64"})["data"][0]["embedding"]
        numbers = struct.unpack(f"<{len(expected[1])}f", base64.b64decode(coded))
        for found, wanted in zip(numbers, expected[1]):
            self.assertAlmostEqual(found, wanted, places=6)
        short = server.post("/v1/embeddings", {"input": texts[1], "dimensions": 4})["data"][0]["embedding"]
        self.assertAlmostEqual(sum(number * number for number in short), 1, places=5)
        self.assertEqual(server.post("/api/embed", {"model": "tiny", "input": texts})["embeddings"], expected)
        self.assertEqual(server.post("/api/embeddings", {"model": "tiny", "prompt": texts[1]})["embedding"], expected[1])
        self.assertEqual(server.ask("POST", "/v1/completions", {"prompt": "x"})[0], 400)
        self.assertEqual(server.ask("POST", "/rerank", {"query": "a", "documents": ["b"]})[0], 400)


class Infill(VerbTest):
    def test_the_middle_is_what_the_model_continues(self):
        roles = {"pre": 1, "suf": 2, "mid": 0}  # control tokens, whatever they are otherwise
        plain = tiny_model.metadata
        keys = [tiny_model.key(f"tokenizer.ggml.fim_{role}_token_id", tiny_model.U32, token) for role, token in roles.items()]
        with mock.patch.object(tiny_model, "metadata", lambda *given: plain(*given) + keys):
            server = Server(write_tiny_model(self.folder / "tiny.gguf"))
        self.addCleanup(server.stop)
        body = {"n_predict": 8, "return_tokens": True, **GREEDY}
        found = server.post("/infill", {**body, "input_prefix": "the ", "input_suffix": "cat"})
        parts = [server.post("/tokenize", {"content": text})["tokens"] for text in ("the ", "cat")]
        begin = server.post("/tokenize", {"content": "", "add_special": True})["tokens"]
        tokens = begin + [roles["pre"], *parts[0], roles["suf"], *parts[1], roles["mid"]]
        self.assertEqual(found["tokens"], server.post("/completion", {**body, "prompt": tokens})["tokens"])
        events = server.events_of("/infill", {**body, "input_prefix": "the ", "input_suffix": "cat", "stream": True})
        self.assertEqual("".join(event["content"] for event in events), found["content"])


class Usage(VerbTest):
    def test_refuses_odd_starts(self):
        model = write_tiny_model(self.folder / "tiny.gguf")
        self.refuses("serve", says="there is no model to serve")
        self.refuses("serve", self.folder / "none.gguf", "--log", "none", status=3, says="none.gguf")
        self.refuses("serve", model, "--port", 70000, status=USAGE, says="--port")
        self.refuses("serve", model, model, "--log", "none", says="two models are called 'tiny'")
        self.refuses("serve", model, "--host", "999.1.1.1", "--port", 0, "--log", "none", says="cannot listen on 999.1.1.1")
        self.refuses("serve", model, "--add-key", "x", status=USAGE, says="--config")
        config = self.folder / "server.json"
        config.write_text('{"prot": 1}')
        self.refuses("serve", model, "--config", config, "--log", "none", says="prot: there is no such")


if __name__ == "__main__":
    unittest.main()
