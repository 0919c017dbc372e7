#!/usr/bin/env python3
"""PyTorch checkpoints: read whole, and never run."""
import collections
import json
import os
import shutil
import struct
import unittest
import zipfile

from program import SHARED, VerbTest
from pytorch_files import Storage, Tensor, write_archive, write_row_of_pickles
from tiny_model import write_tiny_model


def read_safetensors(path):
    """name -> (dtype, shape, bytes)"""
    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + size])
    header.pop("__metadata__", None)
    content = data[8 + size:]
    return {name: (entry["dtype"], entry["shape"], content[slice(*entry["data_offsets"])])
            for name, entry in header.items()}


class Evil:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


class PyTorch(VerbTest):
    def tensors_of(self, path):
        target = self.folder / "out.safetensors"
        done = self.adze("convert", path, target)
        return read_safetensors(target), done.stderr

    def test_both_forms_and_every_way_to_see_a_storage(self):
        shared = Storage("FloatStorage", [float(i) for i in range(24)])
        value = collections.OrderedDict([
            ("whole", Tensor(shared, [2, 3, 4])),
            ("part", Tensor(shared, [2, 4], offset=12)),
            ("turned", Tensor(shared, [4, 6], strides=[1, 4])),
            ("repeated", Tensor(shared, [2, 3], strides=[0, 1], offset=5)),
            ("parameter", Tensor(Storage("HalfStorage", [0.5, -2.0]), [2], parameter=True)),
            ("single", Tensor(Storage("LongStorage", [7]), [])),
            ("empty", Tensor(shared, [0, 4])),
            ("bf16", Tensor(Storage("BFloat16Storage", [0x3F80, 0xC000]), [1, 2])),
        ])
        floats = lambda numbers: struct.pack(f"<{len(numbers)}f", *map(float, numbers))
        expected = {
            "whole": ("F32", [2, 3, 4], floats(range(24))),
            "part": ("F32", [2, 4], floats(range(12, 20))),
            "turned": ("F32", [4, 6], floats([row + 4 * column for row in range(4) for column in range(6)])),
            "repeated": ("F32", [2, 3], floats([5, 6, 7, 5, 6, 7])),
            "parameter": ("F16", [2], struct.pack("<2e", 0.5, -2.0)),
            "single": ("I64", [], struct.pack("<q", 7)),
            "empty": ("F32", [0, 4], b""),
            "bf16": ("BF16", [1, 2], struct.pack("<2H", 0x3F80, 0xC000)),
        }
        for write in (write_archive, write_row_of_pickles):
            tensors, _ = self.tensors_of(write(self.folder / "model.pt", value))
            self.assertEqual(tensors, expected, write.__name__)

    def test_finds_the_weights_of_a_training_run(self):
        weight = Tensor(Storage("FloatStorage", [1.0, 2.0]), [2])
        state = {"epoch": 3, "state_dict": {"layer": {"weight": weight}, "list": [weight]},
                 "optimizer": {"moments": Tensor(Storage("FloatStorage", [0.0]), [1])}}
        tensors, _ = self.tensors_of(write_archive(self.folder / "run.ckpt", state))
        self.assertEqual(sorted(tensors), ["layer.weight", "list.0"])

    def test_runs_nothing_and_says_what_it_did_not_run(self):
        trace = self.folder / "it-ran"
        weight = Tensor(Storage("FloatStorage", [1.0]), [1])
        for write in (write_archive, write_row_of_pickles):
            tensors, messages = self.tensors_of(write(self.folder / "evil.bin", {"w": weight, "x": Evil(trace)}))
            self.assertEqual(list(tensors), ["w"])
            self.assertRegex(messages, r"asks 1 times to run \w+\.system; it was not run")
        self.assertFalse(trace.exists())

    def test_a_folder_with_a_checkpoint_instead_of_safetensors(self):
        model = write_tiny_model(self.folder / "tiny.gguf")
        source, folder = self.folder / "hf", self.folder / "torch"
        self.adze("convert", model, source, "--to", "hf")
        shutil.copytree(source, folder)
        weights = {}
        for name, (dtype, shape, data) in read_safetensors(folder / "model.safetensors").items():
            self.assertEqual(dtype, "F32")
            weights[name] = Tensor(Storage("FloatStorage", struct.unpack(f"<{len(data) // 4}f", data)), shape)
        (folder / "model.safetensors").unlink()
        names = sorted(weights)
        shards = {"pytorch_model-00001-of-00002.bin": names[:5], "pytorch_model-00002-of-00002.bin": names[5:]}
        for shard, own in shards.items():
            write_archive(folder / shard, {name: weights[name] for name in own})
        index = {"weight_map": {name: shard for shard, own in shards.items() for name in own}}
        (folder / "pytorch_model.bin.index.json").write_text(json.dumps(index))
        self.adze("diff", source, folder)
        index["weight_map"][names[0]] = "../pytorch_model-00001-of-00002.bin"
        (folder / "pytorch_model.bin.index.json").write_text(json.dumps(index))
        self.refuses("inspect", folder, says="not a plain file name")

    def test_refuses_what_is_broken(self):
        small = Storage("FloatStorage", [1.0, 2.0])
        path = self.folder / "bad.pt"
        for value, says in [({"w": Tensor(small, [3])}, "beyond the 8 bytes"),
                            ({"w": Tensor(small, [2], offset=1)}, "beyond"),
                            ({"w": Tensor(small, [2, 2], strides=[2**62, 2**62])}, "beyond"),
                            ({"w": Tensor(small, [2], strides=[-1])}, "beyond"),
                            ({"w": Tensor(small, [2**40, 2**40])}, "w"),
                            ({"text": "no tensor"}, "without a tensor")]:
            self.refuses("inspect", write_archive(path, value), says=says)
        good = {"w": Tensor(small, [2])}
        self.refuses("inspect", write_archive(path, good, compression=zipfile.ZIP_DEFLATED), says="compressed")
        self.refuses("inspect", write_archive(path, good, byteorder="big"), says="big-endian")
        for write in (write_archive, write_row_of_pickles):
            whole = write(path, good).read_bytes()
            for size in range(16, len(whole) - 1, 37):
                path.write_bytes(whole[:size])
                self.refuses("inspect", path, says="bad.pt")

    def test_values_in_circles_or_used_without_end(self):
        circle = {"w": Tensor(Storage("FloatStorage", [1.0]), [1])}
        circle["again"] = circle
        self.refuses("inspect", write_archive(self.folder / "circle.pt", circle), says="levels deep")
        laughs = [1]
        for _ in range(40):
            laughs = [laughs] * 10
        self.refuses("inspect", write_archive(self.folder / "laughs.pt", laughs), says="more than")

    def test_values_deep_within_each_other(self):
        tower = b"\x80\x02}X\x05\x00\x00\x00tower)" + b"\x85" * 1_000_000 + b"s."  # {"tower": ((((…))))}
        path = write_row_of_pickles(self.folder / "deep.pt", None, pickled=tower)
        self.refuses("inspect", path, says="levels deep")

    def test_real_checkpoints_of_the_older_form(self):
        folder = SHARED / "data" / "onnx" / "resnet-cifar10"
        if not folder.is_dir():
            self.skipTest(f"{folder} is missing")
        tensors, _ = self.tensors_of(folder / "resnet20-12fca82f.th")
        self.assertEqual(len(tensors), 97)
        self.assertEqual(tensors["module.conv1.weight"][:2], ("F32", [16, 3, 3, 3]))
        first = struct.unpack("<f", tensors["module.conv1.weight"][2][:4])[0]
        self.assertTrue(0 < abs(first) < 1)


if __name__ == "__main__":
    unittest.main()
