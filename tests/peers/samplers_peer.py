#!/usr/bin/env python3
# needs: numpy llama.cpp
"""Compares what each sampler leaves of random logits with what llama.cpp's leaves.

usage: build/peers/venv/bin/python tests/peers/samplers_peer.py [time]      time: only what our chain costs for a token
The tokens that are left must be the same, their probabilities within 1e-5. llama.cpp adds up in float: a token whose
cumulated probability is that close to a limit may be there on one side only (and the case says so). XTC is made to act
always. top_n_sigma is never followed by typ_p: there llama.cpp's entropy is NaN, of forbidden logits. Mirostat and adaptive-p are compared before their draw, and after tokens that they have no choice about.
"""
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from llama_tools import LLAMA, ROOT, build_llama_samplers

TOOL = Path(os.environ.get("ADZE_BUILD", ROOT / "build" / "release")) / "tests" / "sampler_tool"
TOLERANCE = 1e-5
ALL = "penalties;dry;top_n_sigma;top_k;typ_p;top_p;min_p;xtc;temperature"
BREAKERS = r'''breaker=\n breaker=: breaker=" breaker=*'''

SINGLE = [
    *(f"samplers=top_k top_k={k}" for k in (1, 2, 40, 129, 300, 5000)),
    *(f"samplers=top_p top_p={p}" for p in (0.01, 0.5, 0.9, 0.95, 0.99)),
    *(f"samplers=min_p min_p={p}" for p in (0.001, 0.05, 0.3, 1)),
    *(f"samplers=typ_p typical_p={p}" for p in (0.05, 0.2, 0.5, 0.9, 0.99)),
    *(f"samplers=top_n_sigma top_n_sigma={n}" for n in (0.3, 1, 2, 3)),
    *(f"samplers=xtc xtc_probability=1 xtc_threshold={t}" for t in (0.001, 0.01, 0.1, 0.3, 0.5)),
    *(f"samplers=temperature temperature={t}" for t in (0, 0.1, 0.8, 1, 3)),
    *(f"samplers=temperature temperature={t} dynatemp_range={r} dynatemp_exponent={e}"
      for t, r, e in ((0.8, 0.5, 1), (0.8, 2, 1), (1.5, 1, 2.5), (1, 1, 0.3))),
    *(f"samplers={name} {name.replace('typ_p', 'typical_p')}=0.3 min_keep={n}"
      for name in ("top_p", "typ_p", "min_p") for n in (1, 7, 50)),
    "samplers=xtc xtc_probability=1 xtc_threshold=0.02 min_keep=3",
    "samplers=top_k;xtc top_k=5 xtc_probability=1 xtc_threshold=0.01 min_keep=4",
    *(f"mirostat={v} temperature={t} mirostat_tau={tau}" for v in (1, 2) for t in (0.8, 1) for tau in (0.5, 2, 5)),
    *(f"samplers=min_p;adaptive_p min_p=0.02 adaptive_target={t} adaptive_decay={d}"
      for t, d in ((0.1, 0.9), (0.5, 0), (0.8, 0.99), (-1, 0.9))),
]
ORDERS = [
    f"samplers={ALL} top_k=40 top_p=0.95 min_p=0.05 temperature=0.8",
    f"samplers={ALL} top_k=0 top_p=0.9 min_p=0.02 typical_p=0.95 temperature=1.3",
    f"samplers={ALL} top_k=0 top_p=0.9 min_p=0.02 top_n_sigma=2 temperature=1.3",
    "samplers=typ_p;top_n_sigma;min_p typical_p=0.95 top_n_sigma=2 min_p=0.02",
    f"samplers={ALL} top_k=100 top_p=0.99 min_p=0.001 xtc_probability=1 xtc_threshold=0.05 temperature=0.7 dynatemp_range=0.4",
    "samplers=temperature;min_p;top_k temperature=1.7 min_p=0.05 top_k=30",
    "samplers=temperature;typ_p;top_p temperature=0.6 typical_p=0.7 top_p=0.9",
    "samplers=xtc;top_n_sigma;top_k xtc_probability=1 xtc_threshold=0.03 top_n_sigma=1.5 top_k=20",
    "samplers=top_k;penalties;top_p top_k=60 repeat_penalty=1.4 presence_penalty=0.3 top_p=0.9",
    "samplers=min_p;dry;temperature min_p=0.005 dry_multiplier=0.8",
]
PENALTIES = [
    "samplers=penalties repeat_penalty=1.3",
    "samplers=penalties repeat_penalty=0.7 repeat_last_n=10",
    "samplers=penalties frequency_penalty=0.4 presence_penalty=-0.5 repeat_last_n=200",
    "samplers=penalties repeat_penalty=1.1 frequency_penalty=0.1 presence_penalty=0.2",
    "samplers=dry dry_multiplier=0.8",
    "samplers=dry dry_multiplier=0.8 dry_allowed_length=1 dry_penalty_last_n=20",
    "samplers=dry dry_multiplier=2 dry_base=1.2 dry_allowed_length=0 dry_penalty_last_n=400",
    f"samplers=dry dry_multiplier=0.8 dry_penalty_last_n=400 {BREAKERS}",
    "samplers=dry dry_multiplier=0.5 dry_penalty_last_n=400 breaker=and breaker=the breaker=ing",
    "samplers=temperature temperature=1 logit_bias=5:3.5,17:-inf,30:-2,9000000:1",
]


