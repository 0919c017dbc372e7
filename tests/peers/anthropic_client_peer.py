#!/usr/bin/env python3
# needs: anthropic model
"""Anthropic's own client library against `adze serve`."""
import anthropic

from served_model import PARAMETERS, QUESTIONS, run, said

TOOL = {"name": "forecast", "description": "Tells the weather.", "input_schema": PARAMETERS}


def check(checks, server):
    client = anthropic.Anthropic(base_url=f"http://127.0.0.1:{server.port}", api_key="none", max_retries=0)
    model = server.get("/v1/models")["data"][0]["id"]
    for question in QUESTIONS:
        ask = dict(model=model, max_tokens=32, extra_body={"temperature": 0}, messages=[{"role": "user", "content": question}])
        expected = said(question, 32)
        whole = client.messages.create(**ask)
        checks.equal(question, whole.content[0].text, expected)
        with client.messages.stream(**ask) as stream:
            checks.equal(f"{question} (streamed)", "".join(stream.text_stream), expected)
            final = stream.get_final_message()
        checks.equal("why it ended", final.stop_reason, whole.stop_reason)
        count = client.messages.count_tokens(model=model, messages=ask["messages"]).input_tokens
        checks.equal("count of tokens", count, whole.usage.input_tokens + whole.usage.cache_read_input_tokens)
    system = client.messages.create(model=model, max_tokens=8, extra_body={"temperature": 0}, system="Answer in one word.",
                                    messages=[{"role": "user", "content": QUESTIONS[0]}])
    checks.equal("with a system's message", system.content[0].text, said(QUESTIONS[0], 8, "--system", "Answer in one word."))
    for choice in ({"type": "any"}, {"type": "tool", "name": "forecast"}):
        ask = dict(model=model, max_tokens=80, extra_body={"temperature": 0}, tools=[TOOL], tool_choice=choice,
                   messages=[{"role": "user", "content": "Will it rain in Rome?"}])
        answer = client.messages.create(**ask)
        call = answer.content[-1]
        checks.equal("call", (answer.stop_reason, call.type, call.name, call.input["days"] in (1, 2, 3)), ("tool_use", "tool_use", "forecast", True))
        with client.messages.stream(**ask) as stream:
            checks.equal("streamed call", stream.get_final_message().content[-1].input, call.input)
    follow_up = ask["messages"] + [{"role": "assistant", "content": answer.content},
                                   {"role": "user", "content": [{"type": "tool_result", "tool_use_id": call.id, "content": "Rain."}]}]
    reply = client.messages.create(model=model, max_tokens=12, extra_body={"temperature": 0}, tools=[TOOL], messages=follow_up)
    checks.true("an answer behind the call's result", len(reply.content) > 0)
    image = {"type": "image", "source": {"type": "url", "url": "http://localhost/x.png"}}
    checks.refused("an image", anthropic.BadRequestError, lambda: client.messages.create(
        model=model, max_tokens=5, messages=[{"role": "user", "content": [image]}]))


run(check)
