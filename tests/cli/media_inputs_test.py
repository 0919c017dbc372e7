#!/usr/bin/env python3
"""adze run --input x=FILE for pictures and sounds: what is made of them, what is said, and what is refused."""
import struct
import unittest
import wave
import zlib

from onnx_files import FLOAT, node, read_npy, write_model
from program import UNAVAILABLE, USAGE, VerbTest

UINT8, INT8 = 2, 3


def write_png(path, rows, channels=3, depth=8):
    """Rows of numbers of `depth` bits, `channels` for each pixel."""
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    colors = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    head = struct.pack(">IIBBBBB", len(rows[0]) // channels, len(rows), depth, colors, 0, 0, 0)
    code = ">B" if depth == 8 else ">H"
    lines = b"".join(b"\0" + b"".join(struct.pack(code, number) for number in row) for row in rows)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b""))
    return path


def write_wav(path, frames, channels=1, width=2, rate=8000):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(frames)
    return path


def numbers_of(path):
    """Of bytes or floats, in a list."""
    data = path.read_bytes()
    if b"'<f4'" in data[:128]:
        return read_npy(path)[1]
    body = data[10 + struct.unpack_from("<H", data, 8)[0]:]
    return list(struct.unpack(f"<{len(body)}{'b' if b'i1' in data[:128] else 'B'}", body))


