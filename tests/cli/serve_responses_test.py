#!/usr/bin/env python3
"""adze serve: OpenAI's Responses API."""
import json
import unittest

from program import VerbTest
from serve_case import TOOL, Served
from served import Server
from tiny_model import write_tiny_model

LOOK = {"type": "function", **TOOL["function"]}


def ask(question, tokens=20, **fields):
    return {"model": "tiny", "input": question, "max_output_tokens": tokens, "temperature": 0, **fields}


def text_of(response):
    return "".join(part["text"] for item in response["output"] if item["type"] == "message" for part in item["content"])


class Responses(Served):
    def answer(self, question, **fields):
        return self.server.post("/v1/responses", ask(question, **fields))

    def alone(self, prompt, tokens=20):
        return self.json_of("run", self.model, "--chat", "-p", prompt, "-n", tokens, "--temp", 0, "-t", 1)["text"]

    def test_answers_are_those_of_run(self):
        response = self.answer("the cat")
        self.assertEqual(text_of(response), self.alone("the cat"))
        usage = response["usage"]
        self.assertEqual((response["object"], usage["total_tokens"]), ("response", usage["input_tokens"] + usage["output_tokens"]))
        items = [{"role": "user", "content": [{"type": "input_text", "text": "the "}, {"type": "input_text", "text": "cat"}]}]
        again = self.answer(items)
        self.assertEqual(text_of(again), text_of(response))
        self.assertEqual(again["usage"]["input_tokens"], usage["input_tokens"])

    def test_an_answer_that_is_cut_off_says_so(self):
        whole = self.answer("the cat", tokens=500)
        cut = self.answer("the cat", tokens=2)
        self.assertEqual((cut["status"], cut["incomplete_details"]), ("incomplete", {"reason": "max_output_tokens"}))
        self.assertEqual(cut["output"][-1]["status"], "incomplete")
        if whole["usage"]["output_tokens"] < 500:
            self.assertEqual((whole["status"], whole["incomplete_details"]), ("completed", None))

    def test_streams_tell_each_step(self):
        events = self.server.events_of("/v1/responses", ask("the cat", stream=True))
        self.assertEqual([event["sequence_number"] for event in events], list(range(len(events))))
        kinds = [event["type"] for event in events if event["type"] != "response.output_text.delta"]
        self.assertEqual(kinds[:4], ["response.created", "response.in_progress", "response.output_item.added", "response.content_part.added"])
        self.assertEqual(kinds[4:7], ["response.output_text.done", "response.content_part.done", "response.output_item.done"])
        self.assertIn(kinds[7:], (["response.completed"], ["response.incomplete"]))
        deltas = "".join(event["delta"] for event in events if event["type"] == "response.output_text.delta")
        self.assertEqual(deltas, self.alone("the cat"))
        done = next(event for event in events if event["type"] == "response.output_text.done")
        self.assertEqual((done["text"], text_of(events[-1]["response"])), (deltas, deltas))
        self.assertEqual({event.get("item_id", done["item_id"]) for event in events}, {events[-1]["response"]["output"][0]["id"]})

    def test_conversations_go_on(self):
        first = self.answer("the cat", instructions="Be brief.")
        second = self.answer("and a dog", previous_response_id=first["id"])
        turns = [{"role": "user", "content": "the cat"}, {"role": "assistant", "content": text_of(first)},
                 {"role": "user", "content": "and a dog"}]
        self.assertEqual(text_of(second), text_of(self.answer(turns)))  # the instructions held for the first alone
        self.assertEqual(second["previous_response_id"], first["id"])
        self.assertEqual(self.server.get("/v1/responses/" + first["id"]), first)
        status, _, text = self.server.ask("DELETE", "/v1/responses/" + first["id"])
        self.assertEqual((status, json.loads(text)["deleted"]), (200, True))
        self.assertEqual(self.server.ask("GET", "/v1/responses/" + first["id"])[0], 404)
        self.refuses_request("/v1/responses", ask("x", previous_response_id=first["id"]), 400, "there is no response", "previous_response_id")
        unkept = self.answer("the cat", store=False)
        self.assertEqual((unkept["store"], self.server.ask("GET", "/v1/responses/" + unkept["id"])[0]), (False, 404))

    def test_instructions_stand_in_front(self):
        told = self.answer("the cat", instructions="Be brief.")
        turns = [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": "the cat"}]
        self.assertEqual(text_of(told), text_of(self.answer(turns)))

    def test_calls_of_functions(self):
        body = ask("go", 200, tools=[LOOK], tool_choice="required")
        response = self.server.post("/v1/responses", body)
        call = response["output"][0]
        self.assertEqual((call["type"], call["name"], response["status"]), ("function_call", "look", "completed"))
        self.assertIn(json.loads(call["arguments"])["where"], ("here", "there"))
        named = self.server.post("/v1/responses", {**body, "tool_choice": {"type": "function", "name": "look"}})
        self.assertEqual(named["output"][0]["arguments"], call["arguments"])
        events = self.server.events_of("/v1/responses", {**body, "stream": True})
        deltas = [event["delta"] for event in events if event["type"] == "response.function_call_arguments.delta"]
        done = next(event for event in events if event["type"] == "response.function_call_arguments.done")
        self.assertEqual(("".join(deltas), done["arguments"]), (call["arguments"], call["arguments"]))
        result = {"type": "function_call_output", "call_id": call["call_id"], "output": "a wall"}
        after = self.answer([result], previous_response_id=response["id"], tools=[LOOK])
        itself = self.answer([{"role": "user", "content": "go"}, call, result], tools=[LOOK])
        self.assertEqual(text_of(after), text_of(itself))

    def test_forms(self):
        schema = {"type": "object", "properties": {"a": {"enum": ["yes", "no"]}}, "required": ["a"], "additionalProperties": False}
        form = {"format": {"type": "json_schema", "name": "x", "strict": True, "schema": schema}}
        self.assertIn(json.loads(text_of(self.answer("go", text=form, tokens=100)))["a"], ("yes", "no"))
        self.refuses_request("/v1/responses", ask("x", text={"format": {"type": "json_schema"}}), 400, "is missing", "text.format.schema")

    def test_log_probabilities(self):
        scored = self.answer("the cat", tokens=5, include=["message.output_text.logprobs"], top_logprobs=2)
        scores = scored["output"][0]["content"][0]["logprobs"]
        self.assertEqual({len(entry["top_logprobs"]) for entry in scores}, {2})
        self.assertEqual("".join(entry["token"] for entry in scores).strip(), text_of(scored).strip())
        events = self.server.events_of("/v1/responses", ask("the cat", 5, include=["message.output_text.logprobs"], top_logprobs=2, stream=True))
        streamed = [entry for event in events if event["type"] == "response.output_text.delta" for entry in event["logprobs"]]
        self.assertEqual([entry["token"] for entry in streamed], [entry["token"] for entry in scores][:len(streamed)])

    def test_refuses_what_it_cannot_honour(self):
        for field, value in {"background": True, "conversation": "c", "truncation": "auto", "prompt": {"id": "x"}}.items():
            self.refuses_request("/v1/responses", ask("x", **{field: value}), 400, f"{field}: is not supported", field)
        for fields, says in (({"input": []}, "input: must be"), ({"input": None}, "input: must be"),
                             ({"input": [{"type": "web_search_call"}]}, r"input\[0\].type: 'web_search_call'"),
                             ({"input": [{"role": "user"}]}, r"input\[0\].content: is missing"),
                             ({"input": [{"role": "robot", "content": "x"}]}, r"input\[0\].role: 'robot'"),
                             ({"input": [{"type": "function_call_output", "call_id": "x"}]}, r"input\[0\].output: is missing"),
                             ({"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "x"}]}]}, "'input_image' is not"),
                             ({"tools": [{"type": "web_search"}]}, "only functions are"), ({"max_output_tokens": 0}, "max_output_tokens"),
                             ({"tool_choice": {"type": "allowed_tools"}, "tools": [LOOK]}, "'allowed_tools' is not supported"),
                             ({"text": {"verbosity": "low"}}, "verbosity: is not supported")):
            self.refuses_request("/v1/responses", {**ask("x"), **fields}, 400, says)


class Unkept(VerbTest):
    def test_a_server_may_keep_nothing(self):
        model = write_tiny_model(self.folder / "tiny.gguf")
        config = self.folder / "server.json"
        config.write_text(json.dumps({"stored_response_bytes": 0}))
        server = Server(model, "--config", config)
        self.addCleanup(server.stop)
        response = server.post("/v1/responses", ask("the cat", 2))
        self.assertEqual((response["store"], server.ask("GET", "/v1/responses/" + response["id"])[0]), (False, 404))


if __name__ == "__main__":
    unittest.main()
