"""A server with a tiny model for all tests of a class."""
import json
import tempfile
from pathlib import Path

from program import VerbTest
from served import Server
from tiny_model import write_tiny_model

GREEDY = {"temperature": 0, "ignore_eos": True}
TOOL = {"type": "function", "function": {
    "name": "look", "description": "Looks.", "parameters": {
        "type": "object", "properties": {"where": {"enum": ["here", "there"]}}, "required": ["where"],
        "additionalProperties": False}}}


class Served(VerbTest):
    """One server for all tests of the class; `options` are its words behind the model."""
    options = ("-c", 1024)  # of bytes, nearly

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._scratch = tempfile.TemporaryDirectory()
        cls.home = Path(cls._scratch.name)
        cls.model = write_tiny_model(cls.home / "tiny.gguf")
        cls.server = cls.start()

    @classmethod
    def start(cls):
        return Server(cls.model, *cls.options)

    @classmethod
    def tearDownClass(cls):
        status = cls.server.stop()
        cls._scratch.cleanup()
        assert status == 0, (status, cls.server.events)

    def said(self, prompt, tokens, *words):
        """What `adze run` says."""
        return self.json_of("run", self.model, "-p", prompt, "-n", tokens, "--temp", 0, "--ignore-eos", "-t", 1, *words)["text"]

    def refuses_request(self, path, body, status, says, field=None):
        got, _, text = self.server.ask("POST", path, body)
        self.assertEqual(got, status, text)
        self.assertRegex(text, says)
        if field:
            self.assertEqual(json.loads(text)["error"]["param"], field)


def chat(prompt, **fields):
    return {"model": "tiny", "messages": [{"role": "user", "content": prompt}], **GREEDY, **fields}
