#!/usr/bin/env python3
# needs: numpy onnxruntime_genai gguf
"""Folders of --to ort-genai in ONNX Runtime GenAI itself: it opens them, reads the tokenizer as we do, and continues
texts greedily with the tokens that we would take, except in a near-tie of our logits.

usage: build/peers/venv/bin/python tests/peers/ort_genai_peer.py [CASE...]
"""
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime_genai as og

from exported_decoders import REFUSED, Tally, adze, demo_model, golden_cases, golden_tokens, our_logits

NEAR_TIE = 1e-3  # between logits of two programs that add in another order
PROMPT = "The three most important inventions of the nineteenth century were"
NEW_TOKENS = 32
MIXES = ["Q4_0", "Q8_0", "Q4_K_M"]
NOT_RUN = {"llama_untied_wide_heads": "its heads are not a multiple of 8 wide"}


def continued(folder, tokens, count):
    """The tokens with those that GenAI puts behind them."""
    model = og.Model(str(folder))
    parameters = og.GeneratorParams(model)
    parameters.set_search_options(max_length=len(tokens) + count, do_sample=False)
    generator = og.Generator(model, parameters)
    generator.append_tokens(np.array(tokens, np.int32))
    while not generator.is_done():
        generator.generate_next_token()
    return [int(token) for token in generator.get_sequence(0)]


def check_greedy(tally, name, source, sequence, prompt_length, folder):
    """Every token must be our most likely one."""
    logits = our_logits(source, sequence, folder)
    for position in range(prompt_length - 1, len(sequence) - 1):
        row = logits[position]
        gap = float(row.max() - row[sequence[position + 1]])
        if gap > NEAR_TIE:
            return tally.check(name, False, f"token {position + 2 - prompt_length}: our best is better by {gap:.3g}")
    return tally.check(name, len(sequence) > prompt_length, f"{len(sequence) - prompt_length} tokens")


def check_golden(tally, source, folder):
    if source.name in NOT_RUN:
        return tally.skip(source.name, NOT_RUN[source.name])
    target = folder / "genai"
    adze("convert", source, target, "--to", "ort-genai")
    tokens = golden_tokens(source)
    return check_greedy(tally, source.name, source, continued(target, tokens, 16), len(tokens), folder)


def check_mix(tally, model, mix, folder):
    source, target = folder / f"{mix}.gguf", folder / f"{mix}-genai"
    adze("quantize", model, source, "--type", mix, "--no-card")
    adze("convert", source, target, "--to", "ort-genai", "--require", "exact")
    tokenizer = og.Tokenizer(og.Model(str(target)))
    theirs = [int(token) for token in tokenizer.encode(PROMPT)]
    ours = json.loads(adze("tokenize", source, PROMPT, "--json").stdout)["ids"]
    tally.check(f"{mix}: token ids", theirs == ours, f"{len(ours)} tokens")
    sequence = continued(target, ours, NEW_TOKENS)
    check_greedy(tally, f"{mix}: greedy text", source, sequence, len(ours), folder)
    text = adze("tokenize", source, "--decode", " ".join(map(str, sequence))).stdout.rstrip("\n")
    decoded = tokenizer.decode(np.array(sequence, np.int32))
    tally.check(f"{mix}: decoded text", decoded.rstrip("\n") == text, repr(text[-48:]))


def main():
    tally = Tally()
    for source in golden_cases(sys.argv[1:]):
        if source.name not in REFUSED:
            with tempfile.TemporaryDirectory() as name:
                check_golden(tally, source, Path(name))
    for floats, folder in demo_model(tally) if not sys.argv[1:] else []:
        for mix in MIXES:
            check_mix(tally, floats, mix, folder)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
