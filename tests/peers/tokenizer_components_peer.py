#!/usr/bin/env python3
# needs: tokenizers shared
"""Compares every component of tokenizer.json with PyPI `tokenizers`: small tokenizers are put together and trained here.

usage: build/peers/venv/bin/python tests/peers/tokenizer_components_peer.py
Prints `N passed, N failed, N skipped`; exit status 1 if anything failed.
"""
import pathlib
import sys
import tempfile

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from tokenizers_peer import Count, ask, file_texts, first_difference, random_texts

TRAINING_PIECES = 12
SPLIT_BEHAVIORS = ("removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous")
HAND_TEXTS = [
    "", " ", "  ", "\n", "a", " a", "a ", "  a  b  ", "Hello, world!", "don't DON'T I'll we've", "x<mask>y <mask> z  <mask>",
    "<s>inside</s> text", "the<extra>theatre <extra> ends<extra>", "1234 5 6,7.8", "A\u030a\u00c5\u212b e\u0301\u0323",
    "\ufb01ne \u2460\u00bd\u00b2 \uff21\uff22\uff23", "\u0130I\u0131i \u00df\u1e9e \u03a3\u03c2", "tabs\tand\u00a0nbsp\u3000wide",
    "\u4e2d\u6587 mixed\u4e2dwith latin", "\u200b\u200d\ufeff\u00ad hidden", "\u2581already \u2581\u2581marked",
    "caf\u00e9 na\u00efve", "\U0001F468\u200D\U0001F469\u200D\U0001F467 family", "a" * 300, "ab" * 2000,
]


def bpe(byte_fallback=False):
    return models.BPE(unk_token="<unk>", fuse_unk=byte_fallback, byte_fallback=byte_fallback)


def trainer_for(model):
    special = ["<unk>", "<s>", "</s>"]
    if isinstance(model, models.BPE):
        return trainers.BpeTrainer(vocab_size=1500, special_tokens=special, show_progress=False)
    if isinstance(model, models.WordPiece):
        return trainers.WordPieceTrainer(vocab_size=1500, special_tokens=special, show_progress=False)
    return trainers.UnigramTrainer(vocab_size=1500, special_tokens=special, unk_token="<unk>", show_progress=False)


def build(texts, model, normalizer=None, pre_tokenizer=None, decoder=None, post_processor=None):
    tokenizer = Tokenizer(model)
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    if pre_tokenizer is not None:
        tokenizer.pre_tokenizer = pre_tokenizer
    if decoder is not None:
        tokenizer.decoder = decoder
    tokenizer.train_from_iterator(texts, trainer_for(model))
    if post_processor is not None:
        tokenizer.post_processor = post_processor
    return tokenizer


def template():
    return processors.TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 1), ("</s>", 2)])


def added_tokens():
    """One of each kind of flag, over a plain BPE with lower case."""
    return [
        AddedToken("<mask>", special=True, lstrip=True, rstrip=False, normalized=False),
        AddedToken("<extra>", single_word=True, normalized=False),
        AddedToken("The", normalized=True),
        AddedToken("theatre", normalized=True, rstrip=True),
        AddedToken("  ", normalized=False),
    ]


def splits():
    for behavior in SPLIT_BEHAVIORS:
        yield f"Split {behavior}", pre_tokenizers.Split(Regex("[aeiou]+| "), behavior)
        yield f"Split {behavior} inverted", pre_tokenizers.Split(Regex("[a-z]+"), behavior, invert=True)
        yield f"Split {behavior} text", pre_tokenizers.Split("a", behavior)
        yield f"Punctuation {behavior}", pre_tokenizers.Punctuation(behavior)


def pre_tokenizer_cases():
    p = pre_tokenizers
    yield from splits()
    yield "Whitespace", p.Whitespace()
    yield "WhitespaceSplit", p.WhitespaceSplit()
    yield "BertPreTokenizer", p.BertPreTokenizer()
    yield "CharDelimiterSplit", p.CharDelimiterSplit("e")
    for individual in (False, True):
        yield f"Digits {individual}", p.Digits(individual)
    for scheme in ("always", "first", "never"):
        for split in (False, True):
            yield f"Metaspace {scheme} {split}", p.Metaspace(prepend_scheme=scheme, split=split)
    for prefix in (False, True):
        yield f"ByteLevel {prefix}", p.ByteLevel(add_prefix_space=prefix)
    yield "punctuation, bytes, digits", p.Sequence(
        [p.Punctuation("contiguous"), p.ByteLevel(False), p.Digits(False), p.Split(Regex("[0-9][0-9][0-9]"), "isolated")])
    yield "nested sequence", p.Sequence([p.Sequence([p.WhitespaceSplit(), p.Digits(True)]), p.Punctuation()])


