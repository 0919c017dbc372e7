#!/usr/bin/env python3
"""Makes a copy of a small llama GGUF that computes the same function and is fair to compare quantizers on.

usage: build/peers/venv/bin/python tools/make_quality_model.py IN.gguf OUT.gguf [--width 768] [--seed 7]

IN holds plain weights (f32 or f16; `adze convert --dtype f32` expands others); OUT is f16. Needs gguf and numpy.

Widths that do not divide by 256 keep most codecs out, and weights that were quantized before lie on a grid that favours
that codec. So the residual stream is padded with zeros to the new width and heads of zeros are added; the factors of the
norms are folded into the matrices behind them, scaled by sqrt(old / new) with the epsilon scaled by old / new; the
output matrix stands apart from the embedding; and one random orthogonal change of basis of the residual stream takes
every weight off its grid. Logits stay the same within 1e-3.
"""
import argparse

import gguf
import numpy


def read(path):
    reader = gguf.GGUFReader(path)
    tensors = {}
    for tensor in reader.tensors:
        shape = [int(size) for size in reversed(tensor.shape)]
        tensors[tensor.name] = numpy.array(tensor.data, dtype=numpy.float64).reshape(shape)
    return reader, tensors


def padded(matrix, rows, columns):
    return numpy.pad(matrix, ((0, rows - matrix.shape[0]), (0, columns - matrix.shape[1])))


class Widening:
    def __init__(self, reader, tensors, width, seed):
        self.tensors, self.width = tensors, width
        setting = lambda key: reader.fields["llama." + key].contents()
        self.layers, self.old_width = setting("block_count"), setting("embedding_length")
        heads, key_heads = setting("attention.head_count"), setting("attention.head_count_kv")
        head_width = self.old_width // heads
        if width % head_width or width // head_width % (heads // key_heads):
            raise SystemExit(f"{width} is no multiple of {heads // key_heads} heads of {head_width}")
        self.heads = width // head_width
        self.key_heads = self.heads // (heads // key_heads)
        self.key_width = self.key_heads * head_width
        self.share = self.old_width / width
        self.settings = {"llama.embedding_length": width, "llama.attention.head_count": self.heads,
                         "llama.attention.head_count_kv": self.key_heads, "general.file_type": 1,
                         "llama.attention.layer_norm_rms_epsilon":
                             setting("attention.layer_norm_rms_epsilon") * self.share}
        basis, triangle = numpy.linalg.qr(numpy.random.default_rng(seed).standard_normal((width, width)))
        self.basis = basis * numpy.sign(numpy.diag(triangle))

    def reads(self, name, norm, rows=None):
        """A matrix that reads the residual stream behind a norm."""
        matrix = self.tensors[name] * (self.tensors[norm] * numpy.sqrt(self.share))
        return padded(matrix, rows or matrix.shape[0], self.width) @ self.basis.T

    def writes(self, name, columns=None):
        matrix = self.tensors[name]
        return self.basis @ padded(matrix, self.width, columns or matrix.shape[1])

    def layer(self, b):
        return {b + "attn_norm.weight": numpy.ones(self.width), b + "ffn_norm.weight": numpy.ones(self.width),
                b + "attn_q.weight": self.reads(b + "attn_q.weight", b + "attn_norm.weight", self.width),
                b + "attn_k.weight": self.reads(b + "attn_k.weight", b + "attn_norm.weight", self.key_width),
                b + "attn_v.weight": self.reads(b + "attn_v.weight", b + "attn_norm.weight", self.key_width),
                b + "attn_output.weight": self.writes(b + "attn_output.weight", self.width),
                b + "ffn_gate.weight": self.reads(b + "ffn_gate.weight", b + "ffn_norm.weight"),
                b + "ffn_up.weight": self.reads(b + "ffn_up.weight", b + "ffn_norm.weight"),
                b + "ffn_down.weight": self.writes(b + "ffn_down.weight")}

    def all_tensors(self):
        embedding = self.tensors["token_embd.weight"]
        head = "output.weight" if "output.weight" in self.tensors else "token_embd.weight"
        result = {"token_embd.weight": padded(embedding, embedding.shape[0], self.width) @ self.basis.T,
                  "output_norm.weight": numpy.ones(self.width), "output.weight": self.reads(head, "output_norm.weight")}
        for layer in range(self.layers):
            result.update(self.layer(f"blk.{layer}."))
        return result


def write(path, reader, widening):
    writer = gguf.GGUFWriter(path, "llama")
    for field in reader.fields.values():
        if field.name.startswith("GGUF.") or field.name == "general.architecture":
            continue
        value = widening.settings.get(field.name, field.contents())
        if field.types[0] == gguf.GGUFValueType.ARRAY:
            writer.add_array(field.name, value)
        else:
            writer.add_key_value(field.name, value, field.types[0])
    for name, values in widening.all_tensors().items():
        writer.add_tensor(name, values.astype(numpy.float32 if values.ndim == 1 else numpy.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source")
    parser.add_argument("target")
    parser.add_argument("--width", type=int, default=768)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    reader, tensors = read(options.source)
    write(options.target, reader, Widening(reader, tensors, options.width, options.seed))


if __name__ == "__main__":
    main()
