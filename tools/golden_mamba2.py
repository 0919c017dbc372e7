"""The forward pass of Mamba 2 in double precision, token by token: mlx-lm and transformers norm all groups of heads
together, the paper's code and llama.cpp each by itself.
"""
import numpy as np


def silu(x):
    return x / (1 + np.exp(-x))


def rms_norm(x, weight, epsilon):
    return x / np.sqrt((x ** 2).mean(axis=-1, keepdims=True) + epsilon) * weight


def convolved(rows, kernels, bias):
    width = kernels.shape[-1]
    padded = np.concatenate([np.zeros((width - 1, rows.shape[1])), rows])
    return silu(sum(padded[tap:tap + len(rows)] * kernels[:, 0, tap] for tap in range(width)) + bias)


def scanned(rows, steps, weights, at, config):
    heads, size, groups, states = (config[key] for key in ("num_heads", "head_dim", "n_groups", "state_size"))
    inner = heads * size
    steps = np.log1p(np.exp(steps + weights[f"{at}.dt_bias"]))
    rate = -np.exp(weights[f"{at}.A_log"])
    state, out = np.zeros((heads, size, states)), []
    for row, step in zip(rows, steps):
        x = row[:inner].reshape(heads, size)
        fed, read = row[inner:].reshape(2, groups, states).repeat(heads // groups, axis=1)
        state = np.exp(step * rate)[:, None, None] * state + step[:, None, None] * x[:, :, None] * fed[:, None, :]
        out.append(((state * read[:, None, :]).sum(-1) + weights[f"{at}.D"][:, None] * x).reshape(-1))
    return np.array(out)


def mixed(x, weights, at, config):
    inner = config["num_heads"] * config["head_dim"]
    all_columns = x @ weights[f"{at}.in_proj.weight"].T
    gate, rows, steps = np.split(all_columns, [inner, all_columns.shape[1] - config["num_heads"]], axis=1)
    rows = convolved(rows, weights[f"{at}.conv1d.weight"], weights[f"{at}.conv1d.bias"])
    gated = scanned(rows, steps, weights, at, config) * silu(gate)
    groups = gated.reshape(len(x), config["n_groups"], -1)
    normed = rms_norm(groups, weights[f"{at}.norm.weight"].reshape(config["n_groups"], -1), config["layer_norm_epsilon"])
    return normed.reshape(len(x), -1) @ weights[f"{at}.out_proj.weight"].T


def logits_of(weights, config, tokens):
    weights = {name: values.astype(np.float64) for name, values in weights.items()}
    x = weights["backbone.embeddings.weight"][tokens]
    for layer in range(config["num_hidden_layers"]):
        at = f"backbone.layers.{layer}"
        normed = rms_norm(x, weights[f"{at}.norm.weight"], config["layer_norm_epsilon"])
        x = x + mixed(normed, weights, f"{at}.mixer", config)
    last = rms_norm(x, weights["backbone.norm_f.weight"], config["layer_norm_epsilon"])
    head = "backbone.embeddings.weight" if config["tie_word_embeddings"] else "lm_head.weight"
    return last @ weights[head].T
