#!/usr/bin/env python3
"""What the form of packed weights costs in the runtime that an export is for: symmetric 4-bit codes, codes with zero points,
and codes with offsets, whose products get the sums of the inputs times the offsets added.

The model is exported once in each form; then each folder continues the same tokens, in turns (A B C A B C …). Figures are
medians over rounds; a ratio is the median of the rounds' ratios to the symmetric form (below 1: slower than it).

  bench/export_forms.py MODEL.gguf [--targets ort-genai,openvino,onnx] [--threads 2] [--rounds 5] [--prompt 256] [--new 32]
"""
# needs: numpy onnxruntime onnxruntime-genai openvino
import argparse
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

ADZE = Path(os.environ.get("ADZE", Path(__file__).resolve().parent.parent / "build" / "release" / "adze"))
FORMS = {"symmetric": "int4_g32_f32", "zero points": "uint4_g32_f32", "offsets": "affine4_g32_f32"}


class GenAi:
    """ONNX Runtime GenAI."""

    def __init__(self, folder, threads):
        import onnxruntime_genai
        self.genai = onnxruntime_genai
        config = onnxruntime_genai.Config(str(folder))
        config.overlay(f'{{"model": {{"decoder": {{"session_options": {{"intra_op_num_threads": {threads}}}}}}}}}')
        self.model = onnxruntime_genai.Model(config)

    def seconds(self, tokens, new):
        parameters = self.genai.GeneratorParams(self.model)
        parameters.set_search_options(max_length=len(tokens) + new + 1, min_length=len(tokens) + new + 1, do_sample=False)
        generator = self.genai.Generator(self.model, parameters)
        start = time.perf_counter()
        generator.append_tokens(tokens)
        generator.generate_next_token()
        middle = time.perf_counter()
        for _ in range(new):
            generator.generate_next_token()
        return middle - start, time.perf_counter() - middle


class OpenVino:
    """OpenVINO with the settings that it chooses."""

    def __init__(self, folder, threads):
        import openvino
        self.request = openvino.Core().compile_model(
            str(folder / "openvino_model.xml"), "CPU", {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1}).create_infer_request()

    def step(self, tokens, past):
        count = len(tokens)
        positions = np.arange(past, past + count, dtype=np.int64)[None]
        self.request.infer({"input_ids": np.asarray(tokens, np.int64)[None], "position_ids": positions,
                            "attention_mask": np.ones((1, past + count), np.int64), "beam_idx": np.zeros(1, np.int32)})
        return int(np.argmax(self.request.get_tensor("logits").data[0, -1]))

    def seconds(self, tokens, new):
        self.request.reset_state()
        start = time.perf_counter()
        token = self.step(tokens, 0)
        middle = time.perf_counter()
        for number in range(new):
            token = self.step([token], len(tokens) + number)
        return middle - start, time.perf_counter() - middle


class OnnxRuntime:
    """The graph of standard ops in ONNX Runtime."""

    def __init__(self, folder, threads):
        import onnxruntime
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = onnxruntime.InferenceSession(str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"])

    def empty_history(self):
        history = {}
        for value in self.session.get_inputs():
            if value.name.startswith("past_key_values"):
                history[value.name] = np.zeros((1, value.shape[1], 0, value.shape[3]), np.float32)
        return history

    def step(self, tokens, past, history):
        count = len(tokens)
        results = self.session.run(None, {
            "input_ids": np.asarray(tokens, np.int64)[None], "attention_mask": np.ones((1, past + count), np.int64),
            "position_ids": np.arange(past, past + count, dtype=np.int64)[None], **history})
        named = dict(zip((output.name for output in self.session.get_outputs()), results))
        token = int(np.argmax(named.pop("logits")[0, -1]))
        return token, {name.replace("present", "past_key_values"): value for name, value in named.items()}

    def seconds(self, tokens, new):
        start = time.perf_counter()
        token, history = self.step(tokens, 0, self.empty_history())
        middle = time.perf_counter()
        for number in range(new):
            token, history = self.step([token], len(tokens) + number, history)
        return middle - start, time.perf_counter() - middle


RUNTIMES = {"ort-genai": GenAi, "openvino": OpenVino, "onnx": OnnxRuntime}


def measure(arguments, target, folder):
    tokens = np.random.default_rng(3).integers(100, 20000, arguments.prompt).astype(np.int32)
    engines = {}
    for form, storage in FORMS.items():
        out = folder / f"{target}-{storage}"
        words = [ADZE, "quantize", arguments.model, out, "--to", target, "--type", storage, "--no-card"]
        subprocess.run([str(word) for word in words], check=True, stdout=subprocess.DEVNULL)
        engines[form] = RUNTIMES[target](out, arguments.threads)
        engines[form].seconds(tokens, 1)
    rounds = [{form: engine.seconds(tokens, arguments.new) for form, engine in engines.items()} for _ in range(arguments.rounds)]
    for form in FORMS:
        cells = [target, form]
        for part, count in ((0, arguments.prompt), (1, arguments.new)):
            cells.append(f"{count / statistics.median(one[form][part] for one in rounds):.1f}")
            cells.append(f"{statistics.median(one['symmetric'][part] / one[form][part] for one in rounds):.2f}x")
        print("| " + " | ".join(cells) + " |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="with weights in floats")
    parser.add_argument("--targets", default=",".join(RUNTIMES))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--prompt", type=int, default=256)
    parser.add_argument("--new", type=int, default=32)
    arguments = parser.parse_args()
    print("| target | form | prompt, tokens/s | ratio | generation, tokens/s | ratio |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        for target in arguments.targets.split(","):
            measure(arguments, target, Path(name))


if __name__ == "__main__":
    main()
