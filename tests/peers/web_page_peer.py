#!/usr/bin/env python3
# needs: page chromium npm:playwright-core npm:axe-core model
"""The server's web page in Chromium, driven by Playwright, against real servers; tests/web has the cases.

`web_page_peer.py shots [MODEL…]` draws the pictures of docs/web anew instead; the models are those of the chart.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from served_model import MODEL, QUESTIONS, ROOT, said

from program import ADZE  # noqa: E402
from served import Server  # noqa: E402
from tiny_model import write_tiny_model  # noqa: E402

CASES = ROOT / "tests" / "web"
TOKENS = 40


def environment():
    peers = os.environ.get("ADZE_PEERS") or str(ROOT / "build" / "peers")
    return {**os.environ, "ADZE_PEERS": peers, "ADZE_CHROMIUM": shutil.which("chromium") or "chromium"}


def quantized(source, folder, types):
    """Models with quality cards beside them."""
    made = []
    for name in types:
        target = folder / f"tiny-{name}.gguf"
        subprocess.run([ADZE, "quantize", source, target, "--type", name, "--card", "full"], check=True, capture_output=True)
        made.append(target)
    return made


def with_key(folder):
    """(configuration, key)"""
    config = folder / "server.json"
    command = [ADZE, "serve", "--config", config, "--add-key", "page"]
    return config, subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout.strip()


def name_of(path):
    return path.name if path.is_dir() else path.stem


def check(folder, only):
    source = write_tiny_model(folder / "tiny.gguf")
    models = quantized(source, folder, ("Q8_0", "Q4_0"))
    config, key = with_key(folder)
    servers = [Server(MODEL, *models, "-c", 2048)]
    try:
        servers.append(Server("--config", config, source, "-c", 256))
        told = {"open": f"http://127.0.0.1:{servers[0].port}", "keyed": f"http://127.0.0.1:{servers[1].port}", "key": key,
                "model": name_of(MODEL), "otherModel": name_of(models[0]), "cards": len(models), "tokens": TOKENS,
                "question": QUESTIONS[0], "answer": said(QUESTIONS[0], TOKENS)}
        return subprocess.run(["node", CASES / "page_test.mjs", json.dumps(told), *only], env=environment()).returncode
    finally:
        for server in servers:
            server.stop()


def draw(models):
    server = Server(MODEL, *models, "-c", 4096)
    try:
        told = {"open": f"http://127.0.0.1:{server.port}", "folder": str(ROOT / "docs" / "web")}
        return subprocess.run(["node", CASES / "shots.mjs", json.dumps(told)], env=environment()).returncode
    finally:
        server.stop()


def main():
    if sys.argv[1:2] == ["shots"]:
        return draw(sys.argv[2:])
    with tempfile.TemporaryDirectory() as folder:
        return check(Path(folder), sys.argv[1:2])


if __name__ == "__main__":
    sys.exit(main())
