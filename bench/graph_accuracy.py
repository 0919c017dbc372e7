#!/usr/bin/env python3
"""How many answers of graph models are right: Adze, and the runtime that each format comes from, on the same labelled inputs.

Adze computes behind `adze serve`, which takes tensors of bytes, one request an input. A row says how many answers are right, of
how many the answer is another than the runtime's, and how far the outputs lie apart: relative to the largest number,
or in steps of integers. Pictures of CIFAR-10 were compressed with loss, so their rows compare programs and not published figures.

  bench/graph_accuracy.py [--only mnist,kws] [--shared FOLDER] [--limit N] [--adze FILE]
"""
# needs: numpy onnxruntime ai_edge_litert PIL
import argparse
import base64
import gzip
import http.client
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
TYPES = {"float32": "FP32", "int32": "INT32", "int8": "INT8", "uint8": "UINT8", "int64": "INT64"}
CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
CIFAR_MEAN, CIFAR_DEVIATION = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])


@dataclass
class Task:
    name: str
    path: Path
    labelled: callable  # (reference) -> [(input, label)]


class OnnxRuntime:
    name = "ONNX Runtime"

    def __init__(self, path):
        import onnxruntime
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self.input, self.output = self.session.get_inputs()[0].name, self.session.get_outputs()[0].name
        self.scale = None

    def run(self, value):
        return self.session.run([self.output], {self.input: value})[0]


class LiteRt:
    name = "LiteRT"

    def __init__(self, path):
        from ai_edge_litert.interpreter import Interpreter
        self.interpreter = Interpreter(str(path))
        self.interpreter.allocate_tensors()
        self.details, self.result = self.interpreter.get_input_details()[0], self.interpreter.get_output_details()[0]
        self.input, self.output = self.details["name"], self.result["name"]
        self.dtype, self.shape = self.details["dtype"], self.details["shape"]
        self.scale, self.zero = self.details["quantization"]

    def run(self, value):
        self.interpreter.set_tensor(self.details["index"], value)
        self.interpreter.invoke()
        return self.interpreter.get_tensor(self.result["index"]).copy()


class Adze:
    """A server with one graph; tensors go and come as bytes."""

    def __init__(self, path):
        sys.path.insert(0, str(ROOT / "tests" / "cli"))
        from served import Server
        self.server = Server(path)
        self.connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=120)
        self.model = self.server.get("/v2/models/" + Path(path).stem)["name"]

    def run(self, name, output, value):
        head = json.dumps({
            "inputs": [{"name": name, "shape": list(value.shape), "datatype": TYPES[value.dtype.name],
                        "parameters": {"binary_data_size": value.nbytes}}],
            "outputs": [{"name": output, "parameters": {"binary_data": True}}]}).encode()
        self.connection.request("POST", f"/v2/models/{self.model}/infer", head + value.tobytes(),
                                {"Inference-Header-Content-Length": str(len(head))})
        response = self.connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise RuntimeError(f"{response.status} {body[:200]}")
        length = int(response.getheader("Inference-Header-Content-Length"))
        tensor = json.loads(body[:length])["outputs"][0]
        dtype = next(name for name, word in TYPES.items() if word == tensor["datatype"])
        return np.frombuffer(body[length:], dtype).reshape(tensor["shape"])

    def stop(self):
        self.connection.close()
        self.server.stop()


def digits(data):
    def inputs(_):
        with gzip.open(data / "images/mnist/t10k-images-idx3-ubyte.gz") as file:
            pixels = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 1, 1, 28, 28).astype(np.float32)
        with gzip.open(data / "images/mnist/t10k-labels-idx1-ubyte.gz") as file:
            return list(zip(pixels, np.frombuffer(file.read(), np.uint8, offset=8).astype(int)))
    return inputs


def spoken_words(data, models):
    """Files hold the int8 model's inputs and have their labels in their names."""
    def inputs(reference):
        int8 = LiteRt(models / "kws_ref_model.tflite")
        for file in sorted((data / "kws/kws01").glob("*.bin")):
            codes = np.fromfile(file, np.int8).reshape(int8.shape)
            real = (codes.astype(np.float32) - int8.zero) * np.float32(int8.scale)
            yield codes if reference.scale else real, int(file.stem.split("_")[-1])
    return inputs


def photos(data):
    """(pixels as f32 [height, width, 3], label), of the classes in turns"""
    from PIL import Image
    folders = [sorted((data / "images/cifar10" / name).iterdir()) for name in CLASSES]
    for files in zip(*folders):
        for label, file in enumerate(files):
            yield np.asarray(Image.open(file).convert("RGB"), np.float32), label


def tflite_photos(data):
    def inputs(reference):
        for pixels, label in photos(data):
            if reference.scale:
                limits = np.iinfo(reference.dtype)
                pixels = np.clip(np.round(pixels / reference.scale) + reference.zero, limits.min, limits.max)
            yield pixels[None].astype(reference.dtype), label
    return inputs


