#!/usr/bin/env python3
"""Adze, ONNX Runtime and OpenVINO on the same graphs with the same threads, in turns (A B C A B C …).

Every round times each of them for a moment: the time of a run, or with --processor the time that it takes of processors,
which other programs on a busy machine change less. Figures are medians over rounds in milliseconds, a ratio is the median of the
rounds' ratios (theirs over ours: above 1 we are faster). The outputs are compared first: "difference" is the largest to
ONNX Runtime's, relative to the largest number. Networks of random weights are made where they are missing.

  bench/graph_peers.py [--models resnet50,mnist] [--threads 1,2] [--rounds 5] [--processor] [--shared FOLDER]
                       [--without openvino]
"""
# needs: numpy onnx onnxruntime openvino
import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import onnxruntime

from graph_models import MODELS, model_file

ROOT = Path(__file__).resolve().parent.parent
CACHE = Path.home() / ".cache" / "adze" / "graphs"
SECONDS = 0.3  # of each engine in a round


def uniform(*shape):
    return np.random.default_rng(20).uniform(-1, 1, shape).astype(np.float32)


def stored_models(shared):
    """name -> (file below the shared folder, inputs)"""
    state = {"input": uniform(1, 512), "state": uniform(2, 1, 128) / 10, "sr": np.array(16000, np.int64)}
    onnx = Path(shared) / "data" / "onnx"
    return {
        "ultraface": (onnx / "ultraface/version-RFB-320.onnx", {"input": uniform(1, 3, 240, 320)}),
        "basic-pitch": (onnx / "basic-pitch/nmp.onnx", {"serving_default_input_2:0": uniform(1, 43844, 1)}),
        "mnist": (onnx / "mnist_8/model.onnx", {"Input3": uniform(1, 1, 28, 28)}),
        "magika": (onnx / "magika/model.onnx", {"bytes": np.ones((1, 2048), np.int32)}),
        "silero-vad": (onnx / "silero-vad/silero_vad.onnx", state),
        "silero-vad op15": (onnx / "silero-vad/silero_vad_16k_op15.onnx", state),
    }


class Adze:
    name = "adze"

    def __init__(self, program, path, inputs, threads, folder):
        self.words = [program, "bench", path, "--json", "-t", threads, "-r", 3]
        self.run_words = [program, "run", path, "--json", "-t", threads]
        for number, (name, value) in enumerate(inputs.items()):
            np.save(folder / f"in{number}.npy", value)
            self.words += ["--input", f"{name}={folder}/in{number}.npy"]
            self.run_words += ["--input", f"{name}={folder}/in{number}.npy"]
        self.folder = folder

    def milliseconds(self, processor):
        result = subprocess.run([str(word) for word in self.words], check=True, stdout=subprocess.PIPE)
        return 1000 * json.loads(result.stdout)[0]["processor_seconds" if processor else "seconds"]

    def outputs(self, names):
        words = self.run_words + [w for n, name in enumerate(names) for w in ("--output", f"{name}={self.folder}/out{n}.npy")]
        subprocess.run([str(word) for word in words], check=True, stdout=subprocess.DEVNULL)
        return [np.load(self.folder / f"out{n}.npy") for n in range(len(names))]


def timed(run, processor):
    """Milliseconds of a run, the median (of processors: the mean) of as many as fit into a moment."""
    run()
    times, end = [], time.perf_counter() + SECONDS
    processor_start = time.process_time()
    while len(times) < 3 or time.perf_counter() < end:
        start = time.perf_counter()
        run()
        times.append(1000 * (time.perf_counter() - start))
    used = 1000 * (time.process_time() - processor_start) / len(times)
    return used if processor else statistics.median(times)


class OnnxRuntime:
    name = "onnxruntime"

    def __init__(self, path, inputs, threads):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self.inputs = inputs

    def milliseconds(self, processor):
        return timed(lambda: self.session.run(None, self.inputs), processor)

    def named_outputs(self):
        names = [output.name for output in self.session.get_outputs()]
        return names, self.session.run(names, self.inputs)


class OpenVino:
    name = "openvino"

    def __init__(self, path, inputs, threads):
        import openvino
        settings = {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": "f32"}
        self.request = openvino.Core().compile_model(str(path), "CPU", settings).create_infer_request()
        self.inputs = inputs

    def milliseconds(self, processor):
        return timed(lambda: self.request.infer(self.inputs, share_inputs=True), processor)


def largest_difference(got, expected):
    return max(float(np.max(np.abs(a.astype(np.float64) - b), initial=0)) / max(float(np.max(np.abs(b), initial=0)), 1e-30)
               for a, b in zip(got, expected))


def measure(arguments, path, inputs, threads, folder):
    ours = Adze(arguments.adze, path, inputs, threads, folder)
    runtime = OnnxRuntime(path, inputs, threads)
    engines = [ours, runtime]
    if "openvino" not in arguments.without:
        try:
            engines.append(OpenVino(path, inputs, threads))
        except (ImportError, RuntimeError) as error:
            print(f"# openvino left out of {path.name}: {str(error).splitlines()[0]}")
    names, expected = runtime.named_outputs()
    difference = largest_difference(ours.outputs(names), expected)
    times = {engine.name: [] for engine in engines}
    for _ in range(arguments.rounds):
        for engine in engines:
            times[engine.name].append(engine.milliseconds(arguments.processor))
    return times, difference


def row(name, threads, times, difference):
    cells = [name, threads, f"{statistics.median(times['adze']):.3f}"]
    for peer in ("onnxruntime", "openvino"):
        if peer not in times:
            cells += ["", ""]
            continue
        ratio = statistics.median(b / a for a, b in zip(times["adze"], times[peer]))
        cells += [f"{statistics.median(times[peer]):.3f}", f"{ratio:.2f}x"]
    return "| " + " | ".join(str(cell) for cell in cells + [f"{difference:.1e}"]) + " |"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=lambda text: text.split(","))
    parser.add_argument("--threads", type=lambda text: [int(word) for word in text.split(",")], default=[1, 2])
    parser.add_argument("--processor", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--adze", default=str(ROOT / "build/release/adze"))
    parser.add_argument("--shared", default=os.environ.get("ADZE_SHARED", ROOT.parent / "shared"))
    parser.add_argument("--without", type=lambda text: text.split(","), default=[])
    arguments = parser.parse_args()
    stored = {name: entry for name, entry in stored_models(arguments.shared).items() if entry[0].exists()}
    print("| model | threads | Adze ms | ONNX Runtime ms | ratio | OpenVINO ms | ratio | difference |")
    print("|---|---|---|---|---|---|---|---|")
    for name in arguments.models or [*MODELS, *stored]:
        path, inputs = stored[name] if name in stored else (model_file(CACHE, name), {"x": uniform(1, 3, 224, 224)})
        for threads in arguments.threads:
            with tempfile.TemporaryDirectory() as folder:
                print(row(name, threads, *measure(arguments, path, inputs, threads, Path(folder))), flush=True)


if __name__ == "__main__":
    main()
