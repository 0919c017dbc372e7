"""The forward pass of BERT, RoBERTa / XLM-R and MPNet in double precision over a checkpoint's own names and config: what
our encoders are compared with. Written from the definitions of the layers, independent of the program.
"""
import math

import numpy as np

ERF = np.vectorize(math.erf, otypes=[np.float64])


def gelu(x):
    return x * 0.5 * (1 + ERF(x / math.sqrt(2)))


class Checkpoint:
    """Weights by name, whatever prefix the class puts in front."""

    def __init__(self, config, tensors):
        prefixes = ("bert.", "roberta.", "mpnet.")
        self.config = config
        self.tensors = {}
        for name, values in tensors.items():
            prefix = next((prefix for prefix in prefixes if name.startswith(prefix)), "")
            self.tensors[name[len(prefix):]] = values.astype(np.float64)

    def __getitem__(self, name):
        return self.tensors[name]

    def __contains__(self, name):
        return name in self.tensors

    def linear(self, name, x):
        return x @ self[f"{name}.weight"].T + self[f"{name}.bias"]

    def layer_norm(self, name, x):
        centred = x - x.mean(axis=-1, keepdims=True)
        scaled = centred / np.sqrt((centred ** 2).mean(axis=-1, keepdims=True) + self.config["layer_norm_eps"])
        return scaled * self[f"{name}.weight"] + self[f"{name}.bias"]


def first_position(config):
    """BERT counts from 0; the others from behind the padding token."""
    return 0 if config["model_type"] == "bert" else config["pad_token_id"] + 1


def buckets(tokens, count, max_distance=128):
    """The bucket of each (query, key), in single precision as the published models compute it."""
    distance = np.arange(tokens)[None, :] - np.arange(tokens)[:, None]
    half, exact = count // 2, count // 4
    away = np.abs(distance)
    with np.errstate(divide="ignore"):
        share = np.log(away.astype(np.float32) / np.float32(exact)) / np.float32(math.log(max_distance / exact))
        large = exact + np.where(away < exact, 0, share * np.float32(half - exact)).astype(np.int64)
    return np.where(distance > 0, half, 0) + np.where(away < exact, away, np.minimum(large, half - 1))


def attention(c, x, names, bias):
    heads = c.config["num_attention_heads"]
    q, k, v = (c.linear(name, x).reshape(len(x), heads, -1) for name in names)
    out = np.empty_like(q)
    for head in range(heads):
        scores = q[:, head] @ k[:, head].T / math.sqrt(q.shape[-1]) + bias[:, :, head]
        shares = np.exp(scores - scores.max(axis=1, keepdims=True))
        out[:, head] = shares / shares.sum(axis=1, keepdims=True) @ v[:, head]
    return out.reshape(len(x), -1)


def hidden_rows(c, tokens, types=None):
    """[tokens, features]"""
    x = c["embeddings.word_embeddings.weight"][tokens]
    positions = np.arange(len(tokens)) + first_position(c.config)
    x = x + c["embeddings.position_embeddings.weight"][positions]
    if "embeddings.token_type_embeddings.weight" in c:
        x = x + c["embeddings.token_type_embeddings.weight"][np.zeros(len(tokens), int) if types is None else types]
    x = c.layer_norm("embeddings.LayerNorm", x)
    bias = np.zeros((len(tokens), len(tokens), c.config["num_attention_heads"]))
    if "encoder.relative_attention_bias.weight" in c:
        table = c["encoder.relative_attention_bias.weight"]
        bias = table[buckets(len(tokens), len(table))]
    mpnet = c.config["model_type"] == "mpnet"
    for layer in range(c.config["num_hidden_layers"]):
        at = f"encoder.layer.{layer}"
        if mpnet:
            names, out = [f"{at}.attention.attn.{part}" for part in "qkv"], f"{at}.attention.attn.o"
        else:
            names = [f"{at}.attention.self.{part}" for part in ("query", "key", "value")]
            out = f"{at}.attention.output.dense"
        norm = f"{at}.attention.LayerNorm" if mpnet else f"{at}.attention.output.LayerNorm"
        x = c.layer_norm(norm, x + c.linear(out, attention(c, x, names, bias)))
        inner = gelu(c.linear(f"{at}.intermediate.dense", x))
        x = c.layer_norm(f"{at}.output.LayerNorm", x + c.linear(f"{at}.output.dense", inner))
    return x


def scores(c, rows):
    """What the classifier makes of the first token."""
    if "classifier.weight" in c:
        return c.linear("classifier", np.tanh(c.linear("pooler.dense", rows[0])))
    return c.linear("classifier.out_proj", np.tanh(c.linear("classifier.dense", rows[0])))


def embedding(c, tokens, pooling="mean", normalize=True):
    rows = hidden_rows(c, tokens)
    vector = {"mean": rows.mean(axis=0), "cls": rows[0], "last": rows[-1]}[pooling]
    return vector / np.linalg.norm(vector) if normalize else vector
