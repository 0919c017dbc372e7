"""Pictures and sounds as inputs of `adze run`: the same numbers as Pillow and NumPy make of them, through a graph that changes
nothing; faces and speech through real models as ONNX Runtime computes them from Pillow's and NumPy's numbers."""
# needs: numpy onnx onnxruntime PIL shared
import os
import subprocess
import sys
import tempfile
import wave
from math import gcd
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from PIL import Image

ADZE = os.environ["ADZE"]
DATA = Path(os.environ["ADZE_SHARED"]) / "data"
SEED = 33
TYPES = {np.float32: onnx.TensorProto.FLOAT, np.uint8: onnx.TensorProto.UINT8}


class Checks:
    def __init__(self):
        self.passed = self.failed = 0

    def close(self, what, got, expected, within):
        same = got.shape == expected.shape and got.dtype == expected.dtype
        difference = float(np.abs(got.astype(np.float64) - expected.astype(np.float64)).max()) if same else np.inf
        good = difference <= within
        self.passed, self.failed = self.passed + good, self.failed + (not good)
        print(f"{what:48} {difference:10.3g} of {within:.3g}{'' if good else '  FAILED'}", flush=True)


def run(model, inputs, outputs, folder):
    words = [ADZE, "run", model, "--json"]
    for name, given in inputs.items():
        if isinstance(given, np.ndarray):
            np.save(folder / f"{name}.npy", given)
            given = folder / f"{name}.npy"
        words += ["--input", f"{name}={given}"]
    for number, name in enumerate(outputs):
        words += ["--output", f"{name}={folder}/out{number}.npy"]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return [np.load(folder / f"out{number}.npy") for number in range(len(outputs))]


def unchanged(folder, shape, dtype, given):
    """The value of input x that takes `shape`."""
    value = [onnx.helper.make_tensor_value_info(name, TYPES[dtype], shape) for name in ("x", "y")]
    graph = onnx.helper.make_graph([onnx.helper.make_node("Identity", ["x"], ["y"])], "same", value[:1], value[1:])
    onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8), folder / "same.onnx")
    return run(folder / "same.onnx", {"x": given}, ["y"], folder)[0]


def resized(picture, width, height):
    """Rows first, as Pillow did for all sizes until version 11; later ones begin with the columns where that is less work."""
    return picture.resize((width, picture.height), Image.BILINEAR).resize((width, height), Image.BILINEAR)


def pictures(folder, random):
    """(name, file) of every kind of pixels"""
    noise = random.integers(0, 256, (37, 53, 3), np.uint8)
    smooth = np.asarray(Image.fromarray(noise).resize((211, 150), Image.BICUBIC))
    made = {"noise.png": Image.fromarray(noise), "smooth.png": Image.fromarray(smooth),
            "gray.png": Image.fromarray(smooth).convert("L"), "clear.png": Image.fromarray(np.dstack([smooth, smooth[..., :1]])),
            "palette.png": Image.fromarray(smooth).quantize(60), "bits.png": Image.fromarray(smooth).convert("1"),
            "photo.jpg": Image.fromarray(smooth), "gray.jpg": Image.fromarray(smooth).convert("L")}
    for name, picture in made.items():
        picture.save(folder / name)
        yield name, folder / name
    made["smooth.png"].save(folder / "progressive.jpg", progressive=True, subsampling=2, quality=70)
    yield "progressive.jpg", folder / "progressive.jpg"
    made["smooth.png"].save(folder / "whole.jpg", subsampling=0, quality=90)
    yield "whole.jpg", folder / "whole.jpg"
    for file in sorted((DATA / "images/faces").glob("*.jpg"))[:4]:
        yield f"faces/{file.name}", file


def check_pictures(checks, folder, random):
    for name, file in pictures(folder, random):
        picture = Image.open(file)
        size = picture.size
        for width, height in (size, (64, 48), (size[0] * 2 + 1, 31), (7, size[1] + 10)):
            for colors, channels in (("RGB", 3), ("L", 1)):
                expected = picture.convert(colors)
                got = unchanged(folder, ["n", height, width, channels], np.uint8, f"{file},layout=nhwc")
                by_one_step = np.asarray(expected.resize((width, height), Image.BILINEAR)).reshape(got.shape)
                checks.close(f"{name} {colors} {width}x{height}", got, np.asarray(resized(expected, width, height)).reshape(got.shape), 0)
                checks.close(f"{name} {colors} {width}x{height} at once", got, by_one_step, 1)
        mean, scale = [123.675, 116.28, 103.53], [1 / 58.395, 1 / 57.12, 1 / 57.375]
        pixels = np.asarray(resized(picture.convert("RGB"), 40, 30)).astype(np.float64)
        expected = ((pixels - mean) * scale).transpose(2, 0, 1)[None].astype(np.float32)
        words = f"mean={':'.join(map(str, mean))},scale={':'.join(map(str, scale))}"
        got = unchanged(folder, [1, 3, 30, 40], np.float32, f"{file},{words}")
        checks.close(f"{name} by channel", got, expected, 1e-6)


