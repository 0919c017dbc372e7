#!/usr/bin/env python3
"""adze serve: models that an operator makes of others and of files, and that are there after the next start."""
import hashlib
import http.client
import json
import os
import unittest

from adapters_test import write_adapter
from program import VerbTest
from served import Server
from tiny_model import write_tiny_model

SYSTEM = "You are Mario."
TEMPLATE = "{% for m in messages %}{{ m.role }}: {{ m.content }} {% endfor %}assistant:"
SHOUTED = "{% for m in messages %}{{ m.content | upper }} {% endfor %}"


class Create(VerbTest):
    def setUp(self):
        super().setUp()
        self.model = write_tiny_model(self.folder / "tiny.gguf")
        self.config = self.folder / "server.json"
        self.keys = {name.split(":")[0]: self.adze("serve", "--config", self.config, "--add-key", name).stdout.strip()
                     for name in ("bob:operator", "alice")}
        (self.folder / "chat.jinja").write_text(TEMPLATE)
        self.start()
        self.addCleanup(lambda: self.server.stop())

    def start(self, *words):
        self.server = Server(self.model, "--config", self.config, "-c", 256, "--template", self.folder / "chat.jinja",
                             "--store", self.folder / "store", *words)

    def restart(self):
        self.assertEqual(self.server.stop(), 0)
        self.start()

    def ask(self, method, path, body=None, who="bob", **headers):
        status, _, text = self.server.ask(method, path, body, Authorization=f"Bearer {self.keys[who]}", **headers)
        return status, [json.loads(line) for line in text.splitlines()]

    def create(self, **body):
        status, lines = self.ask("POST", "/api/create", body)
        self.assertEqual((status, lines[-1]), (200, {"status": "success"}), lines)
        return [line["status"] for line in lines]

    def refuses(self, says, status=400, **body):
        got, lines = self.ask("POST", "/api/create", {"model": "new", **body})
        self.assertEqual(got, status, lines)
        self.assertIn(says, lines[-1]["error"])

    def send(self, data, digest=None, pieces=None, who="bob"):
        """(status, digest); `pieces`: as chunks of that many bytes, of unknown length."""
        digest = digest or "sha256:" + hashlib.sha256(data).hexdigest()
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        body = data if pieces is None else (data[at:at + pieces] for at in range(0, len(data), pieces))
        connection.request("POST", f"/api/blobs/{digest}", body, {"Authorization": f"Bearer {self.keys[who]}"}, encode_chunked=pieces is not None)
        status = connection.getresponse().status
        connection.close()
        return status, digest

    def names(self):
        return [model["name"] for model in self.ask("GET", "/api/tags")[1][0]["models"]]

    def prompt(self, model, text="Hi", **fields):
        body = {"model": model, "messages": [{"role": "user", "content": text}], **fields}
        return self.ask("POST", "/apply-template", body)[1][0]["prompt"]

    def chat(self, model, path="/api/chat", **fields):
        body = {"model": model, "messages": [{"role": "user", "content": "Hi"}], "stream": False, **fields}
        status, lines = self.ask("POST", path, body, "alice")
        self.assertEqual(status, 200, lines)
        return lines[0]

    def completion(self, model):
        body = {"model": model, "prompt": "the", "max_tokens": 8, "temperature": 0}
        return self.ask("POST", "/v1/completions", body)[1][0]["choices"][0]["text"]

    def said(self, path, *words):
        return self.json_of("run", path, "-p", "the", "-n", 8, "--temp", 0, "-t", 1, *words)["text"]

    def test_a_model_with_words_of_its_own(self):
        said = self.create(model="mario", **{"from": "tiny"}, system=SYSTEM, template=SHOUTED, license=["free", "as in beer"],
                           parameters={"temperature": 0, "num_predict": 7, "stop": ["xyzzy"], "num_ctx": 128},
                           messages=[{"role": "user", "content": "one"}, {"role": "assistant", "content": "two"}])
        self.assertEqual(said[0], "reading model metadata")
        self.assertEqual(said[-2:], ["writing manifest", "success"])
        self.assertTrue({"creating system layer", "creating template layer", "creating parameters layer"} <= set(said), said)
        for _ in range(2):
            self.assertEqual(self.names(), ["tiny", "mario"])
            self.assertEqual(self.prompt("mario"), "YOU ARE MARIO. ONE TWO HI ")
            self.assertEqual(self.prompt("tiny"), "user: Hi assistant:")
            self.assertEqual([self.chat("mario")["eval_count"] for _ in range(2)], [7, 7])
            self.assertEqual(self.chat("mario")["message"], self.chat("mario")["message"])
            self.assertEqual(self.chat("mario", options={"num_predict": 3})["eval_count"], 3)
            self.assertGreater(self.chat("mario", options={"num_predict": -1})["eval_count"], 7)
            self.assertEqual(self.chat("mario", "/v1/chat/completions")["usage"]["completion_tokens"], 7)
            show = self.ask("POST", "/api/show", {"model": "mario"})[1][0]
            self.assertEqual((show["system"], show["template"], show["license"]), (SYSTEM, SHOUTED, "free\nas in beer"))
            self.assertEqual(show["details"]["parent_model"], "tiny")
            self.assertEqual(show["model_info"]["llama.context_length"], 128)
            self.assertIn('PARAMETER stop                           "xyzzy"\n', show["modelfile"])
            self.assertEqual([message["content"] for message in show["messages"]], ["one", "two"])
            self.restart()

    def test_a_request_wins(self):
        self.create(model="mario", **{"from": "tiny"}, system=SYSTEM)
        body = {"model": "mario", "messages": [{"role": "system", "content": "Be Luigi."}, {"role": "user", "content": "Hi"}]}
        self.assertEqual(self.ask("POST", "/apply-template", body)[1][0]["prompt"], "system: Be Luigi. user: Hi assistant:")
        self.create(model="wario", **{"from": "mario:latest"}, parameters={"temperature": 0})
        self.assertEqual(self.prompt("wario"), f"system: {SYSTEM} user: Hi assistant:")
        self.create(model="wario:latest", **{"from": "mario"}, system="")
        self.assertEqual(self.prompt("wario"), "user: Hi assistant:")
        self.assertEqual(self.names(), ["tiny", "mario", "wario"])

    def test_fewer_bits(self):
        lines = self.create(model="small", **{"from": "tiny"}, quantize="q8_0")
        self.assertIn("quantizing model to Q8_0", lines)
        self.json_of("quantize", self.model, self.folder / "q8.gguf", "--type", "Q8_0", "--card", "streaming")
        expected = self.said(self.folder / "q8.gguf")
        self.restart()
        self.assertEqual(self.completion("small"), expected)
        blobs = os.listdir(self.folder / "store" / "blobs")
        self.assertEqual(len(blobs), 1, blobs)
        self.assertEqual(self.ask("DELETE", "/api/delete", {"model": "small"})[0], 200)
        self.assertEqual(os.listdir(self.folder / "store" / "blobs"), [])
        self.refuses("unknown quantization type", **{"from": "tiny"}, quantize="q0_0")

    def test_files(self):
        data = write_tiny_model(self.folder / "other.gguf", seed=5).read_bytes()
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        self.assertEqual(self.ask("HEAD", f"/api/blobs/{digest}")[0], 404)
        self.refuses("there is no blob", 404, files={"other.gguf": digest})
        self.assertEqual(self.send(data, pieces=1000)[0], 201)
        self.assertEqual(self.ask("HEAD", f"/api/blobs/{digest}")[0], 200)
        self.assertEqual(self.send(data)[0], 200)
        self.assertIn(f"using existing layer {digest}", self.create(model="other", files={"other.gguf": digest}))
        self.restart()
        expected = self.said(self.folder / "other.gguf")
        self.assertEqual(self.completion("other"), expected)

    def test_a_folder_of_files(self):
        self.adze("convert", self.model, self.folder / "hf", "--to", "hf")
        files = {path.name: self.send(path.read_bytes())[1] for path in (self.folder / "hf").iterdir()}
        self.create(model="folder", files=files)
        self.restart()
        expected = self.said(self.folder / "hf")
        self.assertEqual(self.completion("folder"), expected)
        self.refuses("is no name for a file", files={**files, "../x": next(iter(files.values()))})

    def test_an_adapter_for_all_requests(self):
        folder = write_adapter(self.folder / "adapter")
        adapter = {path.name: self.send(path.read_bytes())[1] for path in folder.iterdir()}
        self.create(model="adapted", **{"from": "tiny"}, adapters=adapter)
        self.restart()
        expected = self.said(self.model, "--adapter", folder)
        self.assertEqual(self.completion("adapted"), expected)
        self.assertNotEqual(self.completion("tiny"), expected)

    def test_bytes_that_are_not_what_they_should_be(self):
        self.assertEqual(self.send(b"something", "sha256:" + "0" * 64)[0], 400)
        for digest in ("sha256:12", "md5:" + "0" * 64, "sha256:" + "G" * 64, "..%2F..%2Fx"):
            self.assertEqual(self.send(b"something", digest)[0], 400, digest)
        self.assertEqual(self.send(b"something", who="alice")[0], 403)
        digest = self.send(b"no model at all")[1]
        status, lines = self.ask("POST", "/api/create", {"model": "new", "files": {"x.gguf": digest}})
        self.assertEqual((status, list(lines[-1])), (200, ["error"]))
        self.assertEqual(self.names(), ["tiny"])
        # Who goes away in the middle leaves nothing.
        with self.server.raw() as connection:
            connection.sendall(f"POST /api/blobs/sha256:{'1' * 64} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n"
                               f"Authorization: Bearer {self.keys['bob']}\r\n\r\nonly this".encode())
        self.server.wait_for(lambda: any(event.get("path", "").endswith("1" * 64) for event in self.server.requests()), 10)
        self.restart()
        self.assertEqual(os.listdir(self.folder / "store" / "blobs"), [])  # nobody needed the others either

    def test_a_store_is_not_filled_beyond_its_bound(self):
        config = json.loads(self.config.read_text())
        self.config.write_text(json.dumps({**config, "store_bytes": 2000}))
        self.restart()
        self.assertEqual(self.send(b"x" * 3000)[0], 413)
        self.assertEqual(self.send(b"x" * 3000, pieces=100)[0], 413)
        self.assertEqual(self.send(b"x" * 1500)[0], 201)
        status, lines = self.ask("POST", "/api/create", {"model": "small", "from": "tiny", "quantize": "Q8_0"})
        self.assertIn("room", lines[-1]["error"])
        self.assertEqual(len(os.listdir(self.folder / "store" / "blobs")), 1)

    def test_what_cannot_be_made(self):
        parent = {"from": "tiny"}
        self.refuses("say one of them")
        self.refuses("there is no model 'llama3'", 404, **{"from": "llama3"})
        self.refuses("configuration", model="tiny", **parent)
        self.refuses("no name for a model", model="a b", **parent)
        self.refuses("Go's language", template="{{ if .System }}{{ .System }}{{ end }}", **parent)
        self.refuses("template", template="{% for %}", **parent)
        self.refuses("there is no parameter 'warmth'", parameters={"warmth": 1}, **parent)
        self.refuses("temperature", parameters={"temperature": "hot"}, **parent)
        self.refuses("role", messages=[{"role": "tool", "content": "x"}], **parent)
        for field in ("modelfile", "renderer", "parser", "remote_host"):
            self.refuses(f"{field}: is not supported", **{field: "x"}, **parent)
        self.assertEqual(self.ask("POST", "/api/create", {"model": "new", **parent}, "alice")[0], 403)
        self.assertEqual(self.names(), ["tiny"])

    def test_one_server_at_a_time(self):
        with self.assertRaisesRegex(RuntimeError, "lock"):
            Server(self.model, "--store", self.folder / "store")

    def test_what_is_renamed_stays(self):
        self.assertEqual(self.ask("POST", "/api/copy", {"source": "tiny", "destination": "again"})[0], 200)
        self.restart()
        self.assertEqual(self.names(), ["tiny", "again"])
        self.assertEqual(self.ask("DELETE", "/api/delete", {"model": "again"})[0], 200)
        self.restart()
        self.assertEqual(self.names(), ["tiny"])


class WithoutStore(VerbTest):
    def test_nothing_is_made(self):
        model = write_tiny_model(self.folder / "tiny.gguf")
        config = self.folder / "server.json"
        key = self.adze("serve", "--config", config, "--add-key", "bob:operator").stdout.strip()
        server = Server(model, "--config", config)
        self.addCleanup(server.stop)
        for path in ("/api/create", "/api/blobs/sha256:" + "0" * 64):
            status, _, text = server.ask("POST", path, {"model": "new", "from": "tiny"}, Authorization=f"Bearer {key}")
            self.assertEqual(status, 400)
            self.assertIn("--store", text)


if __name__ == "__main__":
    unittest.main()
