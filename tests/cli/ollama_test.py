#!/usr/bin/env python3
"""Models of Ollama: Modelfiles, names in its store, and stores that try to lead elsewhere."""
import hashlib
import json
import os
import unittest

from program import FAILURE, UNAVAILABLE, VerbTest
from tiny_model import write_tiny_model

LAYER = "application/vnd.ollama.image."


class Ollama(VerbTest):
    def setUp(self):
        super().setUp()
        self.model = write_tiny_model(self.folder / "tiny.gguf")
        self.store = self.folder / "models"
        (self.store / "blobs").mkdir(parents=True)
        self.environment = {"OLLAMA_MODELS": str(self.store)}

    def blob(self, data):
        digest = hashlib.sha256(data).hexdigest()
        (self.store / "blobs" / f"sha256-{digest}").write_bytes(data)
        return f"sha256:{digest}"

    def layer(self, kind, data):
        return {"mediaType": LAYER + kind, "digest": self.blob(data), "size": len(data)}

    def manifest(self, *layers, name="registry.ollama.ai/library/tiny/latest"):
        path = self.store / "manifests" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"schemaVersion": 2, "config": {}, "layers": list(layers)}))
        return path

    def whole(self, **parameters):
        layers = [self.layer("model", self.model.read_bytes()), self.layer("template", b"{{ .Prompt }}"),
                  self.layer("license", b"MIT")]
        if parameters:
            layers.append(self.layer("params", json.dumps(parameters).encode()))
        return layers

    def run_of(self, name, *words):
        return self.json_of("run", name, "-p", "the cat", "-n", 12, "--ignore-end", *words, environment=self.environment)

    def modelfile(self, text):
        path = self.folder / "Modelfile"
        path.write_text(text)
        return path

    # ---- names and manifests

    def test_a_name_finds_the_weights(self):
        path = self.manifest(*self.whole())
        self.manifest(*self.whole(), name="registry.ollama.ai/space/tiny/q8")
        self.manifest(*self.whole(), name="hf.co/owner/repo/Q8_0")
        for name in ("ollama://tiny", "ollama://tiny:latest", "ollama://library/tiny", "ollama://space/tiny:q8",
                     "ollama://hf.co/owner/repo:Q8_0", path):
            self.assertEqual(self.json_of("inspect", name, environment=self.environment)["architecture"], "llama")

    def test_its_parameters_are_the_defaults(self):
        self.manifest(*self.whole(temperature=0.0, stop=["zq", "qz"], seed=7, top_k=5, num_ctx=2048))
        greedy = self.run_of(self.model, "--temp", 0)["tokens"]
        self.assertEqual(self.run_of("ollama://tiny")["tokens"], greedy)
        self.assertEqual(self.run_of("ollama://tiny")["seed"], 7)
        self.assertEqual(self.run_of("ollama://tiny", "--seed", 9)["seed"], 9)
        text = self.run_of(self.model, "--temp", 0)["text"]
        self.assertGreater(len(text), 4)
        self.manifest(*self.whole(temperature=0, stop=[text[2:4]]))
        self.assertEqual(self.run_of("ollama://tiny")["text"], text[:text.index(text[2:4])])
        self.assertEqual(self.run_of("ollama://tiny", "--stop", "never said")["text"], text)

    def test_its_system_message_is_said_first(self):
        self.manifest(*self.whole(temperature=0), self.layer("system", b"be brief"))
        chat = ("--chat", "-p", "hello", "-n", 6, "--ignore-end", "--temp", 0, "--json")
        ours = json.loads(self.adze("run", "ollama://tiny", *chat, environment=self.environment).stdout)
        same = json.loads(self.adze("run", self.model, *chat, "--system", "be brief").stdout)
        without = json.loads(self.adze("run", self.model, *chat).stdout)
        self.assertEqual(ours["prompt_tokens"], same["prompt_tokens"])
        self.assertEqual(ours["tokens"], same["tokens"])
        self.assertNotEqual(ours["prompt_tokens"], without["prompt_tokens"])

    def test_an_adapter_is_said_not_to_be_applied(self):
        self.manifest(*self.whole(), self.layer("adapter", b"GGUF"))
        done = self.adze("inspect", "ollama://tiny", environment=self.environment)
        self.assertRegex(done.stderr, "warning: .*adapter .* is not applied")

    def test_it_converts(self):
        self.manifest(*self.whole(temperature=0.5))
        self.adze("quantize", "ollama://tiny", self.folder / "q.gguf", "--type", "Q8_0", "--no-card",
                  environment=self.environment)
        self.adze("inspect", self.folder / "q.gguf")

    def test_what_is_not_there(self):
        self.refuses("inspect", "ollama://nothing", status=UNAVAILABLE, says="ollama pull nothing", environment=self.environment)
        self.manifest(*self.whole())
        for blob in (self.store / "blobs").iterdir():
            blob.unlink()
        self.refuses("inspect", "ollama://tiny", status=UNAVAILABLE, says="is not in the store", environment=self.environment)

    def test_names_that_leave_the_store(self):
        for name in ("..", "../x", "a/../../x", "/etc/passwd", "x:..", "x:../../y", "", "a b", "a/b/c/d", "x:"):
            self.refuses("inspect", f"ollama://{name}", says="models of Ollama are called", environment=self.environment)

    def test_blobs_that_leave_the_store(self):
        outside = self.folder / "secret.gguf"
        outside.write_bytes(self.model.read_bytes())
        for digest in ("sha256:../../secret.gguf", "sha256:" + "A" * 64, "sha256:" + "a" * 63, "md5:" + "a" * 64, ""):
            self.manifest({"mediaType": LAYER + "model", "digest": digest, "size": 1})
            self.refuses("inspect", "ollama://tiny", says="is no SHA-256 of a blob", environment=self.environment)
        os.symlink(outside, self.store / "blobs" / f"sha256-{'c' * 64}")
        self.manifest({"mediaType": LAYER + "model", "digest": f"sha256:{'c' * 64}", "size": 1})
        self.refuses("inspect", "ollama://tiny", says="link out of the store", environment=self.environment)
        (self.store / "manifests/registry.ollama.ai/library/linked").symlink_to(self.folder)
        (self.folder / "latest").write_text("{}")
        self.refuses("inspect", "ollama://linked", says="link out of the store", environment=self.environment)

    def test_a_store_that_is_a_link_itself(self):
        self.manifest(*self.whole())
        (self.folder / "linked").symlink_to(self.store)
        environment = {"OLLAMA_MODELS": str(self.folder / "linked")}
        self.assertEqual(self.json_of("inspect", "ollama://tiny", environment=environment)["architecture"], "llama")

    def test_damaged_manifests(self):
        path = self.manifest(*self.whole())
        data = path.read_text()
        for text in (data[:len(data) // 2], '{"layers": []}', '{"layers": [3]}', "[]", "{}", ""):
            path.write_text(text)
            self.refuses("inspect", "ollama://tiny", status=FAILURE, environment=self.environment)
        self.manifest(*self.whole(), self.layer("params", b'{"temperature": "warm"}'))
        self.refuses("inspect", "ollama://tiny", says="temperature is 'warm'", environment=self.environment)
        self.manifest(*self.whole(), *self.whole())
        self.refuses("inspect", "ollama://tiny", says="several files of weights", environment=self.environment)
        self.manifest(self.layer("system", b"x"))
        self.refuses("inspect", "ollama://tiny", says="names no weights", environment=self.environment)

    # ---- Modelfiles

    def test_a_modelfile_beside_its_weights(self):
        path = self.modelfile('# mine\nfrom ./tiny.gguf\nPARAMETER temperature 0\nparameter stop "zq"\nPARAMETER stop qz\n'
                              'PARAMETER seed 11\nTEMPLATE """{{ if .System }}\n{{ .System }}{{ end }}"""\n'
                              'SYSTEM """be\nbrief"""\nLICENSE MIT\nMESSAGE user hello\nPARAMETER num_ctx 99\n')
        done = self.adze("inspect", path)
        self.assertIn("example messages are left out", done.stderr)
        report = self.run_of(path)
        self.assertEqual(report["seed"], 11)
        self.assertEqual(report["tokens"], self.run_of(self.model, "--temp", 0)["tokens"])

    def test_a_modelfile_on_top_of_a_model_in_the_store(self):
        self.manifest(*self.whole(temperature=0, seed=5))
        path = self.modelfile("FROM tiny:latest\nPARAMETER seed 6\n")
        report = self.run_of(path)
        self.assertEqual(report["seed"], 6)
        self.assertEqual(report["tokens"], self.run_of(self.model, "--temp", 0)["tokens"])

    def test_modelfiles_with_mistakes(self):
        for text, says, status in (("FROM ./nothing.gguf\n", "FROM ./nothing.gguf: no such file", UNAVAILABLE),
                                   ("FROM nothing\n", "ollama pull nothing", UNAVAILABLE),
                                   ("SYSTEM x\n", "has no FROM line", FAILURE),
                                   ("FROM ./tiny.gguf\nSYSTEM \"\"\"x\n", "line 2: .*closing .* is missing", FAILURE),
                                   ("FROM ./tiny.gguf\n\nTURN left\n", "line 3: 'TURN' is no instruction", FAILURE),
                                   ("FROM ./tiny.gguf\nPARAMETER top_k 1.5\n", "top_k is '1.5'", FAILURE),
                                   ("FROM ./tiny.gguf\nPARAMETER\n", "PARAMETER has no name", FAILURE),
                                   ("FROM ./tiny.gguf\nFROM ./tiny.gguf\n", "a second FROM", FAILURE),
                                   ("FROM .\n", "is a folder; write it as a GGUF file", FAILURE)):
            self.refuses("inspect", self.modelfile(text), status=status, says=says, environment=self.environment)


if __name__ == "__main__":
    unittest.main()
