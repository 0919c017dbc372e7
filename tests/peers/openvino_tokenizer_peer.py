#!/usr/bin/env python3
# needs: numpy gguf tokenizers openvino openvino_genai shared
"""Tokenizers of --to openvino in OpenVINO GenAI: it gives the ids that we give, and makes the texts of ids that we make;
and it runs a folder with nothing else, and goes on with a text as we do.

usage: build/peers/venv/bin/python tests/peers/openvino_tokenizer_peer.py [NAME...]
What is expected to differ stands in DIFFERENT, with its reason; each such text is counted as skipped.
"""
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import unicodedata
from pathlib import Path

import numpy as np
import openvino_genai
from gguf import GGUFReader

import tokenizer_components_peer as components
from exported_decoders import GOLDEN, Tally, adze, our_logits
from tokenizers_peer import PEERS, SHARED, TOKENIZER_FILES, TOOL, VECTORS, VECTORS_WITHOUT_VOCABULARY, ask, file_texts, \
    first_difference, random_texts

CHECKPOINT = GOLDEN / "llama_plain"
# Of each row of Adze's table of GGUF pre-tokenizers, one; they are tried on the vocabulary of GPT-2.
PRE_TOKENIZERS = ["gpt-2", "trillion", "smollm", "starcoder", "llama-bpe", "dbrx", "glm4", "qwen2", "stablelm2", "qwen35",
                  "ufakzeka", "seed-coder", "jais-2", "minicpm5", "bailingmoe", "exaone-moe", "tekken", "gpt-4o",
                  "granite-embed-multi-97m", "tiny_aya", "kimi-k2", "superbpe", "deepseek-llm", "deepseek-coder",
                  "deepseek-v3", "spark2_5", "youtu", "laguna", "falcon", "default", "poro-chat", "bloom", "viking",
                  "chameleon"]
# These have no form: nothing is written, and a warning says why.
REFUSED = dict.fromkeys(["ggml-vocab-bert-bge", "component normalizer Lowercase", "component normalizer BertNormalizer True",
                         "component normalizer NFD, StripAccents", "component WordPiece"], "lower case")
REFUSED["component added tokens"] = "begin alike"
LONG_TEXTS = [" " * 50_000, "a" * 50_000, "\n" * 20_000, "ab " * 20_000, "1" * 20_000, "!?" * 10_000, "\u4e2d" * 10_000]
NEW_TOKENS = 64
PROMPT = "The three most important inventions of the nineteenth century were"
# f32 everywhere, as our tokens are computed.
EXACT = {"INFERENCE_PRECISION_HINT": "f32", "KV_CACHE_PRECISION": "f32", "DYNAMIC_QUANTIZATION_GROUP_SIZE": 0,
         "ATTENTION_BACKEND": "SDPA"}
NEAR_TIE = 1e-3


def export(tokenizer, folder, config=None):
    """A tiny model with a tokenizer.json, as a folder of --to openvino; with what was said."""
    source, target = folder / "source", folder / "openvino"
    for path in (source, target):
        shutil.rmtree(path, ignore_errors=True)
    shutil.copytree(CHECKPOINT, source)
    shutil.copy(tokenizer, source / "tokenizer.json")
    if config and config.is_file():
        shutil.copy(config, source / "tokenizer_config.json")
    done = adze("convert", source, target, "--to", "openvino")
    return target, done.stdout


def special_texts(path):
    """Texts around added tokens: alone, in words, repeated, with white space."""
    added = [token["content"] for token in json.loads(path.read_text()).get("added_tokens", [])]
    chosen = random.Random(5).sample(added, min(12, len(added)))
    for token in chosen:
        yield from (token, f"a{token}b", f" {token} ", f"{token}{token}\n{token}", f"x {token}\t y", token[:-1], f"{token[1:]} z")
    if chosen:
        yield "".join(chosen)
        yield " and ".join(chosen) + " end"


