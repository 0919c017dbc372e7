#!/usr/bin/env python3
"""adze serve with TLS, and what it reads again while it runs."""
import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import unittest
import warnings

from program import USAGE, VerbTest
from served import Server, hear
from tiny_model import write_tiny_model

PROMPT = {"prompt": "the cat", "max_tokens": 20, "temperature": 0, "ignore_eos": True}


def make_certificate(folder, name="localhost"):
    """A certificate that signs itself, and its key."""
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                    "-keyout", key, "-out", certificate], check=True, capture_output=True)
    return certificate, key


@unittest.skipUnless(shutil.which("openssl"), "no openssl to make certificates with")
class Tls(VerbTest):
    def setUp(self):
        super().setUp()
        self.model = write_tiny_model(self.folder / "tiny.gguf")
        self.certificate, self.key = make_certificate(self.folder)

    def start(self, *words):
        server = Server(*(words or (self.model, "--tls-certificate", self.certificate, "--tls-key", self.key)))
        self.addCleanup(server.stop)
        return server

    def trusting(self, certificate=None, **limits):
        context = ssl.create_default_context(cafile=str(certificate or self.certificate))
        for name, value in limits.items():
            setattr(context, name, value)
        return context

    def connect(self, server, context=None):
        plain = socket.create_connection(("127.0.0.1", server.port), timeout=30)
        self.addCleanup(plain.close)
        connection = (context or self.trusting()).wrap_socket(plain, server_hostname="localhost")
        self.addCleanup(connection.close)
        return connection

    def ask(self, server, body, path="/v1/completions"):
        client = http.client.HTTPSConnection("localhost", server.port, timeout=60, context=self.trusting())
        self.addCleanup(client.close)
        for _ in range(2):  # the second on the same connection
            client.request("POST", path, json.dumps(body))
            response = client.getresponse()
            text = response.read().decode()
            self.assertEqual(response.status, 200, text)
        return text

    def said(self):
        return self.json_of("run", self.model, "-p", PROMPT["prompt"], "-n", 20, "--temp", 0, "--ignore-eos", "-t", 1)["text"]

    def test_answers_are_the_same(self):
        server = self.start()
        self.assertEqual(json.loads(self.ask(server, PROMPT))["choices"][0]["text"], self.said())
        events = [json.loads(line[6:]) for line in self.ask(server, {**PROMPT, "stream": True}).split("\n")
                  if line.startswith("data: {")]
        self.assertEqual("".join(event["choices"][0]["text"] for event in events), self.said())

    def test_long_bodies_arrive(self):
        server = self.start()
        text = "the cat " * 30_000  # more than a record of TLS
        body = json.loads(self.ask(server, {"content": text}, "/tokenize"))
        self.assertGreater(len(body["tokens"]), 1000)

    def test_old_versions_and_plain_http_are_told(self):
        server = self.start()
        self.assertTrue(hear(server.raw(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")).startswith(b"HTTP/1.1 400"))
        for garbage in (b"\x16\x03\x01\x00\x05hello", b"\x00" * 4096, b"\x16\x03\x01\xff\xff" + b"x" * 100):
            connection = server.raw(garbage)
            connection.shutdown(socket.SHUT_WR)
            self.assertNotIn(b"HTTP", hear(connection))
        warnings.simplefilter("ignore", DeprecationWarning)  # of asking for TLS 1.1
        old = self.trusting(maximum_version=ssl.TLSVersion.TLSv1_1, minimum_version=ssl.TLSVersion.TLSv1)
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            self.connect(server, old)
        self.assertEqual(self.connect(server, self.trusting(maximum_version=ssl.TLSVersion.TLSv1_2)).version(), "TLSv1.2")

    def test_who_goes_away_is_cancelled(self):
        server = self.start()
        endless = json.dumps({**PROMPT, "max_tokens": 200, "stream": True}).encode()
        for says_goodbye in (True, False):
            before = len(server.requests())
            connection = self.connect(server)
            connection.sendall(b"POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (len(endless), endless))
            self.assertTrue(connection.recv(100))
            if says_goodbye:
                try:
                    connection.settimeout(0.2)
                    connection.unwrap()
                except (ssl.SSLError, OSError):
                    pass
            connection.close()
            self.assertTrue(server.wait_for(lambda: len(server.requests()) > before))
        self.assertTrue(json.loads(self.ask(server, PROMPT))["choices"])

    def test_many_clients_at_once(self):
        server = self.start()
        expected, heard = self.said(), []
        workers = [threading.Thread(target=lambda: heard.append(json.loads(self.ask(server, PROMPT))["choices"][0]["text"]))
                   for _ in range(8)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        self.assertEqual(heard, [expected] * 8)

    def test_files_that_are_no_certificate_are_refused(self):
        _, other_key = make_certificate(self.folder, "other")
        cases = (((self.model, self.key), "chain of certificates"), ((self.certificate, self.model), "private key"),
                 ((self.certificate, other_key), "private key"), ((self.certificate, self.folder / "none.key"), "none.key"))
        for (certificate, key), says in cases:
            self.refuses("serve", self.model, "--port", 0, "--tls-certificate", certificate, "--tls-key", key, says=says)
        self.refuses("serve", self.model, "--tls-key", self.key, status=USAGE, says="go together")

    def test_certificates_keys_and_models_are_read_again(self):
        config = self.folder / "server.json"
        settings = {"models": [{"path": "tiny.gguf"}], "tls": {"certificate": "localhost.pem", "key": "localhost.key"}}
        config.write_text(json.dumps(settings))
        server = self.start("--config", config)
        self.connect(server).close()
        make_certificate(self.folder)  # others, under the same names
        write_tiny_model(self.folder / "second.gguf")
        settings["models"].append({"path": "second.gguf"})
        config.write_text(json.dumps(settings))
        self.hang_up(server, "read_again")
        client = http.client.HTTPSConnection("localhost", server.port, timeout=60, context=self.trusting())
        client.request("GET", "/v1/models")
        self.assertEqual([model["id"] for model in json.loads(client.getresponse().read())["data"]], ["tiny", "second"])
        config.write_text("{")
        self.hang_up(server, "not_read_again")
        self.connect(server).close()  # all stays as it is

    def hang_up(self, server, event):
        server.process.send_signal(signal.SIGHUP)
        self.assertTrue(server.wait_for(lambda: any(isinstance(each, dict) and each["event"] == event for each in server.events)))


class ChangedModels(VerbTest):
    def start(self, models, *words):
        config = self.folder / "server.json"
        config.write_text(json.dumps({"models": models}))
        server = Server("--config", config, *words)
        self.addCleanup(server.stop)
        return server

    def hang_up(self, server, count=1):
        server.process.send_signal(signal.SIGHUP)
        self.assertTrue(server.wait_for(lambda: self.count(server, "read_again") >= count), server.events)

    def count(self, server, event):
        return sum(isinstance(each, dict) and each["event"] == event for each in server.events)

    def say(self, server, model="tiny"):
        return server.post("/v1/completions", {**PROMPT, "model": model})["choices"][0]["text"]

    def put_another(self, path, seed):
        write_tiny_model(self.folder / "new.gguf", seed=seed)
        os.replace(self.folder / "new.gguf", path)

    def test_a_changed_file_is_read_when_it_is_next_asked_for(self):
        path = write_tiny_model(self.folder / "tiny.gguf")
        server = self.start([{"path": "tiny.gguf"}])
        old = self.say(server)
        self.put_another(path, seed=7)
        self.assertEqual(self.say(server), old)  # not told yet
        self.hang_up(server)
        new = self.say(server)
        self.assertNotEqual(new, old)
        self.assertEqual(new, self.json_of("run", path, "-p", PROMPT["prompt"], "-n", 20, "--temp", 0, "--ignore-eos", "-t", 1)["text"])

    def test_who_is_being_answered_keeps_the_old_one(self):
        path = write_tiny_model(self.folder / "tiny.gguf")
        server = self.start([{"path": "tiny.gguf"}])
        whole = server.post("/v1/completions", {**PROMPT, "max_tokens": 200})["choices"][0]["text"]
        body = json.dumps({**PROMPT, "max_tokens": 200, "stream": True})
        client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        client.request("POST", "/v1/completions", body)
        response = client.getresponse()
        first = response.readline()
        self.put_another(path, seed=7)
        self.hang_up(server)
        rest = first + response.read()
        client.close()
        events = [json.loads(line[6:]) for line in rest.decode().split("\n") if line.startswith("data: {")]
        self.assertEqual("".join(event["choices"][0]["text"] for event in events), whole)
        self.assertNotEqual(self.say(server), whole[:20])

    def test_models_come_and_go(self):
        write_tiny_model(self.folder / "tiny.gguf")
        write_tiny_model(self.folder / "second.gguf", seed=3)
        server = self.start([{"path": "tiny.gguf"}])
        (self.folder / "server.json").write_text(json.dumps({"models": [{"path": "second.gguf"}, {"path": "tiny.gguf", "name": "renamed"}]}))
        self.hang_up(server)
        self.assertEqual([model["id"] for model in server.get("/v1/models")["data"]], ["second", "renamed"])
        self.assertEqual(server.ask("POST", "/v1/completions", {**PROMPT, "model": "tiny"})[0], 404)
        self.say(server, "second")
        (self.folder / "server.json").write_text(json.dumps({"models": [{"path": "gone.gguf"}]}))
        server.process.send_signal(signal.SIGHUP)
        self.assertTrue(server.wait_for(lambda: self.count(server, "not_read_again") == 1))
        self.say(server, "second")

    def test_an_operator_may_have_a_model_read_again(self):
        path = write_tiny_model(self.folder / "tiny.gguf")
        config = self.folder / "keys.json"
        secret = self.adze("serve", "--config", config, "--add-key", "olga:operator").stdout.strip()
        server = Server(path, "--config", config)
        self.addCleanup(server.stop)
        key = {"authorization": f"Bearer {secret}"}
        before = server.post("/v1/completions", PROMPT, **key)["choices"][0]["text"]
        self.assertFalse(server.post("/models/refresh", {"model": "tiny"}, **key)["changed"])
        self.put_another(path, seed=7)
        self.assertTrue(server.post("/models/refresh", {"model": "tiny"}, **key)["changed"])
        self.assertNotEqual(server.post("/v1/completions", PROMPT, **key)["choices"][0]["text"], before)
        self.assertEqual(server.ask("POST", "/models/refresh", {"model": "tiny"})[0], 401)


if __name__ == "__main__":
    unittest.main()
