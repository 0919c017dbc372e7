#!/usr/bin/env python3
"""adze serve among bad clients, with keys, with several models, and at its end."""
import json
import os
import socket
import time
import unittest

from program import VerbTest
from served import Server, hear, open_files
from tiny_model import write_tiny_model

LONG = {"prompt": "the", "max_tokens": 200, "temperature": 0, "ignore_eos": True}


def request(path, body, extra=""):
    data = json.dumps(body).encode()
    return f"POST {path} HTTP/1.1\r\nHost: localhost\r\n{extra}Content-Length: {len(data)}\r\n\r\n".encode() + data


class Hostile(VerbTest):
    def start(self, *words, config=None):
        model = write_tiny_model(self.folder / "tiny.gguf")
        if config is not None:
            (self.folder / "server.json").write_text(json.dumps(config))
            words = (*words, "--config", self.folder / "server.json")
        server = Server(model, *words)
        self.addCleanup(server.stop)
        return server

    def figure(self, server, name):
        for line in server.ask("GET", "/metrics")[2].splitlines():
            if line.startswith(name):
                return float(line.rsplit(" ", 1)[1])
        self.fail(name)

    def eventually(self, holds):
        for _ in range(600):
            if holds():
                return
            time.sleep(0.05)
        self.fail("did not come true")

    def test_survives_garbage(self):
        server = self.start()
        for garbage in (b"\x00" * 1000, b"\xff\xfe" * 5000, b"GET /\r\n" * 100, b"POST /v1/completions HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
                        b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 20000 + b"\r\n",
                        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\n", b"\r\n\r\n\r\n"):
            connection = server.raw()
            try:
                connection.sendall(garbage)
                connection.shutdown(socket.SHUT_WR)
            except OSError:
                pass
            answer = hear(connection)
            self.assertTrue(answer == b"" or answer.startswith(b"HTTP/1.1 4"), answer[:80])
        self.assertEqual(server.get("/health")["status"], "ok")

    def test_refuses_what_is_too_large(self):
        server = self.start(config={"limits": {"body_bytes": 2048, "header_bytes": 2048}})
        self.assertIn(b" 413 ", hear(server.raw(request("/v1/completions", {"prompt": "x" * 4000})))[:20])
        self.assertIn(b" 431 ", hear(server.raw(b"GET / HTTP/1.1\r\nX: " + b"y" * 4000 + b"\r\n\r\n"))[:20])

    def test_leaves_slow_senders(self):
        server = self.start(config={"limits": {"header_seconds": 0.3, "body_seconds": 0.3, "idle_seconds": 0.3}})
        before = open_files(server)
        idle, *slow = server.raw(), server.raw(b"POST /v1/compl"), server.raw(request("/v1/completions", LONG)[:-5])
        self.assertEqual(hear(idle), b"")
        for connection in slow:
            self.assertTrue(hear(connection).startswith(b"HTTP/1.1 408"))
        self.eventually(lambda: open_files(server) <= before)

    def test_a_vanished_client_is_cancelled(self):
        server = self.start()
        for stream in (True, False):
            before = self.figure(server, "adze_requests_cancelled_total")
            connection = server.raw(request("/v1/completions", {**LONG, "n": 4, "stream": stream}))
            if stream:
                connection.recv(100)
            connection.close()
            self.eventually(lambda: self.figure(server, "adze_requests_running") == 0 and self.figure(server, "adze_requests_waiting") == 0)
            self.assertTrue(server.wait_for(lambda: any(event["status"] == 499 for event in server.requests())) or
                            self.figure(server, "adze_requests_cancelled_total") > before)
        self.assertEqual(len(server.post("/v1/completions", {**LONG, "max_tokens": 3})["choices"]), 1)

    def test_many_idle_connections(self):
        server = self.start()
        threads = len(os.listdir(f"/proc/{server.process.pid}/task"))
        idle = [server.raw() for _ in range(400)]
        self.assertEqual(server.get("/health")["status"], "ok")
        self.assertEqual(len(os.listdir(f"/proc/{server.process.pid}/task")), threads)
        for connection in idle:
            connection.close()

    def test_ends_with_what_is_under_way(self):
        server = self.start()
        idle = server.raw()
        connection = server.raw(request("/v1/completions", {**LONG, "stream": True}))
        connection.recv(1)
        server.terminate()
        self.assertEqual(hear(idle), b"")
        text = hear(connection)
        self.assertIn(b"data: [DONE]", text)
        self.assertEqual(server.stop(), 0)
        self.assertEqual(server.events[-1]["event"], "stopped")
        self.assertTrue(server.events[-1]["clean"])

    def test_keys(self):
        config = self.folder / "server.json"
        secrets = {name: self.adze("serve", "--config", config, "--add-key", name).stdout.strip()
                   for name in ("alice", "bob:operator")}
        stored = config.read_text()
        for secret in secrets.values():
            self.assertNotIn(secret, stored)
        self.refuses("serve", "--config", config, "--add-key", "alice", says="there is a key 'alice'")
        server = self.start("--config", config)
        body = {**LONG, "max_tokens": 2}
        self.assertEqual(server.ask("POST", "/v1/completions", body)[0], 401)
        self.assertEqual(server.ask("POST", "/v1/completions", body, authorization="Bearer wrong")[0], 401)
        self.assertEqual(server.ask("GET", "/health")[0], 200)
        alice = {"authorization": f"Bearer {secrets['alice']}"}
        bob = {"x_api_key": secrets["bob:operator"]}
        server.post("/v1/completions", body, **alice)
        self.assertEqual(server.ask("POST", "/models/unload", {"model": "tiny"}, **alice)[0], 403)
        self.assertTrue(server.post("/models/load", {"model": "tiny"}, **bob)["loaded"])
        self.eventually(lambda: server.ask("POST", "/models/unload", {"model": "tiny"}, **bob)[0] == 200)
        self.assertTrue(server.wait_for(lambda: any(event.get("key") == "alice" for event in server.requests())))
        for event in server.events:
            for secret in secrets.values():
                self.assertNotIn(secret, str(event))

    def test_rates(self):
        server = self.start(config={"requests_per_minute": 3})
        statuses = [server.ask("POST", "/tokenize", {"content": "a"})[0] for _ in range(5)]
        self.assertEqual(statuses, [200] * 3 + [429] * 2)
        self.assertEqual(server.ask("GET", "/health")[0], 200)

    def test_web_pages(self):
        server = self.start("--allow-origin", "https://good.example")
        body = {"content": "a"}
        status, headers, _ = server.ask("POST", "/tokenize", body, origin="https://good.example")
        self.assertEqual((status, headers["Access-Control-Allow-Origin"]), (200, "https://good.example"))
        status, headers, _ = server.ask("POST", "/tokenize", body, origin="https://bad.example")
        self.assertEqual((status, "Access-Control-Allow-Origin" in headers), (403, False))
        # A name that somebody else points here is no name of the server's own.
        self.assertEqual(server.ask("POST", "/tokenize", body, origin="http://bad.example:8080", host="bad.example:8080")[0], 403)
        status, headers, _ = server.ask("OPTIONS", "/tokenize", origin="https://good.example", access_control_request_headers="x-a")
        self.assertEqual((status, headers["Access-Control-Allow-Headers"]), (204, "x-a"))

    def test_strict(self):
        server = self.start("--strict")
        status, _, text = server.ask("POST", "/v1/completions", {**LONG, "mystery": 1})
        self.assertEqual(status, 400)
        self.assertIn("mystery: there is no such field", text)

    def test_models_make_room_for_each_other(self):
        first = write_tiny_model(self.folder / "first.gguf", seed=1)
        second = write_tiny_model(self.folder / "second.gguf", seed=2)
        room = int(first.stat().st_size * 2)  # for one of them
        server = Server(first, second, "--max-ram", f"{room}")
        self.addCleanup(server.stop)
        body = {"prompt": "the", "max_tokens": 8, "temperature": 0}
        for name, path in (("first", first), ("second", second), ("first", first)):
            text = server.post("/v1/completions", {**body, "model": name})["choices"][0]["text"]
            self.assertEqual(text, self.json_of("run", path, "-p", "the", "-n", 8, "--temp", 0)["text"])
            self.eventually(lambda: [model["name"] for model in server.get("/api/ps")["models"]] == [name])
        status, _, text = server.ask("POST", "/v1/completions", {**body, "model": "third"})
        self.assertEqual(status, 404)
        self.assertIn("there are: first, second", text)


if __name__ == "__main__":
    unittest.main()
