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
    prompts = ["The sea is", "Once upon a time", "Birds"]
    several = client.completions.create(model=model, prompt=prompts, max_tokens=8, temperature=0)
    alone = [client.completions.create(model=model, prompt=prompt, max_tokens=8, temperature=0) for prompt in prompts]
    checks.equal("several prompts", [choice.text for choice in several.choices], [each.choices[0].text for each in alone])
    checks.equal("their tokens", several.usage.prompt_tokens, sum(each.usage.prompt_tokens for each in alone))
    texts = [""] * len(prompts)
    for chunk in client.completions.create(model=model, prompt=prompts, max_tokens=8, temperature=0, stream=True):
        for choice in chunk.choices:
            texts[choice.index] += choice.text
    checks.equal("several prompts (streamed)", texts, [choice.text for choice in several.choices])
    bare = client.completions.create(model=model, prompt=prompts, max_tokens=0, logprobs=1, echo=True)
    checks.equal("prompts alone", [(choice.text, len(choice.logprobs.tokens)) for choice in bare.choices],
                 [(prompt, each.usage.prompt_tokens) for prompt, each in zip(prompts, alone)])
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
            pieces = sum(event.type == "tool_calls.function.arguments.delta" for event in events)
            streamed = events.get_final_completion().choices[0].message.tool_calls[0]
        checks.true("arguments come in pieces", pieces > 3, f"{pieces} pieces")
        checks.equal("streamed call", streamed.function.arguments, call.function.arguments)
    follow_up = turns("Will it rain in Rome?") + [answer.message, {"role": "tool", "tool_call_id": call.id, "content": "It will rain."}]
    reply = client.chat.completions.create(model=model, messages=follow_up, tools=[TOOL], temperature=0, max_tokens=20)
    checks.true("an answer behind the call's result", bool(reply.choices[0].message.content or reply.choices[0].message.tool_calls))


def check_responses(checks, client, model):
    question = QUESTIONS[0]
    whole = client.responses.create(model=model, input=question, temperature=0, max_output_tokens=32)
    checks.equal(f"{question} (response)", whole.output_text, said(question, 32))
    events = list(client.responses.create(model=model, input=question, temperature=0, max_output_tokens=32, stream=True))
    checks.equal("a response's stream", "".join(e.delta for e in events if e.type == "response.output_text.delta"), whole.output_text)
    checks.equal("its ends", (events[0].type, events[-1].type in ("response.completed", "response.incomplete")), ("response.created", True))
    checks.equal("kept", client.responses.retrieve(whole.id).output_text, whole.output_text)
    after = client.responses.create(model=model, input="And of Italy?", previous_response_id=whole.id, temperature=0, max_output_tokens=16)
    turns_so_far = [{"role": "user", "content": question}, {"role": "assistant", "content": whole.output_text}, {"role": "user", "content": "And of Italy?"}]
    itself = client.responses.create(model=model, input=turns_so_far, temperature=0, max_output_tokens=16, store=False)
    checks.equal("a conversation that goes on", after.output_text, itself.output_text)
    client.responses.delete(whole.id)
    checks.refused("a forgotten response", openai.NotFoundError, lambda: client.responses.retrieve(whole.id))


def check_responses_with_forms_and_tools(checks, client, model):
    form = {"format": {"type": "json_schema", "name": "bird", "schema": SCHEMA, "strict": True}}
    found = client.responses.create(model=model, input="Describe a bird.", text=form, temperature=0, max_output_tokens=60).output_text
    checks.true("schema of a response", json.loads(found)["bird"] in ("crow", "owl", "wren"), found)
    with client.responses.stream(model=model, input="Describe a bird.", text=form, temperature=0) as stream:
        pieces = "".join(event.delta for event in stream if event.type == "response.output_text.delta")
        checks.equal("the library's own stream of a response", (stream.get_final_response().output_text, pieces), (found, found))
    tool = {"type": "function", "strict": True, **TOOL["function"]}
    ask = dict(model=model, input="Will it rain in Rome?", tools=[tool], tool_choice="required", temperature=0, max_output_tokens=80)
    response = client.responses.create(**ask)
    call = response.output[0]
    checks.equal("call in a response", (call.type, call.name, json.loads(call.arguments)["days"] in (1, 2, 3)), ("function_call", "forecast", True))
    with client.responses.stream(**ask) as stream:
        pieces = "".join(event.delta for event in stream if event.type == "response.function_call_arguments.delta")
    checks.equal("streamed call of a response", pieces, call.arguments)
    result = {"type": "function_call_output", "call_id": call.call_id, "output": "It will rain."}
    reply = client.responses.create(model=model, input=[result], previous_response_id=response.id, tools=[tool], temperature=0, max_output_tokens=20)
    checks.true("an answer behind the call of a response", bool(reply.output))


def check_errors(checks, client, model):
    checks.refused("an image", openai.BadRequestError, lambda: client.chat.completions.create(model=model, messages=[
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://localhost/x.png"}}]}]))
    checks.refused("a suffix", openai.BadRequestError, lambda: client.completions.create(model=model, prompt="a", suffix="b"))
    vector = client.embeddings.create(model=model, input="a").data[0].embedding
    checks.true("embeddings", abs(sum(number * number for number in vector) - 1) < 1e-4, str(len(vector)))
    checks.refused("no such model", openai.NotFoundError, lambda: client.models.retrieve("none"))


def check(checks, server):
    client = openai.OpenAI(base_url=f"http://127.0.0.1:{server.port}/v1", api_key="none", max_retries=0)
    model = client.models.list().data[0].id
    check_chats(checks, client, model)
    check_choices_and_scores(checks, client, model)
    check_forms_and_tools(checks, client, model)
    check_responses(checks, client, model)
    check_responses_with_forms_and_tools(checks, client, model)
    check_errors(checks, client, model)


run(check)
