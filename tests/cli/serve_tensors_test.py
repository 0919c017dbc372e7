#!/usr/bin/env python3
"""adze serve: KServe's protocol for graphs of tensors and for embeddings."""
import http.client
import json
import struct
import unittest

from onnx_files import float_tensor, node, write_model
from program import VerbTest
from served import Server
from tiny_encoder import write_tiny_encoder
from tiny_model import write_tiny_model

ROWS = [[1, -5, 4], [0, 0, 0]]
Y = [2, 0, 1, 1, 2, 0]  # of ROWS


def floats(*numbers):
    return struct.pack(f"<{len(numbers)}f", *numbers)


def infer(data, shape=(2, 3), **members):
    return {"inputs": [{"name": "x", "datatype": "FP32", "shape": list(shape), "data": data}], **members}


def ask_bytes(server, path, document, binary):
    """(document, bytes) of an answer whose tensors stand behind its JSON."""
    head = json.dumps(document).encode()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request("POST", path, head + binary, {"Inference-Header-Content-Length": str(len(head))})
    response = connection.getresponse()
    body = response.read()
    length = response.getheader("Inference-Header-Content-Length")
    connection.close()
    if response.status != 200:
        raise AssertionError(f"{response.status} {body}")
    return json.loads(body[:int(length or len(body))]), body[int(length or len(body)):]


class Graphs(VerbTest):
    def setUp(self):
        super().setUp()
        nodes = [node("Add", ["x", "bias"], ["sum"]), node("Relu", ["sum"], ["y"])]
        model = write_model(self.folder / "small.onnx", nodes, [float_tensor("bias", [1, 2, -3])])
        self.server = Server(model, write_tiny_model(self.folder / "tiny.gguf"))
        self.addCleanup(self.server.stop)

    def refuses_infer(self, body, says, status=400, **headers):
        got, _, text = self.server.ask("POST", "/v2/models/small/infer", body, **headers)
        self.assertEqual((got, list(json.loads(text))), (status, ["error"]), text)
        self.assertRegex(text, says)

    def test_says_what_it_takes(self):
        for version in ("", "/versions/1"):
            found = self.server.get("/v2/models/small" + version)
            self.assertEqual(found, {"name": "small", "versions": ["1"], "platform": "onnx_onnxv1",
                                     "inputs": [{"name": "x", "datatype": "FP32", "shape": [-1, 3]}],
                                     "outputs": [{"name": "y", "datatype": "FP32", "shape": [-1, 3]}]})
            self.assertEqual(self.server.ask("GET", f"/v2/models/small{version}/ready")[0], 200)
        self.assertEqual(self.server.get("/v2")["extensions"], ["binary_tensor_data"])
        for path, status in (("/v2/health/live", 200), ("/v2/health/ready", 200), ("/v2/models/huge", 404), ("/v2/models/huge/ready", 404),
                             ("/v2/models/small/versions/2", 404), ("/v2/nothing", 404)):
            self.assertEqual(self.server.ask("GET", path)[0], status, path)
        self.assertEqual(self.server.get("/v2/models/tiny")["inputs"], [{"name": "text", "datatype": "BYTES", "shape": [-1]}])

    def test_computes_tensors_of_json(self):
        for data in (ROWS, [number for row in ROWS for number in row]):
            answer = self.server.post("/v2/models/small/infer", infer(data, id="a"))
            self.assertEqual(answer, {"model_name": "small", "model_version": "1", "id": "a",
                                      "outputs": [{"name": "y", "datatype": "FP32", "shape": [2, 3], "data": Y}]})
        self.assertEqual(self.server.post("/v2/models/small/versions/1/infer", infer(ROWS))["outputs"][0]["data"], Y)
        self.assertEqual(self.server.post("/v2/models/small/infer", infer([], (0, 3)))["outputs"][0]["data"], [])

    def test_computes_tensors_of_bytes(self):
        x = {"name": "x", "datatype": "FP32", "shape": [2, 3], "parameters": {"binary_data_size": 24}}
        wanted = {"name": "y", "parameters": {"binary_data": True}}
        binary = floats(*ROWS[0], *ROWS[1])
        document, data = ask_bytes(self.server, "/v2/models/small/infer", {"inputs": [x], "outputs": [wanted]}, binary)
        self.assertEqual((document["outputs"][0]["parameters"], data), ({"binary_data_size": 24}, floats(*Y)))
        document, data = ask_bytes(self.server, "/v2/models/small/infer", {"inputs": [x], "parameters": {"binary_data_output": True}}, binary)
        self.assertEqual(data, floats(*Y))
        document, data = ask_bytes(self.server, "/v2/models/small/infer", {"inputs": [x], "outputs": [{"name": "y"}]}, binary)
        self.assertEqual((document["outputs"][0]["data"], data), (Y, b""))

    def test_refuses_what_does_not_fit(self):
        for body, says in ((infer([1, 2]), "holds 2 elements, its shape 6"), (infer(["a"] * 6), "no number"),
                           (infer([1, 2], (1, 2)), r"input 'x' must be f32\[N, 3\]"), (infer(ROWS, (2, -3)), "whole numbers"),
                           (infer([], (1 << 39, 1 << 39, 3)), "too large"), (infer(ROWS, outputs=[{"name": "z"}]), "no output 'z'"),
                           (infer(ROWS, parameters={"sequence_id": 3}), "sequence_id: is not supported"),
                           (infer(ROWS, outputs=[{"name": "y", "parameters": {"classification": 2}}]), "classification"),
                           ({}, "inputs: is missing"), ({"inputs": []}, "'x'.* is missing"), ("{", "body"),
                           ({"inputs": [{"name": "x", "datatype": "FP99", "shape": [1, 3], "data": [1, 2, 3]}]}, "'FP99'"),
                           ({"inputs": [{"name": "x", "datatype": "FP16", "shape": [1, 3], "data": [1, 2, 3]}]}, "no form in JSON"),
                           ({"inputs": [{"name": "x", "datatype": "INT8", "shape": [1], "data": [200]}]}, "no whole number"),
                           ({"inputs": infer(ROWS)["inputs"] * 2}, "'x' is there twice"),
                           ({"inputs": [{"name": "x", "datatype": "FP32", "shape": [2, 3], "parameters": {"binary_data_size": 24}}]}, "0 bytes are left")):
            self.refuses_infer(body, says)
        self.refuses_infer(infer(ROWS), "Inference-Header-Content-Length is 9999", Inference_Header_Content_Length="9999")
        self.refuses_infer(json.dumps(infer(ROWS)) + "xx", "belong to no input", Inference_Header_Content_Length=str(len(json.dumps(infer(ROWS)))))
        self.assertEqual(self.server.ask("POST", "/v2/models/tiny/infer", infer(ROWS))[0], 400)
        self.assertEqual(self.server.ask("POST", "/v1/chat/completions", {"model": "small", "messages": [{"role": "user", "content": "x"}]})[0], 400)
        self.assertEqual(self.server.ask("POST", "/tokenize", {"model": "small", "content": "x"})[0], 400)
        self.assertEqual(self.server.ask("POST", "/api/show", {"model": "small"})[0], 400)
        self.assertEqual([model["name"] for model in self.server.get("/api/tags")["models"]], ["small", "tiny"])
        self.assertEqual(self.server.ask("GET", "/metrics")[0], 200)