class MediaInputs(VerbTest):
    def model(self, dims, element=FLOAT):
        return write_model(self.folder / "same.onnx", [node("Identity", ["x"], ["y"])], dims=dims, element=element)

    def value(self, dims, given, element=FLOAT):
        """(numbers of y, what was said) for --input x=…"""
        report = self.json_of("run", self.model(dims, element), "--input", f"x={given}", "--output", f"y={self.folder}/y.npy")
        self.assertEqual(len(report["inputs"]), 1)
        return numbers_of(self.folder / "y.npy"), report["inputs"][0]

    def assert_close(self, found, expected, within=1e-6):
        self.assertEqual(len(found), len(expected))
        for a, b in zip(found, expected):
            self.assertAlmostEqual(a, b, delta=within)

    def setUp(self):
        super().setUp()
        # red, green / blue, white
        self.picture = write_png(self.folder / "p.png", [[255, 0, 0, 0, 255, 0], [0, 0, 255, 255, 255, 255]])

    def test_what_follows_from_the_graph(self):
        planes = [255, 0, 0, 255, 0, 255, 0, 255, 0, 0, 255, 255]
        pixels = [255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255]
        found, said = self.value([1, 3, 2, 2], self.picture)
        self.assert_close(found, [number / 255 for number in planes])
        self.assertRegex(said, r"^x: .*p.png of 2x2 -> f32\[1, 3, 2, 2\], nchw, rgb, \(pixel - 0\) \* 0.00392157$")
        self.assertEqual(self.value([1, 2, 2, 3], self.picture, UINT8)[0], pixels)
        self.assertEqual(self.value([2, 2, 3], self.picture, INT8)[0], [number - 128 for number in pixels])
        self.assertEqual(self.value([2, 2], self.picture, UINT8)[0], [76, 150, 29, 255])
        self.assertEqual(self.value([1, 1, "h", "w"], self.picture, UINT8)[0], [76, 150, 29, 255])

    def test_what_options_say(self):
        found, said = self.value(["n", "c", "h", "w"], f"{self.picture},layout=nhwc,colors=bgr,mean=1:2:3,scale=1/2:1:2,size=2x2")
        first = [(0 - 1) / 2, 0 - 2, (255 - 3) * 2]
        self.assert_close(found[:3], first)
        self.assertRegex(said, r"nhwc, bgr, \(pixel - 1:2:3\) \* 0.5:1:2")
        found, _ = self.value(["n", 3, "h", "w"], f"{self.picture},size=1x1,scale=1")
        self.assert_close(found, [128, 128, 128], 1)

    def test_pictures_of_other_depths(self):
        deep = write_png(self.folder / "deep.png", [[0x1234, 0xFFFF]], channels=1, depth=16)
        self.assertEqual(self.value([1, 2], deep, UINT8)[0], [0x12, 0xFF])
        clear = write_png(self.folder / "clear.png", [[10, 20, 30, 0]], channels=4)
        self.assertEqual(self.value([3, 1, 1], f"{clear},layout=nchw", UINT8)[0], [10, 20, 30])
        comma = write_png(self.folder / "a,b=c.png", [[7]], channels=1)
        self.assertEqual(self.value([1, 1], comma, UINT8)[0], [7])

    def refuses_input(self, given, says, dims=(1, 3, 2, 2), element=FLOAT, **status):
        self.refuses("run", self.model(dims, element), "--input", f"x={given}", says=says, **status)

    def test_refuses_pictures_that_do_not_fit(self):
        p = self.picture
        self.refuses_input(p, "give layout=nchw or layout=nhwc", dims=(1, 3, 3, 3))
        self.refuses_input(p, "pictures have 2 to 4", dims=(1, 1, 3, 2, 2))
        self.refuses_input(f"{p},colors=gray", "takes 3 channels, not 1: give colors=rgb")
        self.refuses_input(f"{p},mean=1:2", "--input x: mean=1:2 must be one number, or 3 for the channels", status=USAGE)
        self.refuses_input(f"{p},layout=nhwc", "has 2 channels as nhwc; .* give layout=nchw")
        self.refuses_input(f"{p},foo=1", "--input x: there is no option 'foo'; there are size, layout", status=USAGE)
        self.refuses_input(f"{p},size=3x2", "does not fit the graph, which takes 2x2", status=USAGE)
        self.refuses_input(f"{p},size=0x2", "size=0x2 is no size", status=USAGE)
        self.refuses_input(f"{p},size=99999999x1", "99999999 x 1 pixels", dims=("n", 3, "h", "w"))
        self.refuses_input(f"{p},layout=chwn", "layout=chwn is neither", status=USAGE)
        self.refuses_input(f"{p},colors=cmyk", "colors=cmyk is none of", status=USAGE)
        self.refuses_input(f"{p},scale=one", "scale=one is no number", status=USAGE)
        self.refuses_input(f"{p},scale=1/0", "scale=1/0 is no finite number", status=USAGE)
        self.refuses_input(f"{p},rate=8000", "rate=8000 is not for such files", status=USAGE)
        self.refuses_input(f"{p},mean=1,mean=2", "mean is given twice", status=USAGE)
        self.refuses("run", self.model((1, 3, 2, 2)), "--input", f"z={p}", says="there is no input 'z'; the graph has x")
        self.refuses_input("missing.png", "missing.png", status=UNAVAILABLE)

    def test_refuses_pictures_that_are_none(self):
        whole = self.picture.read_bytes()
        for length in (9, 30, 40, len(whole) - 20):
            bad = self.folder / "bad.png"
            bad.write_bytes(whole[:length])
            self.refuses_input(bad, r"bad.png: PNG: ")
        bad.write_bytes(whole[:16] + struct.pack(">II", 60000, 60000) + whole[24:])
        self.refuses_input(bad, r"bad.png: PNG: ")
        jpeg = self.folder / "bad.jpg"
        jpeg.write_bytes(b"\xff\xd8\xff\xe0" + bytes(100))
        self.refuses_input(jpeg, r"bad.jpg: JPEG: ")
        text = self.folder / "text.jpg"
        text.write_text("no picture")
        self.refuses_input(text, "text.jpg")
        self.refuses_input(f"{text},mean=1", "mean is for pictures", status=USAGE)
        archive = self.folder / "arrays.npz"
        archive.write_bytes(b"PK\x03\x04" + bytes(100))
        self.refuses_input(archive, r"arrays.npz.*an archive of several arrays \(.npz\); write one of them")

    def test_sounds(self):
        stereo = write_wav(self.folder / "s.wav", struct.pack("<8h", 16384, 0, 8192, 8192, -32768, 0, 0, 0), channels=2)
        found, said = self.value(["n", "t"], stereo)
        self.assert_close(found, [0.25, 0.25, -0.5, 0])
        self.assertRegex(said, r"s.wav of 8000 Hz, 2 channels, 0.001 s -> f32\[1, 4\] at 8000 Hz from 0.000 s on")
        self.assert_close(self.value([1, 6, 1], stereo)[0], [0.25, 0.25, -0.5, 0, 0, 0])
        self.assert_close(self.value([1, 2], f"{stereo},start=0.00025")[0], [-0.5, 0])
        self.assert_close(self.value(["n", "t"], f"{stereo},samples=3")[0], [0.25, 0.25, -0.5])
        three = write_wav(self.folder / "t.wav", b"\x00\x00\x40\x00\x00\xc0", width=3)
        self.assert_close(self.value(["t"], three)[0], [0.5, -0.5])
        one = write_wav(self.folder / "b.wav", b"\x00\x80\xc0", width=1)
        self.assert_close(self.value(["t"], one)[0], [-1, 0, 0.5])
        self.assertEqual(len(self.value(["t"], f"{stereo},rate=16000")[0]), 8)

    def test_refuses_sounds(self):
        sound = write_wav(self.folder / "s.wav", struct.pack("<4h", 1, 2, 3, 4))
        self.refuses_input(f"{sound},start=1", "lies behind the end: the sound has 0.001 seconds", dims=("t",))
        self.refuses_input(f"{sound},samples=3", "samples=3 does not fit the graph: 8", dims=(1, 8), status=USAGE)
        self.refuses_input(f"{sound},samples=99999999999", "is more than", dims=("t",), status=USAGE)
        self.refuses_input(f"{sound},rate=0", "rate=0 is no size", dims=("t",), status=USAGE)
        self.refuses_input(f"{sound},rate=900000", "a rate of 900000", dims=("t",))
        self.refuses_input(f"{sound},size=2x2", "size=2x2 is not for such files", dims=("t",), status=USAGE)
        self.refuses_input(sound, "s.wav is a sound, but input 'x' has several dimensions that could be time", dims=(2, 8))
        whole = sound.read_bytes()
        for length, says in ((20, "ends too early"), (40, "it has no samples"), (46, "ends too early")):
            sound.write_bytes(whole[:length])
            self.refuses_input(sound, says, dims=("t",))
        sound.write_bytes(whole[:20] + struct.pack("<H", 6) + whole[22:])
        self.refuses_input(sound, "samples of kind 6 with 16 bits", dims=("t",))
        sound.write_bytes(whole[:22] + struct.pack("<H", 0) + whole[24:])
        self.refuses_input(sound, "no channels", dims=("t",))


if __name__ == "__main__":
    unittest.main()
