#!/usr/bin/env python3
# needs: npm:openai model
"""OpenAI's client for JavaScript (npm) against `adze serve`: texts are those of `adze run`."""
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from served_model import PARAMETERS, QUESTIONS, ROOT, SCHEMA, run, said

PACKAGE = Path(os.environ.get("ADZE_PEERS") or ROOT / "build" / "peers") / "npm" / "node_modules" / "openai" / "index.mjs"
TOOL = {"name": "forecast", "description": "Tells the weather.", "parameters": PARAMETERS}


def found_by_client(port):
    task = json.dumps({"questions": QUESTIONS[:2], "schema": SCHEMA, "tool": TOOL})
    command = ["node", Path(__file__).with_name("npm_openai_client.mjs"), PACKAGE.resolve(), f"http://127.0.0.1:{port}/v1", task]
    return json.loads(subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout)


def check(checks, server):
    found = found_by_client(server.port)
    for question, (whole, streamed) in zip(QUESTIONS, found["chats"]):
        expected = said(question, 24)
        checks.equal(question, whole, expected)
        checks.equal(f"{question} (streamed)", streamed, expected)
    checks.equal("streamed call", found["calls"]["streamed"], found["calls"]["whole"])
    checks.true("its days", json.loads(found["calls"]["whole"])["days"] in (1, 2, 3))
    checks.true("its pieces", found["calls"]["pieces"] > 3, str(found["calls"]["pieces"]))
    response = found["responses"]
    expected = said(QUESTIONS[0], 24)
    checks.equal("responses", [response[key] for key in ("whole", "streamed", "kept")], [expected] * 3)
    checks.equal("first event", response["first"], "response.created")
    checks.true("schema", response["formed"]["bird"] in ("crow", "owl", "wren"))
    checks.equal("a forgotten response", response["gone"], 404)
    checks.equal("several prompts, streamed", found["completions"]["streamed"], found["completions"]["whole"])
    checks.equal("embeddings", found["embeddings"], 1)
    checks.equal("no such model", found["refused"], 404)


if not shutil.which("node"):
    print("skipped: no node\n0 passed, 0 failed, 1 skipped")
    sys.exit(0)
run(check)