def random_logits(generator, size):
    """From flat to sharp, as models make them: most tokens far below a few."""
    logits = generator.normal(0, generator.uniform(0.5, 3), size)
    few = generator.choice(size, max(1, size // 50), replace=False)
    logits[few] += generator.uniform(0, 6, few.size)
    return logits.astype(np.float32)


def forced(size):
    """Of these only the first token is left; its surprise is 0."""
    logits = np.full(size, -100, np.float32)
    logits[0] = 100
    return logits


def repeating_text(generator, tokens):
    """Passages out of few tokens, some of which come again."""
    text = list(generator.choice(tokens, 30))
    while len(text) < 150:
        if generator.random() < 0.5:
            begin = generator.integers(0, len(text) - 4)
            text += text[begin:begin + generator.integers(2, 12)]
        else:
            text += list(generator.choice(tokens, generator.integers(1, 6)))
    return text


def make_cases(generator, vocabulary, breaker_ids):
    """(line, rows of logits)"""
    for line in SINGLE + ORDERS:
        for size in (1, 2, 30, 1500, 4000):
            yield f"size={size} rows=1 {line}", [random_logits(generator, size)]
    for line in PENALTIES + ORDERS:
        for size in (700, vocabulary):
            tokens = np.concatenate([generator.integers(0, min(size, 5000), 8), [i for i in breaker_ids if i < size]])
            text = ",".join(map(str, repeating_text(generator, tokens.astype(int))))
            yield f"size={size} rows=1 {line} history={text}", [random_logits(generator, size)]
    for line in SINGLE:
        if "mirostat" in line or "adaptive" in line:
            rows = [forced(900)] * 3 + [random_logits(generator, 900)]
            yield f"size=900 rows={len(rows)} {line} mirostat_eta=0.3".replace(
                "mirostat_eta=0.3", "mirostat_eta=0.3" if "mirostat=" in line else "").strip(), rows


def left_by(program, folder, vocabulary_file):
    done = subprocess.run([program, vocabulary_file, folder / "cases.txt", folder / "logits.f32"], check=True, text=True,
                          stdout=subprocess.PIPE)
    rows = []
    for line in done.stdout.split("\n")[:-1]:
        pairs = (pair.split(":") for pair in line.split())
        rows.append({int(token): float(probability) for token, probability in pairs})
    return rows


def compare(ours, theirs):
    """(what is wrong or None, largest difference, tokens on a limit)"""
    only = set(ours) ^ set(theirs)
    largest = max((abs(ours[t] - theirs[t]) for t in set(ours) & set(theirs)), default=0)
    if not ours or not theirs:
        return "nothing is left", largest, 0
    if only and not (len(only) == 1 and max({**ours, **theirs}[t] for t in only) < TOLERANCE):
        return f"{len(ours)} tokens are left, not {len(theirs)}: {sorted(only)[:8]} differ", largest, len(only)
    if largest > TOLERANCE:
        return f"probabilities differ by {largest:.3g}", largest, len(only)
    return None, largest, len(only)


def check_vocabulary(name, breaker_texts):
    vocabulary_file = LLAMA / "models" / f"ggml-vocab-{name}.gguf"
    generator = np.random.default_rng(20)
    tool = str(os.environ.get("ADZE", TOOL.parent.parent / "adze"))
    ids = [int(i) for text in breaker_texts for i in subprocess.run(
        [tool, "tokenize", vocabulary_file, "--ids", "--bare", text], check=True, text=True,
        stdout=subprocess.PIPE).stdout.split()]
    size = {"gpt-2": 50257, "llama-spm": 32000}[name]
    cases = list(make_cases(generator, size, ids))
    with tempfile.TemporaryDirectory() as folder_name:
        folder = Path(folder_name)
        (folder / "cases.txt").write_text("".join(line + "\n" for line, _ in cases))
        np.concatenate([row for _, rows in cases for row in rows]).tofile(folder / "logits.f32")
        theirs = left_by(build_llama_samplers(), folder, vocabulary_file)
        ours = left_by(TOOL, folder, vocabulary_file)
    return report(name, [line for line, rows in cases for _ in rows], ours, theirs)


def report(name, lines, ours, theirs):
    assert len(lines) == len(ours) == len(theirs), (len(lines), len(ours), len(theirs))
    failed, worst, on_limit = 0, 0.0, 0
    for line, own, other in zip(lines, ours, theirs):
        wrong, difference, limits = compare(own, other)
        worst, on_limit = max(worst, difference), on_limit + limits
        if wrong:
            failed += 1
            print(f"FAIL {name}: {line.split(' history')[0]}: {wrong}")
    print(f"{name}: {len(lines) - failed} of {len(lines)} agree, probabilities within {worst:.2g}, "
          f"{on_limit} tokens on a limit")
    return len(lines) - failed, failed


TIMED = {
    "default samplers": "top_k=40",
    "and a repeat penalty": "repeat_penalty=1.1",
    "top_k off": "top_k=0",
    "min_p alone": "top_k=0 top_p=1",
    "temperature alone": "top_k=0 top_p=1 min_p=0",
    "temperature 0": "temperature=0",
}


def print_times():
    generator = np.random.default_rng(1)
    history = ",".join(map(str, range(0, 448, 7)))
    for size in (49152, 151936):
        logits = generator.normal(0, 2, size)
        logits[generator.choice(size, 200, replace=False)] += generator.uniform(2, 14, 200)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "cases.txt").write_text("".join(f"size={size} {line} history={history}\n" for line in TIMED.values()))
            np.tile(logits.astype(np.float32), len(TIMED)).tofile(folder / "logits.f32")
            done = subprocess.run([TOOL, "time", LLAMA / "models" / "ggml-vocab-gpt-2.gguf", folder / "cases.txt",
                                   folder / "logits.f32"], check=True, text=True, stdout=subprocess.PIPE)
        for label, nanoseconds in zip(TIMED, done.stdout.split()):
            print(f"{size} logits, {label}: {float(nanoseconds) / 1e6:.3f} ms")


def main():
    if sys.argv[1:] == ["time"]:
        return print_times()
    results = [check_vocabulary("gpt-2", ["\n", ":", '"', "*", " and", " the", "ing", " living:"]),
               check_vocabulary("llama-spm", ["\n", ":", '"', "*", "and", "the", "ing"])]
    passed, failed = (sum(column) for column in zip(*results))
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
