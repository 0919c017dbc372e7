"""The forward pass of gpt-oss in double precision: mlx-lm rounds the range of YaRN whatever config.json says, and does
not read experts that are kept as floats.
"""
import math

import numpy as np


def rms_norm(x, weight, epsilon):
    return x / np.sqrt((x ** 2).mean(axis=-1, keepdims=True) + epsilon) * weight


def frequencies(config):
    """Angle per position and pair, and what cosines and sines are multiplied with (Peng et al. 2023)."""
    size, base, scaling = config["head_dim"], config["rope_theta"], config["rope_scaling"]
    pairs = np.arange(size // 2)
    plain = base ** (-2 * pairs / size)

    def pair_of(rotations):
        turns = scaling["original_max_position_embeddings"] / (rotations * 2 * math.pi)
        return size * math.log(turns) / (2 * math.log(base))

    low, high = pair_of(scaling["beta_fast"]), pair_of(scaling["beta_slow"])
    if scaling.get("truncate", True):
        low, high = math.floor(low), math.ceil(high)
    low, high = max(low, 0), min(high, size - 1)
    slowed = np.clip((pairs - low) / max(high - low, 0.001), 0, 1)
    return plain * (1 - slowed) + plain / scaling["factor"] * slowed, 0.1 * math.log(scaling["factor"]) + 1


def rotated(x, config):
    """x [tokens, heads, size]: the first half of each head against the second."""
    angle, magnitude = frequencies(config)
    angles = np.arange(len(x))[:, None] * angle
    cosine, sine = (magnitude * f(angles)[:, None, :] for f in (np.cos, np.sin))
    first, second = np.split(x, 2, axis=-1)
    return np.concatenate([first * cosine - second * sine, second * cosine + first * sine], axis=-1)


def linear(x, weights, name):
    return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]


def attention(x, weights, at, config, window):
    size, keys = config["head_dim"], config["num_key_value_heads"]
    q, k, v = (linear(x, weights, f"{at}.{part}_proj").reshape(len(x), -1, size) for part in "qkv")
    q, k = rotated(q, config), rotated(k, config)
    k, v = (np.repeat(part, q.shape[1] // keys, axis=1) for part in (k, v))
    scores = np.einsum("ihd,jhd->hij", q, k) / math.sqrt(size)
    distance = np.arange(len(x))[:, None] - np.arange(len(x))[None, :]
    scores[:, (distance < 0) | (distance >= window)] = -np.inf
    sinks = np.broadcast_to(weights[f"{at}.sinks"][:, None, None], (*scores.shape[:2], 1))
    scores = np.concatenate([scores, sinks], axis=-1)
    shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
    shares = (shares / shares.sum(axis=-1, keepdims=True))[..., :-1]
    return linear(np.einsum("hij,jhd->ihd", shares, v).reshape(len(x), -1), weights, f"{at}.o_proj")


def expert(x, weights, at, number):
    both = x @ weights[f"{at}.gate_up_proj"][number] + weights[f"{at}.gate_up_proj_bias"][number]
    gate, up = np.minimum(both[::2], 7.0), np.clip(both[1::2], -7.0, 7.0)
    made = gate / (1 + np.exp(-1.702 * gate)) * (up + 1)
    return made @ weights[f"{at}.down_proj"][number] + weights[f"{at}.down_proj_bias"][number]


def routed(row, weights, at, used):
    logits = linear(row, weights, f"{at}.router")
    chosen = np.argsort(-logits)[:used]
    shares = np.exp(logits[chosen] - logits[chosen].max())
    return sum(share * expert(row, weights, f"{at}.experts", number)
               for share, number in zip(shares / shares.sum(), chosen))


def logits_of(weights, config, tokens):
    weights = {name: value.astype(np.float64) for name, value in weights.items()}
    epsilon = config["rms_norm_eps"]
    x = weights["model.embed_tokens.weight"][tokens]
    for layer, kind in enumerate(config["layer_types"]):
        at = f"model.layers.{layer}"
        window = config["sliding_window"] if kind == "sliding_attention" else len(tokens)
        normed = rms_norm(x, weights[f"{at}.input_layernorm.weight"], epsilon)
        x = x + attention(normed, weights, f"{at}.self_attn", config, window)
        normed = rms_norm(x, weights[f"{at}.post_attention_layernorm.weight"], epsilon)
        x = x + np.array([routed(row, weights, f"{at}.mlp", config["num_experts_per_tok"]) for row in normed])
    return rms_norm(x, weights["model.norm.weight"], epsilon) @ weights["lm_head.weight"].T