def normalizer_cases():
    n = normalizers
    for name in ("NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents"):
        yield name, getattr(n, name)()
    yield "Strip", n.Strip()
    yield "Strip left", n.Strip(right=False)
    yield "Prepend and Replace", n.Sequence([n.Prepend("\u2581"), n.Replace(" ", "\u2581")])
    yield "Replace regex", n.Replace(Regex(r"\s+"), "_")
    for lowercase in (False, True):
        yield f"BertNormalizer {lowercase}", n.BertNormalizer(lowercase=lowercase)
    yield "NFD, StripAccents", n.Sequence([n.NFD(), n.StripAccents(), n.Lowercase()])


def decoder_cases():
    d = decoders
    for scheme in ("always", "first", "never"):
        yield f"Metaspace {scheme}", d.Metaspace(prepend_scheme=scheme)
    yield "Replace, Fuse, Strip", d.Sequence([d.Replace("\u2581", " "), d.ByteFallback(), d.Fuse(), d.Strip(" ", 1, 0)])
    yield "WordPiece", d.WordPiece(prefix="a", cleanup=True)


def cases(texts):
    space_bytes = pre_tokenizers.ByteLevel(False)
    for name, pre_tokenizer in pre_tokenizer_cases():
        yield f"pre-tokenizer {name}", build(texts, bpe(), pre_tokenizer=pre_tokenizer)
    for name, normalizer in normalizer_cases():
        yield f"normalizer {name}", build(texts, bpe(), normalizer, pre_tokenizers.WhitespaceSplit())
    metaspace = pre_tokenizers.Metaspace()
    for fallback in (False, True):
        yield f"BPE, fallback {fallback}", build(texts, bpe(fallback), pre_tokenizer=metaspace)
        yield f"Unigram, fallback {fallback}", build(texts, models.Unigram(), pre_tokenizer=metaspace)
    for name, decoder in decoder_cases():
        yield f"decoder {name}", build(texts, bpe(), pre_tokenizer=metaspace, decoder=decoder)
    wordpiece = models.WordPiece(unk_token="<unk>", max_input_chars_per_word=50)
    yield "WordPiece", build(texts, wordpiece, normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer(),
                             decoders.WordPiece(), template())
    yield "template", build(texts, bpe(), None, space_bytes, decoders.ByteLevel(), template())
    yield "Roberta", build(texts, bpe(), None, space_bytes, decoders.ByteLevel(),
                           processors.RobertaProcessing(("</s>", 2), ("<s>", 1)))
    tokenizer = build(texts, bpe(), normalizers.Lowercase(), pre_tokenizers.WhitespaceSplit())
    tokenizer.add_tokens(added_tokens())
    yield "added tokens", tokenizer


def describe(answer, tokenizer, expected):
    if answer["ids"] != expected:
        return first_difference(answer["ids"], expected)
    return f"decodes to {answer['text'][:60]!r} and not {tokenizer.decode(expected, skip_special_tokens=False)[:60]!r}"


def check(count, name, tokenizer, texts):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "tokenizer.json"
        tokenizer.save(str(path))
        answers = ask(path, [{"text": text, "add_special": True} for text in texts])
    wrong = 0
    for text, answer in zip(texts, answers, strict=True):
        expected = tokenizer.encode(text).ids
        equal = answer["ids"] == expected
        if equal and tokenizer.decoder is not None:
            equal = answer["text"] == tokenizer.decode(expected, skip_special_tokens=False)
        wrong += not equal
        if equal or wrong <= 3:
            count.check(f"{name} {text[:50]!r}", equal, equal or describe(answer, tokenizer, expected))
        else:
            count.failed += 1
    print(f"{'FAIL' if wrong else 'ok  '} {name}: {len(texts)} texts" + (f", {wrong} differ" if wrong else ""))


def main():
    count = Count()
    real = [text for _, text in file_texts()]
    training = real[:: max(1, len(real) // TRAINING_PIECES)]
    texts = HAND_TEXTS + random_texts(3)[:600] + [text[:3000] for text in real[::10]]
    for name, tokenizer in cases(training):
        check(count, name, tokenizer, texts)
    print(f"{count.passed} passed, {count.failed} failed, {count.skipped} skipped")
    return 1 if count.failed else 0


if __name__ == "__main__":
    sys.exit(main())
