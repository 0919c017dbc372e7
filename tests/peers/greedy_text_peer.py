#!/usr/bin/env python3
# needs: numpy llama.cpp model
"""Quantizes the model to every mix, and checks that llama.cpp reads each file and continues a text as we do.

usage: build/peers/venv/bin/python tests/peers/greedy_text_peer.py
Our greedy tokens are fed to llama.cpp (cache in f32 on both sides). At every position llama.cpp's most likely token must
be ours, except in a near-tie: where its two best logits are closer than the largest difference between its logits and
ours at that position.
"""
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from llama_tools import ROOT, build_llama_logits, run

ADZE = os.environ.get("ADZE", str(ROOT / "build" / "release" / "adze"))
ADZE_LOGITS = Path(os.environ.get("ADZE_BUILD", ROOT / "build" / "release")) / "tests" / "adze_logits"
MIXES = ["F16", "Q8_0", "Q6_K", "Q5_K_M", "Q4_K_M", "Q4_K_S", "Q4_0"]
PROMPT = "The three most important inventions of the nineteenth century were"
NEW_TOKENS = 48


def adze_json(*arguments):
    done = subprocess.run([ADZE, *map(str, arguments), "--json"], check=True, text=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)


def our_tokens(model):
    """(tokens of prompt and continuation, length of the prompt)"""
    prompt = adze_json("tokenize", model, PROMPT)["ids"]
    continuation = adze_json("run", model, "-p", PROMPT, "-n", NEW_TOKENS, "--temp", "0")["tokens"]
    return prompt + continuation, len(prompt)


def logits_of_both(folder, model, tokens):
    token_file, theirs, ours = folder / "tokens.i32", folder / "theirs.f32", folder / "ours.f32"
    np.array(tokens, np.int32).tofile(token_file)
    run(build_llama_logits(), model, "-", len(tokens), 1, token_file, theirs)
    run(ADZE_LOGITS, model, token_file, len(tokens), ours, "auto")
    return [np.fromfile(path, np.float32).reshape(len(tokens), -1) for path in (theirs, ours)]


def first_disagreement(tokens, prompt_length, theirs, ours):
    """(position, gap, difference) of the first token that llama.cpp would not have taken, or None."""
    for position in range(prompt_length - 1, len(tokens) - 1):
        row = theirs[position]
        if int(row.argmax()) != tokens[position + 1]:
            best, second = np.sort(row)[-1:-3:-1]
            return position, float(best - second), float(np.abs(row - ours[position]).max())
    return None


def check_mix(folder, source, mix):
    target = folder / f"{mix}.gguf"
    if mix == "F16":
        target = source
    else:
        run(ADZE, "quantize", source, target, "--type", mix, "--no-card")
    tokens, prompt_length = our_tokens(target)
    found = first_disagreement(tokens, prompt_length, *logits_of_both(folder, target, tokens))
    good = found is None or found[1] < found[2]
    detail = "all tokens" if found is None else "token {}: gap {:.3g}, difference {:.3g}".format(
        found[0] - prompt_length + 2, *found[1:])
    print(f"{'ok  ' if good else 'FAIL'} {mix}: {detail}")
    return good


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = folder / "f16.gguf"
        run(ADZE, "convert", os.environ["ADZE_MODEL"], source, "--dtype", "f16")
        results = [check_mix(folder, source, mix) for mix in MIXES]
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed, 0 skipped")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
