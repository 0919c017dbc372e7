"""The forward pass of Falcon in double precision: mlx-lm does not have it, and llama.cpp's GELU is a table of halves."""
import math

import numpy as np

EPSILON = 1e-5


def layer_norm(x, weights, name):
    centred = x - x.mean(axis=-1, keepdims=True)
    scaled = centred / np.sqrt((centred ** 2).mean(axis=-1, keepdims=True) + EPSILON)
    return scaled * weights[f"{name}.weight"] + weights[f"{name}.bias"]


def rotated(x, base):
    """x [tokens, heads, size]: the first half of each head against the second."""
    half = x.shape[-1] // 2
    angles = np.arange(len(x))[:, None] * base ** (-np.arange(half) / half)
    cosine, sine = np.cos(angles)[:, None, :], np.sin(angles)[:, None, :]
    first, second = x[..., :half], x[..., half:]
    return np.concatenate([first * cosine - second * sine, second * cosine + first * sine], axis=-1)


def attention(x, weights, at, config):
    groups, size = config["num_kv_heads"], config["hidden_size"] // config["num_attention_heads"]
    heads = (x @ weights[f"{at}.query_key_value.weight"].T).reshape(len(x), groups, -1, size)
    tokens, queries = len(x), heads.shape[2] - 2
    q = rotated(heads[:, :, :queries].reshape(tokens, groups * queries, size), config["rope_theta"])
    k, v = rotated(heads[:, :, -2], config["rope_theta"]), heads[:, :, -1]
    out = np.zeros_like(q)
    for head in range(groups * queries):
        scores = q[:, head] @ k[:, head // queries].T / math.sqrt(size)
        scores[np.triu_indices(tokens, 1)] = -np.inf
        shares = np.exp(scores - scores.max(axis=1, keepdims=True))
        out[:, head] = shares / shares.sum(axis=1, keepdims=True) @ v[:, head // queries]
    return out.reshape(tokens, -1) @ weights[f"{at}.dense.weight"].T


def gelu(x):
    return x * 0.5 * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))


def logits_of(weights, config, tokens):
    weights = {name: values.astype(np.float64) for name, values in weights.items()}
    x = weights["transformer.word_embeddings.weight"][tokens]
    for layer in range(config["num_hidden_layers"]):
        at = f"transformer.h.{layer}"
        two = config["new_decoder_architecture"]
        seen = layer_norm(x, weights, f"{at}.{'ln_attn' if two else 'input_layernorm'}")
        fed = layer_norm(x, weights, f"{at}.ln_mlp") if two else seen
        inner = gelu(fed @ weights[f"{at}.mlp.dense_h_to_4h.weight"].T)
        x = x + attention(seen, weights, f"{at}.self_attention", config) + inner @ weights[f"{at}.mlp.dense_4h_to_h.weight"].T
    return layer_norm(x, weights, "transformer.ln_f") @ weights["lm_head.weight"].T
