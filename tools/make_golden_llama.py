#!/usr/bin/env python3
"""Makes the golden folders of the llama architecture: tiny random checkpoints and the logits that mlx-lm computes.

usage: build/peers/venv/bin/python tools/make_golden_llama.py
Writes tests/golden/architectures/llama_<case>/ with config.json, model.safetensors and golden.json (tokens and logits).
Run it again only to change the cases; the results are kept in the repository so that tests need no peer.
"""
import json
from pathlib import Path

import mlx.core as mx
import numpy as np
from mlx_lm.utils import load_model
from safetensors.numpy import save_file

OUT = Path(__file__).resolve().parent.parent / "tests" / "golden" / "architectures"
TOKENS = [1, 17, 3, 44, 9, 60, 2, 31, 5, 23, 8, 50, 12, 40, 6, 19, 33, 7, 58, 4, 27, 11, 62, 14]

BASE = {
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 32, "intermediate_size": 48,
    "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 64,
    "max_position_embeddings": 64, "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "tie_word_embeddings": True,
    "torch_dtype": "float32", "bos_token_id": 1, "eos_token_id": 2, "hidden_act": "silu",
}

CASES = {
    "plain": {},
    "untied_wide_heads": {"tie_word_embeddings": False, "head_dim": 12, "num_key_value_heads": 4},
    "biases": {"attention_bias": True, "mlp_bias": True, "num_key_value_heads": 1},
    "rope_linear": {"rope_scaling": {"rope_type": "linear", "factor": 4.0}},
    "rope_yarn": {"rope_scaling": {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16}},
    "rope_llama3": {"rope_theta": 500.0,
                    "rope_scaling": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0,
                                     "high_freq_factor": 4.0, "original_max_position_embeddings": 32}},
}


def random_weights(config, seed):
    rng = np.random.default_rng(seed)
    hidden, inner = config["hidden_size"], config["intermediate_size"]
    head_dim = config.get("head_dim", hidden // config["num_attention_heads"])
    queries, keys = config["num_attention_heads"] * head_dim, config["num_key_value_heads"] * head_dim
    weights = {}

    def matrix(name, rows, columns, bias=False):
        weights[f"{name}.weight"] = rng.normal(0, 1.2 / np.sqrt(columns), (rows, columns)).astype(np.float32)
        if bias:
            weights[f"{name}.bias"] = rng.normal(0, 0.3, rows).astype(np.float32)

    def norm(name):
        weights[f"{name}.weight"] = (1 + rng.normal(0, 0.2, hidden)).astype(np.float32)

    matrix("model.embed_tokens", config["vocab_size"], hidden)
    for layer in range(config["num_hidden_layers"]):
        at, attention, mlp = f"model.layers.{layer}", config.get("attention_bias", False), config.get("mlp_bias", False)
        norm(f"{at}.input_layernorm")
        norm(f"{at}.post_attention_layernorm")
        for name, rows in (("q", queries), ("k", keys), ("v", keys)):
            matrix(f"{at}.self_attn.{name}_proj", rows, hidden, attention)
        matrix(f"{at}.self_attn.o_proj", hidden, queries, attention)
        matrix(f"{at}.mlp.gate_proj", inner, hidden, mlp)
        matrix(f"{at}.mlp.up_proj", inner, hidden, mlp)
        matrix(f"{at}.mlp.down_proj", hidden, inner, mlp)
    norm("model.norm")
    if not config["tie_word_embeddings"]:
        matrix("lm_head", config["vocab_size"], hidden)
    return weights


def write_case(name, changes, seed):
    config = {**BASE, **changes}
    folder = OUT / f"llama_{name}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    save_file(random_weights(config, seed), folder / "model.safetensors", metadata={"format": "pt"})
    model, _ = load_model(folder)
    mx.eval(model.parameters())
    logits = np.array(model(mx.array([TOKENS])).astype(mx.float32))[0]
    rows = [[round(float(value), 6) for value in row] for row in logits]
    text = ",\n".join("  " + json.dumps(row) for row in rows)
    (folder / "golden.json").write_text(f'{{"tokens": {json.dumps(TOKENS)},\n "logits": [\n{text}\n ]}}\n')


def main():
    mx.set_default_device(mx.cpu)
    for seed, (name, changes) in enumerate(CASES.items()):
        write_case(name, changes, seed)
        print(f"wrote llama_{name}")


if __name__ == "__main__":
    main()
