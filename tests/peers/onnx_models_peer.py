"""Real models: `adze run` gives what ONNX Runtime gives, within 1e-4 of the largest number of each output."""
# needs: numpy onnxruntime shared
import os
import subprocess
import sys
import tempfile
import wave
from pathlib import Path

import numpy as np
import onnxruntime

ADZE = os.environ["ADZE"]
DATA = Path(os.environ["ADZE_SHARED"]) / "data" / "onnx"
TOLERANCE = 1e-4
SEED = 20


def random_floats(*shape, low=0.0, high=1.0):
    return np.random.default_rng(SEED).uniform(low, high, shape).astype(np.float32)


def wav_samples(path, count):
    """The middle of a recording with one channel."""
    with wave.open(str(path)) as recording:
        frames = np.frombuffer(recording.readframes(recording.getnframes()), np.int16)
        samples = frames.reshape(-1, recording.getnchannels())[:, 0] / 32768
    start = max(0, (len(samples) - count) // 2)
    return np.resize(samples[start:start + count], count).astype(np.float32)


def file_bytes(count):
    """The first bytes of this script in the model's form: integers, 256 where there is none."""
    content = list(Path(__file__).read_bytes()[:count])
    return np.array([content + [256] * (count - len(content))], np.int32)


def silero(samples):
    voice = wav_samples(DATA / "basic-pitch" / "vocadito_10.wav", samples).reshape(1, samples)
    rate = np.array(16000 if samples >= 512 else 8000, np.int64)
    return {"input": voice, "state": random_floats(2, 1, 128, low=-0.1, high=0.1), "sr": rate}


def models():
    """(name, file, inputs)"""
    yield "mnist", DATA / "mnist_8/model.onnx", {"Input3": random_floats(1, 1, 28, 28, high=255.0)}
    faces = random_floats(1, 3, 240, 320, low=-1.0)
    yield "ultraface", DATA / "ultraface/version-RFB-320.onnx", {"input": faces}
    yield "ultraface simplified", DATA / "ultraface/version-RFB-320_simplified.onnx", {"input": faces}
    yield "magika", DATA / "magika/model.onnx", {"bytes": np.repeat(file_bytes(2048), 3, axis=0)}
    yield "silero 16 kHz", DATA / "silero-vad/silero_vad.onnx", silero(512)
    yield "silero 8 kHz", DATA / "silero-vad/silero_vad.onnx", silero(256)
    yield "silero 16 kHz, opset 15", DATA / "silero-vad/silero_vad_16k_op15.onnx", silero(512)
    sound = wav_samples(DATA / "basic-pitch" / "vocadito_10.wav", 43844).reshape(1, 43844, 1)
    yield "basic pitch", DATA / "basic-pitch/nmp.onnx", {"serving_default_input_2:0": sound}


def run_adze(path, inputs, outputs, folder):
    words = [ADZE, "run", path, "--json"]
    for number, (name, value) in enumerate(inputs.items()):
        np.save(folder / f"in{number}.npy", value)
        words += ["--input", f"{name}={folder}/in{number}.npy"]
    for number, name in enumerate(outputs):
        words += ["--output", f"{name}={folder}/out{number}.npy"]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    return [np.load(folder / f"out{number}.npy") for number in range(len(outputs))]


def largest_difference(got, expected):
    """Relative to the largest number; infinite when type or shape differ."""
    if got.shape != expected.shape or got.dtype != expected.dtype:
        return np.inf
    scale = max(float(np.max(np.abs(expected), initial=0)), 1e-30)
    return float(np.max(np.abs(got.astype(np.float64) - expected), initial=0)) / scale


def main():
    passed = failed = 0
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors
    for name, path, inputs in models():
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        outputs = [output.name for output in session.get_outputs()]
        expected = session.run(outputs, inputs)
        with tempfile.TemporaryDirectory() as folder:
            got = run_adze(path, inputs, outputs, Path(folder))
        difference = max(largest_difference(a, b) for a, b in zip(got, expected))
        passed, failed = passed + (difference <= TOLERANCE), failed + (difference > TOLERANCE)
        print(f"{name}: {len(outputs)} outputs, largest difference {difference:.2e}")
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
