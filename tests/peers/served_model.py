"""The demo's model behind `adze serve`, for the client libraries, and what `adze run` says alone."""
import json
import os
import subprocess
import sys
from pathlib import Path

from server_checks import ADZE, ROOT, Checks, Server

sys.path.insert(0, str(ROOT / "tools"))
from peer_needs import cached_model  # noqa: E402

MODEL = Path(os.environ.get("ADZE_MODEL") or cached_model())
QUESTIONS = ["What is the capital of France?", "Name three birds.", "Why is the sky blue?"]
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string", "maxLength": 20}, "days": {"enum": [1, 2, 3]}},
              "required": ["city", "days"], "additionalProperties": False}
SCHEMA = {"type": "object", "properties": {"bird": {"enum": ["crow", "owl", "wren"]}, "flies": {"type": "boolean"}},
          "required": ["bird", "flies"], "additionalProperties": False}


def said(question, tokens, *words):
    command = [ADZE, "run", str(MODEL), "--chat", "-p", question, "-n", str(tokens), "--temp", "0", "--json", *words]
    return json.loads(subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout)["text"]


def run(check, *words):
    """`check(checks, server)` with a server that runs; `words`: its options."""
    checks = Checks()
    server = Server(str(MODEL), *words)
    try:
        check(checks, server)
        status = server.stop()
        checks.equal("exit status", status, 0)
    finally:
        if server.process.poll() is None:
            server.process.kill()
    checks.finish()
