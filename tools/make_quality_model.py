#!/usr/bin/env python3
"""Makes a copy of a small llama GGUF that computes the same function and is fair to compare quantizers on.

usage: build/peers/venv/bin/python tools/make_quality_model.py IN.gguf OUT.gguf [--width 768] [--seed 7]
       [--basis random|given]

IN holds plain weights (f32 or f16; `adze convert --dtype f32` expands others); OUT is f16. Needs gguf and numpy.

Widths that do not divide by 256 keep most codecs out, and weights that were quantized before lie on a grid that favours
that codec. So the residual stream is padded with zeros to the new width and heads of zeros are added; the factors of the
norms are folded into the matrices behind them, scaled by sqrt(old / new) with the epsilon scaled by old / new; the
output matrix stands apart from the embedding; and one random orthogonal change of basis of the residual stream takes
every weight off its grid. Logits stay the same within 1e-3.

A random basis also hides the outliers that trained models have in theirs. `--basis given` keeps the basis, to judge what
rotations gain: there the factors of norms and random factors between rows of attn_v and ffn_up and columns of
attn_output and ffn_down take weights off their grid; the embedding alone stays on it.
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
    def __init__(self, reader, tensors, width, seed, basis):
        self.tensors, self.width, self.keeps_basis = tensors, width, basis == "given"
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
        self.random = numpy.random.default_rng(seed)
        basis, triangle = numpy.linalg.qr(self.random.standard_normal((width, width)))
        self.basis = numpy.eye(width) if self.keeps_basis else basis * numpy.sign(numpy.diag(triangle))
        self.head_width = head_width
        self.group = heads // key_heads

    def reads(self, name, norm, rows=None):
        """A matrix that reads the residual stream behind a norm."""
        matrix = self.tensors[name] * (self.tensors[norm] * numpy.sqrt(self.share))
        return padded(matrix, rows or matrix.shape[0], self.width) @ self.basis.T

    def writes(self, name, columns=None):
        matrix = self.tensors[name]
        return self.basis @ padded(matrix, self.width, columns or matrix.shape[1])

    def move_factors(self, b):
        """Random factors from the columns of a matrix into the rows of the one that makes its inputs."""
        of_values = self.random.uniform(0.8, 1.25, self.tensors[b + "attn_v.weight"].shape[0])
        by_head = numpy.repeat(of_values.reshape(-1, self.head_width), self.group, axis=0).reshape(-1)
        of_hidden = self.random.uniform(0.8, 1.25, self.tensors[b + "ffn_up.weight"].shape[0])
        self.tensors[b + "attn_v.weight"] = self.tensors[b + "attn_v.weight"] / of_values[:, None]
        self.tensors[b + "attn_output.weight"] = self.tensors[b + "attn_output.weight"] * by_head
        self.tensors[b + "ffn_up.weight"] = self.tensors[b + "ffn_up.weight"] / of_hidden[:, None]
        self.tensors[b + "ffn_down.weight"] = self.tensors[b + "ffn_down.weight"] * of_hidden

    def layer(self, b):
        if self.keeps_basis:
            self.move_factors(b)
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
    parser.add_argument("--basis", choices=["random", "given"], default="random")
    options = parser.parse_args()
    reader, tensors = read(options.source)
    write(options.target, reader, Widening(reader, tensors, options.width, options.seed, options.basis))


if __name__ == "__main__":
    main()
