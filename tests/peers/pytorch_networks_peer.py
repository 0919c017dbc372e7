"""Checkpoints of residual networks become graphs: ONNX Runtime and OpenVINO compute what `adze convert` writes of them, `adze run`
the same from the checkpoint itself, and as many pictures of CIFAR-10 are told as a network needs that is put together rightly."""
# needs: numpy onnx onnxruntime openvino PIL shared
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import openvino
from PIL import Image

ADZE = os.environ["ADZE"]
DATA = Path(os.environ["ADZE_SHARED"]) / "data"
CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
MEAN, DEVIATION = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
SCALING = "mean=123.675:116.28:103.53,scale=1/58.395:1/57.12:1/57.375"
TOLERANCE, PICTURES_OF_A_CLASS, RUN_OF_A_CLASS = 1e-4, 100, 2
LEAST_RIGHT = {"resnet20-12fca82f": 0.78, "resnet32-d509ac18": 0.82}  # of pictures with loss; 0.9178 and 0.9278 of others were published


def pictures():
    """(file, pixels as the network takes them, class)"""
    for label, name in enumerate(CLASSES):
        for file in sorted((DATA / "images/cifar10" / name).iterdir())[:PICTURES_OF_A_CLASS]:
            pixels = np.asarray(Image.open(file).convert("RGB"), np.float64) / 255
            yield file, ((pixels - MEAN) / DEVIATION).transpose(2, 0, 1).astype(np.float32), label


def adze_logits(checkpoint, file, folder):
    subprocess.run([ADZE, "run", checkpoint, "--json", "--input", f"image={file},{SCALING}", "--output", f"logits={folder}/y.npy"],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return np.load(folder / "y.npy")


def converted(checkpoint, target):
    subprocess.run([ADZE, "convert", checkpoint, target], check=True, stdout=subprocess.DEVNULL)
    return target


def openvino_logits(model, pixels):
    core = openvino.Core()
    compiled = core.compile_model(core.read_model(model), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return compiled({"image": pixels})[compiled.output(0)]


def check(checkpoint, folder):
    """(largest difference of logits, share of right answers)"""
    exported = converted(checkpoint, folder / f"{checkpoint.stem}.onnx")
    onnx.checker.check_model(onnx.load(exported), full_check=True)
    session = onnxruntime.InferenceSession(exported, providers=["CPUExecutionProvider"])
    files, pixels, labels = zip(*pictures())
    expected = session.run(["logits"], {"image": np.stack(pixels)})[0]
    some = [i for i in range(len(files)) if i % PICTURES_OF_A_CLASS < RUN_OF_A_CLASS]
    worst = max(float(np.abs(adze_logits(checkpoint, files[i], folder)[0] - expected[i]).max()) for i in some)
    several = np.stack([pixels[i] for i in some])
    other = openvino_logits(converted(checkpoint, folder / f"{checkpoint.stem}.xml"), several)
    worst = max(worst, float(np.abs(other - expected[some]).max()))
    return worst, float((expected.argmax(1) == labels).mean())


def main():
    passed = failed = 0
    with tempfile.TemporaryDirectory() as name:
        for checkpoint in sorted((DATA / "onnx/resnet-cifar10").glob("*.th")):
            worst, right = check(checkpoint, Path(name))
            good = worst <= TOLERANCE and right >= LEAST_RIGHT[checkpoint.stem]
            passed, failed = passed + good, failed + (not good)
            print(f"{checkpoint.stem:24} {worst:9.3g} apart, {right:.2%} right{'' if good else '  FAILED'}")
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
