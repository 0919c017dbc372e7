#!/usr/bin/env python3
# needs: ollama model
"""Ollama's own client library against `adze serve`."""
import json
import subprocess
import tempfile
from pathlib import Path

import ollama

from served_model import ADZE, MODEL, PARAMETERS, QUESTIONS, SCHEMA, run, said

SYSTEM = "You answer in French."

TOOL = {"type": "function", "function": {"name": "forecast", "description": "Tells the weather.", "parameters": PARAMETERS}}


def check(checks, server):
    client = ollama.Client(f"http://127.0.0.1:{server.port}", headers={"Authorization": f"Bearer {KEY}"})
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
    vector = client.embed(model=model, input="a").embeddings[0]
    checks.true("embeddings", abs(sum(number * number for number in vector) - 1) < 1e-4, str(len(vector)))
    checks.refused("an image", ollama.ResponseError, lambda: client.chat(
        model=model, messages=[{"role": "user", "content": "x", "images": [b"\x89PNG"]}]))
    check_created(checks, server, model)


def check_created(checks, server, model):
    """What an operator makes, with the client's own calls."""
    client = ollama.Client(f"http://127.0.0.1:{server.port}", headers={"Authorization": f"Bearer {KEY}"})
    question = QUESTIONS[0]
    lines = list(client.create(model="french", from_=model, system=SYSTEM, parameters={"temperature": 0, "num_predict": 24}, stream=True))
    checks.equal("lines", (lines[0].status, lines[-1].status), ("reading model metadata", "success"))
    expected = said(question, 24, "--system", SYSTEM)
    turns = [{"role": "user", "content": question}]
    checks.equal("a system message of its own", client.chat(model="french", messages=turns).message.content, expected)
    checks.equal("generate", client.generate(model="french", prompt=question).response, expected)
    checks.equal("a request's own system message", client.generate(
        model="french", prompt=question, system="Be brief.").response, said(question, 24, "--system", "Be brief."))
    shown = client.show("french")
    checks.equal("show", (shown.details.parent_model, "num_predict" in shown.parameters), (model, True))
    small = Path(FOLDER) / "small.gguf"
    subprocess.run([ADZE, "quantize", MODEL, small, "--type", "Q4_0", "--allow-requantize", "--card", "streaming"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    digest = client.create_blob(small)
    checks.equal("from a file", client.create(model="small", files={"small.gguf": digest}, parameters={"temperature": 0}).status, "success")
    checks.true("it answers", client.chat(model="small", messages=turns, options={"num_predict": 8}).message.content)
    checks.refused("quantized weights", ollama.ResponseError, lambda: client.create(model="x", from_=model, quantize="q4_K_M"))
    checks.refused("no such parent", ollama.ResponseError, lambda: client.create(model="x", from_="none"))
    for name in ("french", "small"):
        client.delete(name)
    checks.equal("deleted", [entry.model for entry in client.list().models], [model])


with tempfile.TemporaryDirectory() as FOLDER:
    config = Path(FOLDER) / "server.json"
    KEY = subprocess.run([ADZE, "serve", "--config", config, "--add-key", "bob:operator"], check=True, text=True, stdout=subprocess.PIPE).stdout.strip()
    run(check, "--config", config, "--store", Path(FOLDER) / "store")
