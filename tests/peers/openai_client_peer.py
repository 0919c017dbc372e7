#!/usr/bin/env python3
# needs: openai model
"""OpenAI's own client library against `adze serve`: its types parse every answer, and greedy texts are those of `adze run`."""
import json

import openai

from served_model import PARAMETERS, QUESTIONS, SCHEMA, run, said

TOOL = {"type": "function", "function": {"name": "forecast", "description": "Tells the weather.", "parameters": PARAMETERS}}


def turns(question):
    return [{"role": "user", "content": question}]


def check_chats(checks, client, model):
    for question in QUESTIONS:
        expected = said(question, 32)
        whole = client.chat.completions.create(model=model, messages=turns(question), temperature=0, max_tokens=32)
        checks.equal(question, whole.choices[0].message.content, expected)
        checks.true("usage", whole.usage.total_tokens == whole.usage.prompt_tokens + whole.usage.completion_tokens)
        stream = client.chat.completions.create(model=model, messages=turns(question), temperature=0, max_tokens=32, stream=True,
                                                stream_options={"include_usage": True})
        chunks = list(stream)
        text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
        checks.equal(f"{question} (streamed)", text, expected)
        checks.equal("usage in the stream", chunks[-1].usage.completion_tokens, whole.usage.completion_tokens)
    with client.chat.completions.stream(model=model, messages=turns(QUESTIONS[0]), temperature=0, max_tokens=8) as events:
        text = "".join(event.delta for event in events if event.type == "content.delta")
    checks.equal("the library's own stream", text, said(QUESTIONS[0], 8))


def check_choices_and_scores(checks, client, model):
    many = client.chat.completions.create(model=model, messages=turns("Say a word."), n=3, seed=4, max_tokens=6, temperature=1.5)
    again = client.chat.completions.create(model=model, messages=turns("Say a word."), n=3, seed=4, max_tokens=6, temperature=1.5)
    checks.equal("three choices", [c.message.content for c in many.choices], [c.message.content for c in again.choices])
    scored = client.chat.completions.create(model=model, messages=turns(QUESTIONS[0]), temperature=0, max_tokens=5, logprobs=True, top_logprobs=3)
    for entry in scored.choices[0].logprobs.content:
        checks.equal("the likeliest token", entry.top_logprobs[0].token, entry.token)
    checks.equal("tokens spell the text", b"".join(bytes(e.bytes) for e in scored.choices[0].logprobs.content).decode().strip(),
                 scored.choices[0].message.content.strip())
    echoed = client.completions.create(model=model, prompt="The sea is", max_tokens=3, temperature=0, logprobs=1, echo=True)
    checks.true("echo", echoed.choices[0].text.startswith("The sea is"), echoed.choices[0].text)
    checks.true("the prompt's scores", echoed.choices[0].logprobs.token_logprobs[0] is None)


def check_forms_and_tools(checks, client, model):
    form = {"type": "json_schema", "json_schema": {"name": "bird", "schema": SCHEMA, "strict": True}}
    found = json.loads(client.chat.completions.create(model=model, messages=turns("Describe a bird."), response_format=form,
                                                      temperature=0, max_tokens=60).choices[0].message.content)
    checks.true("schema", found["bird"] in ("crow", "owl", "wren") and isinstance(found["flies"], bool), str(found))
    for choice in ("required", {"type": "function", "function": {"name": "forecast"}}):
        ask = dict(model=model, messages=turns("Will it rain in Rome?"), tools=[TOOL], tool_choice=choice, temperature=0, max_tokens=80)
        answer = client.chat.completions.create(**ask).choices[0]
        call = answer.message.tool_calls[0]
        arguments = json.loads(call.function.arguments)
        checks.equal("call", (answer.finish_reason, call.function.name, arguments["days"] in (1, 2, 3)), ("tool_calls", "forecast", True))
        with client.chat.completions.stream(**ask) as events:
            streamed = events.get_final_completion().choices[0].message.tool_calls[0]
        checks.equal("streamed call", streamed.function.arguments, call.function.arguments)
    follow_up = turns("Will it rain in Rome?") + [answer.message, {"role": "tool", "tool_call_id": call.id, "content": "It will rain."}]
    reply = client.chat.completions.create(model=model, messages=follow_up, tools=[TOOL], temperature=0, max_tokens=20)
    checks.true("an answer behind the call's result", bool(reply.choices[0].message.content or reply.choices[0].message.tool_calls))


def check_errors(checks, client, model):
    checks.refused("an image", openai.BadRequestError, lambda: client.chat.completions.create(model=model, messages=[
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://localhost/x.png"}}]}]))
    checks.refused("a suffix", openai.BadRequestError, lambda: client.completions.create(model=model, prompt="a", suffix="b"))
    checks.refused("embeddings", openai.BadRequestError, lambda: client.embeddings.create(model=model, input="a"))
    checks.refused("no such model", openai.NotFoundError, lambda: client.models.retrieve("none"))


def check(checks, server):
    client = openai.OpenAI(base_url=f"http://127.0.0.1:{server.port}/v1", api_key="none", max_retries=0)
    model = client.models.list().data[0].id
    check_chats(checks, client, model)
    check_choices_and_scores(checks, client, model)
    check_forms_and_tools(checks, client, model)
    check_errors(checks, client, model)


run(check)