def texts_for(path, amount):
    real = [text[:3000] for _, text in file_texts()]
    return ["", *components.HAND_TEXTS, *special_texts(path), *random_texts(7)[:amount], *real[::max(1, len(real) // 40)]]


def steps_of(path):
    """The stages of a tokenizer.json as text, without its vocabulary."""
    tokenizer = json.loads(path.read_text())
    model = {key: value for key, value in tokenizer["model"].items() if key not in ("vocab", "merges")}
    steps = {key: json.dumps(value) for key, value in (tokenizer | {"model": model}).items() if key != "added_tokens"}
    pieces = tokenizer["model"]["vocab"] if model["type"] == "Unigram" else []
    return steps | {"scores": [score for _, score in pieces]}


def composes_otherwise(tokenizer, text, _ours, _theirs):
    return any(f'"{form}"' in tokenizer["normalizer"] for form in ("NFC", "NFD", "NFKC", "NFKD")) and \
        any(unicodedata.combining(c) for c in unicodedata.normalize("NFKD", text))


def is_as_likely(tokenizer, _text, ours, theirs):
    if '"Unigram"' not in tokenizer["model"] or not isinstance(ours, list):
        return False
    scores = tokenizer["scores"]
    return abs(sum(scores[i] for i in ours) - sum(scores[i] for i in theirs)) < 1e-3


def starts_otherwise(tokenizer, _text, ours, theirs):
    return ('"WordPiece"' in tokenizer["decoder"] or '"Metaspace"' in tokenizer["decoder"]) and isinstance(ours, str) and \
        (ours.endswith(theirs) or theirs.endswith(ours))


DIFFERENT = [
    (composes_otherwise, "forms of Unicode are tables of short sequences there, which do not order marks"),
    (is_as_likely, "of two ways to cut a text that are as likely, sums in float32 take another"),
    (starts_otherwise, "layers do not know which token was the first, so one that begins with a mark loses one space at most"),
]


def report(tally, name, path, texts, ours, theirs, what):
    wrong, known, steps = [], {}, steps_of(path)
    for text, own, other in zip(texts, ours, theirs, strict=True):
        if own == other:
            continue
        reason = next((reason for applies, reason in DIFFERENT if applies(steps, text, own, other)), None)
        if reason:
            known[reason] = known.get(reason, 0) + 1
        else:
            wrong.append((text, own, other))
    for reason, times in known.items():
        tally.skip(f"{name}, {what}: {times} texts", reason)
    detail = f"{len(texts)} texts"
    if wrong:
        text, own, other = wrong[0]
        shown = first_difference(other, own) if isinstance(own, list) else f"{other[:80]!r} is not {own[:80]!r}"
        detail = f"{len(wrong)} of {detail}, {text[:60]!r}: {shown}"
    tally.check(f"{name}, {what}", not wrong, detail)


def encode(tokenizer, text, special):
    return tokenizer.encode(text, add_special_tokens=special).input_ids.data[0].tolist()


def check_ids(tally, name, path, tokenizer, texts):
    for special in (True, False):
        ours = [answer["ids"] for answer in ask(path, [{"text": text, "add_special": special} for text in texts])]
        theirs = [encode(tokenizer, text, special) for text in texts]
        report(tally, name, path, texts, ours, theirs, "ids" if special else "ids without those around")
    return [ids for ids in ours if ids]


def check_texts(tally, name, path, tokenizer, sequences):
    for skip in (False, True):
        ours = [answer["text"] for answer in ask(path, [{"ids": ids, "skip_special": skip} for ids in sequences])]
        theirs = [tokenizer.decode(ids, skip_special_tokens=skip) for ids in sequences]
        report(tally, name, path, list(map(str, sequences)), ours, theirs, "decoded" + (" without special tokens" if skip else ""))


def check_batch(tally, name, tokenizer):
    """Shorter texts are filled up in front."""
    texts = ["a b c d e f", "a"]
    made = tokenizer.encode(texts)
    alone = [encode(tokenizer, text, True) for text in texts]
    rows = [[int(i) for i, seen in zip(row, mask) if seen] for row, mask in zip(made.input_ids.data, made.attention_mask.data)]
    ends = all(not ids or mask[-1] == 1 for ids, mask in zip(alone, made.attention_mask.data))
    tally.check(f"{name}, batch", rows == alone and ends, f"{rows}, {alone}")


def random_sequences(count, vocabulary):
    generator = random.Random(11)
    return [[generator.randrange(vocabulary) for _ in range(generator.randint(1, 24))] for _ in range(count)]


def vocabulary_size(tokenizer):
    vocabulary = tokenizer["model"]["vocab"]
    ids = range(len(vocabulary)) if isinstance(vocabulary, list) else vocabulary.values()
    return 1 + max([*ids, *(token["id"] for token in tokenizer["added_tokens"])])


def check_tokenizer(tally, name, path, folder, amount=600, long_texts=False):
    target, said = export(path, folder, path.parent / "tokenizer_config.json")
    written = (target / "openvino_tokenizer.xml").is_file() and (target / "openvino_detokenizer.xml").is_file()
    if name in REFUSED:
        good = not written and REFUSED[name] in said and "convert_tokenizer" in said
        return tally.check(f"{name} has no form", good, said.strip()[-200:])
    if not written:
        return tally.check(f"{name} is written", False, said.strip()[-300:])
    tokenizer = openvino_genai.Tokenizer(str(target))
    texts = texts_for(path, amount) + (LONG_TEXTS if long_texts else [])
    read = target / "tokenizer.json"
    sequences = check_ids(tally, name, read, tokenizer, texts)
    size = vocabulary_size(json.loads(read.read_text()))
    check_texts(tally, name, read, tokenizer, sequences[::3] + random_sequences(200, size))
    check_batch(tally, name, tokenizer)


def write_json(vocabulary, folder, pre=None):
    """A GGUF vocabulary as a tokenizer.json, with another pre-tokenizer."""
    if pre:
        changed = folder / f"{pre}.gguf"
        replace_pre_tokenizer(vocabulary, changed, pre)
        vocabulary = changed
    path = folder / "json" / "tokenizer.json"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(subprocess.run([TOOL, vocabulary, "write-json"], stdout=subprocess.PIPE, check=True).stdout)
    return path


def replace_pre_tokenizer(source, target, pre):
    """tokenizer.ggml.pre is a string in the file, with its length in front; everything behind it moves."""
    field = GGUFReader(source).fields["tokenizer.ggml.pre"]
    data = Path(source).read_bytes()
    begin = field.offset + sum(part.nbytes for part in field.parts[:-2])
    old = int(field.parts[-2][0])
    target.write_bytes(data[:begin] + len(pre).to_bytes(8, "little") + pre.encode() + data[begin + 8 + old:])


def files_of_models():
    yield "gpt2", SHARED / "data/tokenizers/gpt2/tokenizer.json"
    yield "tinystories", SHARED / "data/lm/tinystories-656k/tokenizer.json"
    for name, place in (VECTORS_WITHOUT_VOCABULARY | TOKENIZER_FILES).items():
        yield name, PEERS / place


def check_files(tally, folder, chosen):
    for name, path in files_of_models():
        if chosen(name) and path.is_file():
            check_tokenizer(tally, name, path, folder, long_texts=True)
        elif chosen(name):
            tally.skip(name, "its tokenizer.json is not installed")


def check_vocabularies(tally, folder, chosen):
    for vocabulary in sorted(VECTORS.glob("*.gguf")):
        if chosen(vocabulary.stem):
            check_tokenizer(tally, vocabulary.stem, write_json(vocabulary, folder), folder)
    for pre in PRE_TOKENIZERS:
        if chosen(f"pre {pre}"):
            path = write_json(VECTORS / "ggml-vocab-gpt-2.gguf", folder, pre)
            check_tokenizer(tally, f"pre {pre}", path, folder, 300)


def cases(training):
    yield from components.cases(training)
    tokenizer = components.build(training, components.bpe(), components.normalizers.Replace("q", "kw"),
                                 components.pre_tokenizers.WhitespaceSplit())
    tokenizer.add_tokens(components.added_tokens() + ["quick", "<|q|>"])
    yield "added tokens of every kind", tokenizer


def odd_vocabulary(tokenizer):
    """With ids that nobody has, merges of no tokens and repeated ones, and added tokens that words are, too."""
    odd = json.loads(tokenizer.to_str())
    vocabulary = odd["model"]["vocab"]
    odd["model"]["vocab"] = {text: id if id < 300 else id + 57 for text, id in vocabulary.items()}
    odd["model"]["merges"] += [["q", "absent"], ["absent", "q"], ["<s>", "</s>"], *odd["model"]["merges"][:40]]
    words = [text for text, id in odd["model"]["vocab"].items() if id > 400 and text.isalpha()][:3]
    for text in words:
        odd["added_tokens"].append({"id": odd["model"]["vocab"][text], "content": text, "single_word": False, "lstrip": False,
                                    "rstrip": False, "normalized": True, "special": False})
    return json.dumps(odd)


def check_odd_vocabularies(tally, folder, chosen, training):
    bytes_only = components.pre_tokenizers.ByteLevel(False)
    for name, tokenizer in [("odd bytes", components.build(training, components.bpe(), None, bytes_only,
                                                           components.decoders.ByteLevel())),
                            ("odd characters", components.build(training, components.bpe(), None,
                                                                components.pre_tokenizers.Metaspace()))]:
        if chosen(name):
            path = folder / "odd" / "tokenizer.json"
            path.parent.mkdir(exist_ok=True)
            path.write_text(odd_vocabulary(tokenizer))
            check_tokenizer(tally, name, path, folder, 200)


def check_components(tally, folder, chosen):
    real = [text for _, text in file_texts()]
    training = real[:: max(1, len(real) // components.TRAINING_PIECES)]
    check_odd_vocabularies(tally, folder, chosen, training)
    for name, tokenizer in cases(training):
        if not chosen(f"component {name}"):
            continue
        path = folder / "component" / "tokenizer.json"
        path.parent.mkdir(exist_ok=True)
        tokenizer.save(str(path))
        check_tokenizer(tally, f"component {name}", path, folder, 200, long_texts=True)


def our_continuation(model):
    """(ids of the prompt, those that we go on with)"""
    prompt = json.loads(adze("tokenize", model, PROMPT, "--json").stdout)["ids"]
    made = adze("run", model, "-p", PROMPT, "-n", NEW_TOKENS, "--temp", "0", "--activation", "f32", "--json")
    return prompt, json.loads(made.stdout[made.stdout.index("{"):])["tokens"]


def gap_of_best(model, tokens, folder):
    """How far our two best logits behind these tokens are apart."""
    best, second = np.sort(our_logits(model, tokens, folder)[-1])[-1:-3:-1]
    return float(best - second)


def check_generation(tally, model, folder):
    target = folder / "generating"
    adze("convert", model, target, "--to", "openvino")
    pipeline = openvino_genai.LLMPipeline(str(target), "CPU", **EXACT)
    config = openvino_genai.GenerationConfig(max_new_tokens=NEW_TOKENS, do_sample=False, ignore_eos=True)
    theirs = list(pipeline.generate(pipeline.get_tokenizer().encode(PROMPT), config).tokens[0])
    prompt, ours = our_continuation(model)
    other = next((i for i, (a, b) in enumerate(zip(ours, theirs, strict=True)) if a != b), None)
    gap = 0 if other is None else gap_of_best(model, prompt + ours[:other], folder)
    detail = f"{NEW_TOKENS} tokens" if other is None else f"token {other}: gap {gap:.3g}"
    tally.check("LLMPipeline goes on as we do", gap < NEAR_TIE, detail)
    said = pipeline.get_tokenizer().apply_chat_template([{"role": "user", "content": "Hi"}], add_generation_prompt=True)
    tally.check("LLMPipeline has the chat template", "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant" in said, repr(said))


def main():
    tally = Tally()
    chosen = (lambda name: name in sys.argv[1:]) if sys.argv[1:] else (lambda name: True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        check_files(tally, folder, chosen)
        check_vocabularies(tally, folder, chosen)
        check_components(tally, folder, chosen)
        model = os.environ.get("ADZE_MODEL", "")
        if chosen("generation") and Path(model).is_file():
            check_generation(tally, model, folder)
        elif chosen("generation"):
            tally.skip("generation", "the model is not in the cache")
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
