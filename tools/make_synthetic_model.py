#!/usr/bin/env python3
"""Writes a Hugging Face folder of a given size with pseudo-random weights, for measuring conversions.

usage: tools/make_synthetic_model.py FOLDER [--gigabytes 6] [--dtype bf16|f32] [--shard-gigabytes 2]
The weights repeat with a period of a few megabytes, so writing is as fast as the disk.
"""
import argparse
import json
import random
import struct
from pathlib import Path

HIDDEN, FEED_FORWARD, HEADS, KEY_HEADS, VOCABULARY = 4096, 11008, 32, 8, 32000
ELEMENT_BYTES = {"bf16": 2, "f32": 4}
PERIOD_ELEMENTS = 1_000_003


def layer_weights(layer):
    head_size = HIDDEN // HEADS
    prefix = f"model.layers.{layer}."
    return [
        (prefix + "input_layernorm.weight", [HIDDEN]),
        (prefix + "self_attn.q_proj.weight", [HIDDEN, HIDDEN]),
        (prefix + "self_attn.k_proj.weight", [KEY_HEADS * head_size, HIDDEN]),
        (prefix + "self_attn.v_proj.weight", [KEY_HEADS * head_size, HIDDEN]),
        (prefix + "self_attn.o_proj.weight", [HIDDEN, HIDDEN]),
        (prefix + "post_attention_layernorm.weight", [HIDDEN]),
        (prefix + "mlp.gate_proj.weight", [FEED_FORWARD, HIDDEN]),
        (prefix + "mlp.up_proj.weight", [FEED_FORWARD, HIDDEN]),
        (prefix + "mlp.down_proj.weight", [HIDDEN, FEED_FORWARD]),
    ]


def element_count(shape):
    count = 1
    for dim in shape:
        count *= dim
    return count


def choose_weights(total_bytes, element_bytes):
    """Weights of as many layers as it takes, and the number of layers."""
    weights = [("model.embed_tokens.weight", [VOCABULARY, HIDDEN]), ("model.norm.weight", [HIDDEN]),
               ("lm_head.weight", [VOCABULARY, HIDDEN])]
    layers = 0
    while sum(element_count(shape) for _, shape in weights) * element_bytes < total_bytes:
        weights += layer_weights(layers)
        layers += 1
    return weights, layers


def random_block(dtype):
    """Bell-shaped values of the size that weights have; the same on every run."""
    generator = random.Random(7)
    words = []
    for _ in range(PERIOD_ELEMENTS):
        bits = struct.unpack("<I", struct.pack("<f", generator.gauss(0, 0.02)))[0]
        words.append(bits >> 16 if dtype == "bf16" else bits)
    return struct.pack(f"<{PERIOD_ELEMENTS}{'H' if dtype == 'bf16' else 'I'}", *words)


def write_repeated(file, block, size):
    for _ in range(size // len(block)):
        file.write(block)
    file.write(block[: size % len(block)])


def write_shard(path, weights, dtype, block):
    header, offset = {"__metadata__": {"format": "pt"}}, 0
    for name, shape in weights:
        size = element_count(shape) * ELEMENT_BYTES[dtype]
        header[name] = {"dtype": dtype.upper(), "shape": shape, "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for _, shape in weights:
            write_repeated(file, block, element_count(shape) * ELEMENT_BYTES[dtype])


def split_into_shards(weights, element_bytes, shard_bytes):
    shards, filled = [[]], 0
    for name, shape in weights:
        size = element_count(shape) * element_bytes
        if shards[-1] and filled + size > shard_bytes:
            shards.append([])
            filled = 0
        shards[-1].append((name, shape))
        filled += size
    return shards


def write_config(folder, layers, dtype):
    config = {
        "architectures": ["LlamaForCausalLM"], "hidden_act": "silu", "hidden_size": HIDDEN,
        "intermediate_size": FEED_FORWARD, "max_position_embeddings": 4096, "model_type": "llama",
        "num_attention_heads": HEADS, "num_hidden_layers": layers, "num_key_value_heads": KEY_HEADS,
        "rms_norm_eps": 1e-05, "rope_theta": 10000.0, "tie_word_embeddings": False,
        "torch_dtype": {"bf16": "bfloat16", "f32": "float32"}[dtype], "vocab_size": VOCABULARY,
    }
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--gigabytes", type=float, default=6)
    parser.add_argument("--shard-gigabytes", type=float, default=2)
    parser.add_argument("--dtype", choices=sorted(ELEMENT_BYTES), default="bf16")
    arguments = parser.parse_args()
    element_bytes = ELEMENT_BYTES[arguments.dtype]
    weights, layers = choose_weights(arguments.gigabytes * 1e9, element_bytes)
    shards = split_into_shards(weights, element_bytes, arguments.shard_gigabytes * 1e9)
    arguments.folder.mkdir(parents=True)
    write_config(arguments.folder, layers, arguments.dtype)
    block, weight_map = random_block(arguments.dtype), {}
    for number, shard in enumerate(shards, 1):
        name = f"model-{number:05}-of-{len(shards):05}.safetensors"
        write_shard(arguments.folder / name, shard, arguments.dtype, block)
        weight_map.update({weight: name for weight, _ in shard})
    total = sum(element_count(shape) for _, shape in weights) * element_bytes
    index = {"metadata": {"total_size": total}, "weight_map": weight_map}
    (arguments.folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2) + "\n")
    print(f"{arguments.folder}: {len(weights)} tensors, {total / 1e9:.2f} GB in {len(shards)} shards")


if __name__ == "__main__":
    main()
