#!/usr/bin/env python3
# needs: llama.cpp model
"""Embeddings of a model that predicts text against llama-server's, on the same file in float32: each pooling, by the verb
and by the server's endpoints.

usage: build/peers/venv/bin/python tests/peers/decoder_embeddings_peer.py
Prints `N passed, N failed, N skipped`; exit status 1 if anything failed.
"""
import json
import math
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from llama_tools import LLAMA
from served_model import ADZE, MODEL, Checks, Server

TEXTS = ["The capital of France is Paris.", "a", "Why is the sky blue? " * 40, "Ein Hund bellt.", "def f(x):\n    return x + 1\n"]
LEAST = 0.9999
POOLINGS = ("last", "mean", "cls", "none")


def cosine(left, right):
    return sum(a * b for a, b in zip(left, right)) / math.sqrt(sum(a * a for a in left) * sum(b * b for b in right))


def ask(port, path, body):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.load(answer)


class LlamaServer:
    def __init__(self, model, pooling):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process = subprocess.Popen([LLAMA / "build" / "bin" / "llama-server", "-m", model, "--embeddings", "--pooling", pooling, "-c", "2048",
                                         "-b", "1024", "-ub", "1024", "-np", "1", "-t", "2", "--port", str(self.port), "--no-warmup", "--offline"],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __enter__(self):
        for _ in range(600):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=5).close()
                return self
            except (OSError, urllib.error.HTTPError):
                time.sleep(0.1)
        raise RuntimeError("llama-server does not start")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def rows_by_verb(model, pooling):
    words = [word for text in TEXTS for word in ("-p", text)]
    command = [ADZE, "embed", str(model), "--pooling", pooling, "--activation", "f32", "--json", *words]
    document = json.loads(subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout)
    rows = [text["embedding"] for text in document["texts"]]
    return rows if pooling == "none" else [[row] for row in rows]


def rows_by_server(port):
    return [text["embedding"] for text in ask(port, "/embeddings", {"input": TEXTS})]


def compare(checks, what, found, expected):
    checks.equal(f"{what}: rows", [len(rows) for rows in found], [len(rows) for rows in expected])
    worst = min(cosine(a, b) for left, right in zip(found, expected) for a, b in zip(left, right))
    checks.true(what, worst > LEAST, f"cosine {worst}")
    print(f"{what}: least cosine {worst:.7f}")


def check_pooling(checks, model, pooling):
    with LlamaServer(model, pooling) as peer:
        expected = rows_by_server(peer.port)
    found = rows_by_verb(model, pooling)
    compare(checks, f"adze embed, {pooling}", found, expected)
    server = Server(str(model), "--pooling", pooling, "--activation", "f32", "--kv", "f32", "-c", "1024")
    compare(checks, f"/embeddings, {pooling}", rows_by_server(server.port), expected)
    if pooling != "none":
        vectors = [[entry["embedding"]] for entry in ask(server.port, "/v1/embeddings", {"input": TEXTS})["data"]]
        compare(checks, f"/v1/embeddings, {pooling}", vectors, expected)
        checks.true("length one", all(abs(cosine(rows[0], rows[0]) - 1) < 1e-6 and abs(sum(x * x for x in rows[0]) - 1) < 1e-5 for rows in vectors))
        vectors = [[row] for row in ask(server.port, "/api/embed", {"input": TEXTS})["embeddings"]]
        compare(checks, f"/api/embed, {pooling}", vectors, expected)
    checks.equal("exit status", server.stop(), 0)


if __name__ == "__main__":
    checks = Checks()
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "model.gguf"
        subprocess.run([ADZE, "convert", str(MODEL), model, "--dtype", "f32"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for pooling in POOLINGS:
            check_pooling(checks, model, pooling)
    checks.finish()