def resampled(samples, old, new, crossings=6, passed=0.99):
    """A sinc under a Hann window, sample by sample in f64."""
    divisor = gcd(old, new)
    old, new = old // divisor, new // divisor
    band = min(old, new) / old * passed
    result = np.zeros(-(-len(samples) * new // old))
    for n in range(len(result)):
        place = n * old / new
        at = np.arange(int(np.ceil(place - crossings / band)), int(np.floor(place + crossings / band)) + 1)
        t = np.clip((at - place) * band, -crossings, crossings)
        weights = np.sinc(t) * np.cos(t * np.pi / crossings / 2) ** 2 * band
        inside = (at >= 0) & (at < len(samples))
        result[n] = weights[inside] @ samples[at[inside]]
    return result.astype(np.float32)


def check_sounds(checks, folder, random):
    for channels, rate in ((1, 8000), (2, 44100), (3, 22050)):
        codes = random.integers(-32768, 32768, (1500, channels), np.int16)
        with wave.open(str(folder / "s.wav"), "wb") as file:
            file.setnchannels(channels)
            file.setsampwidth(2)
            file.setframerate(rate)
            file.writeframes(codes.tobytes())
        samples = (codes.astype(np.float64) / 32768).mean(1)
        checks.close(f"{channels} channels", unchanged(folder, ["n", "t"], np.float32, folder / "s.wav"),
                     samples.astype(np.float32)[None], 1e-7)
        for new in (16000, 11025, 48000):
            got = unchanged(folder, ["t"], np.float32, f"{folder}/s.wav,rate={new}")
            checks.close(f"{channels} channels {rate} -> {new}", got, resampled(samples, rate, new), 2e-6)


def check_faces(checks, folder):
    model = DATA / "onnx/ultraface/version-RFB-320.onnx"
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    found = 0
    for file in sorted((DATA / "images/faces").glob("*.jpg"))[:6]:
        pixels = np.asarray(resized(Image.open(file).convert("RGB"), 320, 240), np.float32)
        x = ((pixels - 127) / 128).transpose(2, 0, 1)[None]
        expected = session.run(["scores", "boxes"], {"input": np.ascontiguousarray(x)})
        got = run(model, {"input": f"{file},mean=127,scale=1/128"}, ["scores", "boxes"], folder)
        for name, a, b in zip(("scores", "boxes"), got, expected):
            checks.close(f"{name} of {file.name}", a, b, 1e-4)
        found += int((got[0][0, :, 1] > 0.7).any())
    checks.close("pictures with a face", np.array(found), np.array(6), 0)


def check_speech(checks, folder):
    """Moments of 32 ms one behind another, each with the 4 ms before it; the state goes from one to the next."""
    model, sound = DATA / "onnx/silero-vad/silero_vad.onnx", DATA / "audio/silero_test.wav"
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    with wave.open(str(sound)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float32) / 32768
    state = other_state = np.zeros((2, 1, 128), np.float32)
    rate, likely = np.array(16000, np.int64), 0.0
    for first in range(448, 448 + 20 * 512, 512):
        expected = session.run(None, {"input": samples[None, first:first + 576], "state": state, "sr": rate})
        words = f"{sound},start={first / 16000},samples=576"
        got = run(model, {"input": words, "state": other_state, "sr": rate}, ["output", "stateN"], folder)
        checks.close(f"speech at {first / 16000:.2f} s: {expected[0][0, 0]:.3f}", got[0], expected[0], 1e-4)
        state, other_state, likely = expected[1], got[1], max(likely, float(got[0][0, 0]))
    checks.close("speech was found", np.array(likely > 0.9), np.array(True), 0)


def main():
    checks, random = Checks(), np.random.default_rng(SEED)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        check_pictures(checks, folder, random)
        check_sounds(checks, folder, random)
        check_faces(checks, folder)
        check_speech(checks, folder)
    print(f"{checks.passed} passed, {checks.failed} failed, 0 skipped")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
