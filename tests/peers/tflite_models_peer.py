"""MLPerf Tiny's models, float and int8: `adze run` gives what LiteRT gives as it runs by itself, within 1e-4 and one step,
and as many right answers. A column says how far its reference kernels are from that, which round otherwise. Where weights
are integers among floats, LiteRT rounds inputs while it runs, and we do not; there the kernels' own disagreement is the
measure. tflite_operators_peer.py compares operators alone."""
# needs: numpy ai_edge_litert PIL shared
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from PIL import Image

ADZE = os.environ["ADZE"]
DATA = Path(os.environ["ADZE_SHARED"]) / "data"
MODELS = DATA / "tflite/mlperf-tiny"
TOLERANCE, STEPS = 1e-4, 1
SEED, RANDOM_INPUTS, PICTURES_OF_A_CLASS, WORDS = 29, 4, 8, 100
CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]


class Reference:
    def __init__(self, path, kernels=OpResolverType.AUTO):
        self.interpreter = Interpreter(str(path), experimental_op_resolver_type=kernels)
        self.interpreter.allocate_tensors()
        self.input = self.interpreter.get_input_details()[0]
        self.output = self.interpreter.get_output_details()[0]

    def run(self, value):
        self.interpreter.set_tensor(self.input["index"], value)
        self.interpreter.invoke()
        return self.interpreter.get_tensor(self.output["index"]).copy()


def run_adze(path, reference, values):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        results = []
        for value in values:
            np.save(folder / "in.npy", value)
            subprocess.run([ADZE, "run", path, "--json", "--input", f"{reference.input['name']}={folder}/in.npy", "--output",
                            f"{reference.output['name']}={folder}/out.npy"], check=True, stdout=subprocess.DEVNULL)
            results.append(np.load(folder / "out.npy"))
        return results


def quantized(real, details):
    scale, zero = details["quantization"]
    if not scale:
        return real.astype(np.float32)
    limits = np.iinfo(details["dtype"])
    return np.clip(np.round(real / scale) + zero, limits.min, limits.max).astype(details["dtype"])


def random_values(reference):
    generator = np.random.default_rng(SEED)
    for _ in range(RANDOM_INPUTS):
        if reference.input["dtype"] == np.float32:
            yield generator.uniform(-1, 1, reference.input["shape"]).astype(np.float32)
        else:
            yield generator.integers(-128, 128, reference.input["shape"]).astype(reference.input["dtype"])


def spoken_words(reference):
    """(input, label): the files hold the int8 model's inputs and have their labels in their names."""
    files = sorted((DATA / "kws/kws01").glob("*.bin"))[:WORDS]
    int8 = Reference(MODELS / "kws_ref_model.tflite").input
    scale, zero = int8["quantization"]
    for file in files:
        codes = np.fromfile(file, np.int8).reshape(int8["shape"])
        value = codes if reference.input["dtype"] == np.int8 else ((codes.astype(np.float32) - zero) * np.float32(scale))
        yield value, int(file.stem.split("_")[-1])


def pictures(reference):
    for label, name in enumerate(CLASSES):
        for file in sorted((DATA / "images/cifar10" / name).iterdir())[:PICTURES_OF_A_CLASS]:
            pixels = np.asarray(Image.open(file).convert("RGB"), np.float32)[None]
            yield quantized(pixels, reference.input), label


LABELLED = {"kws_ref_model_float32": spoken_words, "kws_ref_model": spoken_words, "pretrainedResnet": pictures,
            "pretrainedResnet_quant": pictures, "pretrainedResnet_large_float": pictures, "pretrainedResnet_large_int8": pictures}


def difference_of(got, expected):
    """(difference, allowed): relative to the largest number, or in steps; infinite when type or shape differ."""
    if got.shape != expected.shape or got.dtype != expected.dtype:
        return np.inf, 0
    if got.dtype == np.float32:
        return float(np.abs(got - expected).max()) / max(float(np.abs(expected).max()), 1e-30), TOLERANCE
    return float(np.abs(got.astype(int) - expected.astype(int)).max()), STEPS


def rounds_otherwise(reference):
    """Weights of integers in a graph of floats."""
    has_bytes = any(tensor["dtype"] == np.int8 for tensor in reference.interpreter.get_tensor_details())
    return has_bytes and reference.input["dtype"] == np.float32


def right_answers(answers, labelled):
    return sum(int(np.argmax(answer)) == label for answer, (_, label) in zip(answers, labelled))


def compare(path):
    """(largest difference, that of LiteRT's reference kernels, what is allowed, answers that are right)"""
    reference, plain = Reference(path), Reference(path, OpResolverType.BUILTIN_REF)
    labelled = list(LABELLED[path.stem](reference)) if path.stem in LABELLED else []
    values = [value for value, _ in labelled] + list(random_values(reference))
    ours = run_adze(path, reference, values)
    theirs, others = ([runner.run(value) for value in values] for runner in (reference, plain))
    pairs = [difference_of(a, b) for a, b in zip(ours, theirs)]
    theirs_apart = max(difference_of(a, b)[0] for a, b in zip(others, theirs))
    accuracy = (right_answers(ours, labelled), right_answers(theirs, labelled), len(labelled)) if labelled else None
    allowed = max(pairs[0][1], theirs_apart) if rounds_otherwise(reference) else pairs[0][1]
    return max(difference for difference, _ in pairs), theirs_apart, allowed, accuracy


def main():
    passed = failed = 0
    wanted = sys.argv[1:]
    print(f"{'model':32} {'difference':>12} {'theirs apart':>13} {'ours right':>11} {'theirs':>7} {'of':>5}")
    for path in sorted(MODELS.glob("*.tflite")):
        if wanted and path.stem not in wanted:
            continue
        worst, apart, allowed, accuracy = compare(path)
        good = worst <= allowed
        passed, failed = passed + good, failed + (not good)
        figures = "{:>11} {:>7} {:>5}".format(*accuracy) if accuracy else ""
        print(f"{path.stem:32} {worst:>12.3g} {apart:>13.3g} {figures}{'' if good else '  FAILED'}", flush=True)
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