class Embeddings(VerbTest):
    def test_vectors_are_those_of_embed(self):
        model = write_tiny_encoder(self.folder / "tiny")
        texts = ["The cat, the dog!", "sea"]
        expected = [row["embedding"] for row in self.json_of("embed", model, "-p", texts[0], "-p", texts[1])["texts"]]
        server = Server(model)
        self.addCleanup(server.stop)
        width = len(expected[0])
        metadata = server.get("/v2/models/tiny")
        self.assertEqual(metadata["inputs"], [{"name": "text", "datatype": "BYTES", "shape": [-1]}])
        self.assertEqual(metadata["outputs"], [{"name": "embedding", "datatype": "FP32", "shape": [-1, width]}])
        answer = server.post("/v2/models/tiny/infer", {"inputs": [{"name": "text", "datatype": "BYTES", "shape": [2], "data": texts}]})
        numbers = [number for row in expected for number in row]
        self.assertEqual(answer["outputs"], [{"name": "embedding", "datatype": "FP32", "shape": [2, width], "data": numbers}])
        binary = b"".join(struct.pack("<I", len(text)) + text.encode() for text in texts)
        given = {"name": "text", "datatype": "BYTES", "shape": [2, 1], "parameters": {"binary_data_size": len(binary)}}
        wanted = {"name": "embedding", "parameters": {"binary_data": True}}
        _, data = ask_bytes(server, "/v2/models/tiny/infer", {"inputs": [given], "outputs": [wanted]}, binary)
        self.assertEqual(data, floats(*numbers))
        for cut in (binary[:-1], binary[:2], binary + b"\1\0\0\0x"):
            given["parameters"]["binary_data_size"] = len(cut)
            with self.assertRaisesRegex(AssertionError, "400.*(ends within|holds 3 texts)"):
                ask_bytes(server, "/v2/models/tiny/infer", {"inputs": [given]}, cut)
        self.assertEqual(server.ask("POST", "/v2/models/tiny/infer", infer(ROWS))[0], 400)


if __name__ == "__main__":
    unittest.main()
