#!/usr/bin/env python3
# needs: gguf safetensors numpy shared
"""Reads the files that Adze writes with the packages `gguf` and `safetensors`, and compares numbers, keys and names.

usage: build/peers/venv/bin/python tests/peers/formats_peer.py
Covers HF -> GGUF -> HF in f32, f16 and bf16, shards, a GGUF with every type of key written by `gguf` and copied by Adze,
and, when the demo's model is in the cache, the decoding of its quantized tensors.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import gguf
import numpy
from safetensors import safe_open

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import peer_needs  # noqa: E402

TOOL = pathlib.Path(os.environ.get("ADZE_BUILD", ROOT / "build" / "release")) / "tests" / "convert_tool"
SHARED = pathlib.Path(os.environ.get("ADZE_SHARED", ROOT.parent / "shared"))
TINY = SHARED / "data" / "lm" / "tinystories-656k"
BF16 = gguf.GGMLQuantizationType.BF16


def convert(source, target, dtype, *more):
    return subprocess.run([TOOL, "convert", source, target, dtype, *more], check=True, stdout=subprocess.PIPE,
                          text=True).stdout


def safetensors_values(folder, dtype):
    """Tensors of a folder by name, as float32; bf16 is read through its bits."""
    values = {}
    for path in sorted(folder.glob("*.safetensors")):
        data = path.read_bytes()
        header = json.loads(data[8:8 + int.from_bytes(data[:8], "little")])
        if dtype != "bf16":
            with safe_open(path, framework="numpy") as file:
                values.update({name: file.get_tensor(name).astype(numpy.float32) for name in file.keys()})
            continue
        start = 8 + int.from_bytes(data[:8], "little")
        for name, entry in header.items():
            if name != "__metadata__":
                begin, end = (start + offset for offset in entry["data_offsets"])
                bits = numpy.frombuffer(data[begin:end], numpy.uint16).astype(numpy.uint32) << 16
                values[name] = bits.view(numpy.float32).reshape(entry["shape"])
    return values


def rounded_to(values, dtype):
    if dtype == "f16":
        return values.astype(numpy.float16).astype(numpy.float32)
    if dtype == "bf16":
        return gguf.quants.dequantize(gguf.quants.quantize(values, BF16), BF16).reshape(values.shape)
    return values


def same(left, right):
    return left.shape == right.shape and numpy.array_equal(left, right)


def check_round_trip(folder, dtype):
    """HF -> GGUF -> HF, once in two shards."""
    convert(TINY, folder / f"{dtype}.gguf", dtype)
    back = folder / f"back-{dtype}"
    convert(folder / f"{dtype}.gguf", back, dtype, "700000")
    source = safetensors_values(TINY, "f32")
    written = safetensors_values(back, dtype)
    written["lm_head.weight"] = written.pop("model.embed_tokens.weight")  # tied: one tensor, two names
    problems = [] if len(list(back.glob("*.safetensors"))) > 1 else ["no shards"]
    if source.keys() != written.keys():
        problems.append(f"names: {source.keys() ^ written.keys()}")
    return problems + [name for name in source.keys() & written.keys()
                       if not same(rounded_to(source[name], dtype), written[name])]


def every_key(path):
    """A file with every type of key and value that `gguf` can write."""
    writer = gguf.GGUFWriter(path, "llama")
    for kind, value in [("uint8", 200), ("int8", -5), ("uint16", 60000), ("int16", -300), ("uint32", 4_000_000_000),
                        ("int32", -70000), ("float32", 0.1), ("uint64", 1 << 63), ("int64", -(1 << 62)),
                        ("float64", 0.1), ("bool", True), ("string", "grüße")]:
        getattr(writer, f"add_{kind}")(f"test.{kind}", value)
    for name, values in [("strings", ["a", "", "ü"]), ("floats", [1.5, -2.5]), ("numbers", [1, -2, 3]),
                         ("flags", [True, False])]:
        writer.add_array(f"test.{name}", values)
    writer.add_custom_alignment(128)
    for index, kind in enumerate((numpy.float32, numpy.float16, numpy.float64, numpy.int8, numpy.int16, numpy.int32,
                                  numpy.int64)):
        writer.add_tensor(f"tensor.{index}", numpy.arange(15, dtype=kind).reshape(3, 5))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def check_every_key(folder):
    source, copy = folder / "keys.gguf", folder / "keys-copy.gguf"
    every_key(source)
    convert(source, copy, "keep")
    left, right = gguf.GGUFReader(source), gguf.GGUFReader(copy)
    problems = [key for key in left.fields if key not in right.fields
                or left.fields[key].types != right.fields[key].types
                or left.fields[key].contents() != right.fields[key].contents()]
    if list(left.fields) != list(right.fields):
        problems.append("order of keys")
    problems += [a.name for a, b in zip(left.tensors, right.tensors)
                 if a.name != b.name or a.tensor_type != b.tensor_type or not numpy.array_equal(a.data, b.data)]
    return problems + ([] if source.read_bytes() == copy.read_bytes() else ["the copy has other bytes"])


def check_decoding(model, folder):
    """The quantized tensors of the demo's model, widened by Adze and by `gguf`."""
    convert(model, folder / "wide.gguf", "f32", "exact")
    left, right = gguf.GGUFReader(model), gguf.GGUFReader(folder / "wide.gguf")
    return [a.name for a, b in zip(left.tensors, right.tensors)
            if a.name != b.name or not same(gguf.quants.dequantize(a.data, a.tensor_type), b.data)]


def main():
    passed = failed = skipped = 0
    with tempfile.TemporaryDirectory(prefix="adze_formats_") as name:
        folder = pathlib.Path(name)
        checks = [(f"HF -> GGUF -> HF in {dtype}", check_round_trip, (folder, dtype)) for dtype in ("f32", "f16", "bf16")]
        checks.append(("every type of key and tensor", check_every_key, (folder,)))
        model = peer_needs.cached_model()
        if model and model.suffix == ".gguf":
            checks.append((f"decoding of {model.name}", check_decoding, (model, folder)))
        else:
            skipped += 1
            print("skipped: decoding of the demo's model, which is not in the cache as GGUF")
        for title, check, arguments in checks:
            problems = check(*arguments)
            passed, failed = passed + (not problems), failed + bool(problems)
            print(f"{'FAIL' if problems else 'ok  '} {title} {problems[:5] if problems else ''}")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