def normalized_photos(data):
    def inputs(_):
        for pixels, label in photos(data):
            planes = ((pixels / 255 - CIFAR_MEAN) / CIFAR_DEVIATION).transpose(2, 0, 1)[None]
            yield np.ascontiguousarray(planes, np.float32), label
    return inputs


def file_types(folder):
    """Contents and what magika's authors say that its network answers."""
    config = json.loads((folder / "config.min.json").read_text())
    first, last, block, none = (config[name] for name in ("beg_size", "end_size", "block_size", "padding_token"))

    def features(content):
        begin, end = list(content[:block].lstrip()[:first]), list(content[-block:].rstrip()[-last:])
        return np.int32([begin + [none] * (first - len(begin)) + [none] * (last - len(end)) + end])

    def inputs(_):
        with gzip.open(folder / "standard_v3_3-inference_examples_by_content.json.gz") as file:
            examples = json.load(file)
        for example in examples:
            if example["prediction"]["dl"] != "undefined":
                content = base64.b64decode(example["content_base64"])
                yield features(content), config["target_labels_space"].index(example["prediction"]["dl"])
    return inputs


def all_tasks(data):
    tiny, onnx = data / "tflite/mlperf-tiny", data / "onnx"
    words, pictures = spoken_words(data, tiny), tflite_photos(data)
    tasks = [Task("MNIST digits", onnx / "mnist_8/model.onnx", digits(data)),
             Task("magika, its authors' answers", onnx / "magika/model.onnx", file_types(onnx / "magika"))]
    for name in ("kws_ref_model_float32", "kws_ref_model"):
        tasks.append(Task(f"spoken words, {name}", tiny / f"{name}.tflite", words))
    for name in ("pretrainedResnet", "pretrainedResnet_quant", "pretrainedResnet_large_float", "pretrainedResnet_large_int8"):
        tasks.append(Task(f"CIFAR-10, {name}", tiny / f"{name}.tflite", pictures))
    for name in ("resnet20-12fca82f", "resnet32-d509ac18"):
        tasks.append(Task(f"CIFAR-10, {name}", onnx / f"resnet-cifar10/{name}.th", normalized_photos(data)))
    return tasks


def apart(got, expected):
    """Steps of integers, else relative to the largest number."""
    if got.shape != expected.shape or got.dtype != expected.dtype:
        raise RuntimeError(f"{got.dtype}{got.shape} instead of {expected.dtype}{expected.shape}")
    distance = float(np.abs(got.astype(np.float64) - expected.astype(np.float64)).max())
    return distance if expected.dtype.kind in "iu" else distance / max(float(np.abs(expected).max()), 1e-30)


def reference_of(path):
    """Of a PyTorch checkpoint, ONNX Runtime with what Adze writes."""
    if path.suffix != ".th":
        return (LiteRt if path.suffix == ".tflite" else OnnxRuntime)(path)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([os.environ["ADZE"], "convert", path, f"{folder}/net.onnx"], check=True, stdout=subprocess.DEVNULL)
        return OnnxRuntime(f"{folder}/net.onnx")


def measure(task, limit):
    """[ours right, theirs right, other answers, of, largest distance, whose]"""
    reference, adze = reference_of(task.path), Adze(task.path)
    ours = theirs = other = count = 0
    furthest = 0.0
    try:
        for value, label in task.labelled(reference):
            if limit and count == limit:
                break
            expected, got = reference.run(value), adze.run(reference.input, reference.output, value)
            a, b = int(np.argmax(got)), int(np.argmax(expected))
            ours, theirs, other, count = ours + (a == label), theirs + (b == label), other + (a != b), count + 1
            furthest = max(furthest, apart(got, expected))
    finally:
        adze.stop()
    return ours, theirs, other, count, furthest, reference.name


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="words in the names of tasks, by commas")
    parser.add_argument("--shared", default=os.environ.get("ADZE_SHARED", "../shared"), help="the folder of data")
    parser.add_argument("--limit", type=int, default=0, help="inputs of a task")
    parser.add_argument("--adze", default=str(ROOT / "build/release/adze"))
    options = parser.parse_args()
    os.environ["ADZE"] = options.adze
    words = [word for word in options.only.split(",") if word]
    print("| task, model | inputs | Adze right | theirs right | other answers | furthest apart | beside |")
    print("|---|---|---|---|---|---|---|")
    for task in all_tasks(Path(options.shared) / "data"):
        if words and not any(word in task.name for word in words):
            continue
        ours, theirs, other, count, furthest, name = measure(task, options.limit)
        print(f"| {task.name} | {count} | {ours / count:.2%} | {theirs / count:.2%} | {other} | {furthest:.2g} | {name} |", flush=True)


if __name__ == "__main__":
    main()
