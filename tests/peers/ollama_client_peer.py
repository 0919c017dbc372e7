#!/usr/bin/env python3
# needs: ollama model
"""Ollama's own client library against `adze serve`."""
import json

import ollama

from served_model import PARAMETERS, QUESTIONS, SCHEMA, run, said

TOOL = {"type": "function", "function": {"name": "forecast", "description": "Tells the weather.", "parameters": PARAMETERS}}


def check(checks, server):
    client = ollama.Client(f"http://127.0.0.1:{server.port}")
    model = client.list().models[0].model
    options = {"temperature": 0, "num_predict": 32}
    for question in QUESTIONS:
        turns = [{"role": "user", "content": question}]
        expected = said(question, 32)
        checks.equal(question, client.chat(model=model, messages=turns, options=options).message.content, expected)
        pieces = list(client.chat(model=model, messages=turns, options=options, stream=True))
        checks.equal(f"{question} (streamed)", "".join(piece.message.content for piece in pieces), expected)
        checks.true("counts", pieces[-1].done and pieces[-1].eval_count > 0)
        checks.equal("generate", client.generate(model=model, prompt=question, options=options).response, expected)
    found = json.loads(client.chat(model=model, messages=[{"role": "user", "content": "Describe a bird."}], format=SCHEMA,
                                   options={"temperature": 0, "num_predict": 60}).message.content)
    checks.true("schema", found["bird"] in ("crow", "owl", "wren"), str(found))
    answer = client.chat(model=model, messages=[{"role": "user", "content": "Will it rain in Rome?"}], tools=[TOOL], options=options)
    checks.true("with tools", answer.message.content or answer.message.tool_calls, str(answer))
    checks.equal("in memory", [entry.model for entry in client.ps().models], [model])
    checks.true("show", "completion" in client.show(model).capabilities)
    checks.refused("embeddings", ollama.ResponseError, lambda: client.embed(model=model, input="a"))
    checks.refused("an image", ollama.ResponseError, lambda: client.chat(
        model=model, messages=[{"role": "user", "content": "x", "images": [b"\x89PNG"]}]))


run(check)
