"""Writes a small GGUF language model with made-up weights: enough for every verb, and quick."""
import random
import struct

U32, F32, STRING, ARRAY, I32 = 4, 6, 8, 9, 5
LAYERS, WIDTH, INNER, HEADS, KEY_HEADS, HEAD_WIDTH = 2, 64, 128, 4, 2, 16
CHAT_TEMPLATE = ("{% for message in messages %}<|{{ message.role }}|>{{ message.content }}</s>{% endfor %}"
                 "{% if add_generation_prompt %}<|assistant|>{% endif %}")


def string(text):
    data = text if isinstance(text, bytes) else text.encode()
    return struct.pack("<Q", len(data)) + data


def value(kind, item):
    if kind == STRING:
        return string(item)
    return struct.pack({U32: "<I", F32: "<f", I32: "<i"}[kind], item)


def key(name, kind, item):
    return string(name) + struct.pack("<I", kind) + value(kind, item)


def array_key(name, kind, items):
    head = string(name) + struct.pack("<IIQ", ARRAY, kind, len(items))
    return head + b"".join(value(kind, item) for item in items)


def vocabulary(last="▁the"):
    """(text, score, type): control tokens, one token per byte, and a few pieces. SentencePiece's form."""
    tokens = [("<unk>", 0.0, 2), ("<s>", 0.0, 3), ("</s>", 0.0, 3)]
    tokens += [(f"<0x{byte:02X}>", 0.0, 6) for byte in range(256)]
    tokens += [("▁", -1.0, 1)] + [(chr(letter), -2.0 - i, 1) for i, letter in enumerate(range(ord("a"), ord("z") + 1))]
    tokens += [("th", -0.5, 1), ("the", -0.4, 1), (last, -0.3, 1)]
    return tokens


def metadata(name, token):
    tokens = vocabulary(token)
    keys = [
        key("general.architecture", STRING, "llama"), key("general.name", STRING, name),
        key("llama.context_length", U32, 256), key("llama.embedding_length", U32, WIDTH),
        key("llama.block_count", U32, LAYERS), key("llama.feed_forward_length", U32, INNER),
        key("llama.attention.head_count", U32, HEADS), key("llama.attention.head_count_kv", U32, KEY_HEADS),
        key("llama.rope.dimension_count", U32, HEAD_WIDTH), key("llama.vocab_size", U32, len(tokens)),
        key("llama.attention.layer_norm_rms_epsilon", F32, 1e-5), key("llama.rope.freq_base", F32, 10000.0),
        key("tokenizer.ggml.model", STRING, "llama"), key("tokenizer.ggml.pre", STRING, "default"),
        array_key("tokenizer.ggml.tokens", STRING, [t[0] for t in tokens]),
        array_key("tokenizer.ggml.scores", F32, [t[1] for t in tokens]),
        array_key("tokenizer.ggml.token_type", I32, [t[2] for t in tokens]),
        key("tokenizer.ggml.bos_token_id", U32, 1), key("tokenizer.ggml.eos_token_id", U32, 2),
        key("tokenizer.ggml.unknown_token_id", U32, 0), key("tokenizer.chat_template", STRING, CHAT_TEMPLATE),
    ]
    return keys


def weights():
    """(name, dims outermost first) of every tensor; the output projection is tied to the embedding."""
    yield "token_embd.weight", (len(vocabulary()), WIDTH)
    for layer in range(LAYERS):
        block = f"blk.{layer}."
        yield block + "attn_norm.weight", (WIDTH,)
        yield block + "attn_q.weight", (HEADS * HEAD_WIDTH, WIDTH)
        yield block + "attn_k.weight", (KEY_HEADS * HEAD_WIDTH, WIDTH)
        yield block + "attn_v.weight", (KEY_HEADS * HEAD_WIDTH, WIDTH)
        yield block + "attn_output.weight", (WIDTH, HEADS * HEAD_WIDTH)
        yield block + "ffn_norm.weight", (WIDTH,)
        yield block + "ffn_gate.weight", (INNER, WIDTH)
        yield block + "ffn_up.weight", (INNER, WIDTH)
        yield block + "ffn_down.weight", (WIDTH, INNER)
    yield "output_norm.weight", (WIDTH,)


def write_tiny_model(path, name="Tiny", seed=1, token="▁the", spread=0.2):
    """A llama with f32 weights from a fixed seed, whose last token is `token`; with a wide `spread` it is sure of what it says.
    Returns the path."""
    numbers = random.Random(seed)
    infos, data = b"", b""
    tensors = list(weights())
    for tensor, dims in tensors:
        count = 1
        for dim in dims:
            count *= dim
        infos += string(tensor) + struct.pack("<I", len(dims)) + struct.pack(f"<{len(dims)}Q", *reversed(dims))
        infos += struct.pack("<IQ", 0, len(data))
        values = [1.0] * count if len(dims) == 1 else [numbers.gauss(0, spread) for _ in range(count)]
        data += struct.pack(f"<{count}f", *values)
    keys = metadata(name, token)
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(keys)) + b"".join(keys) + infos
    path.write_bytes(head + bytes(-len(head) % 32) + data)
    return path
