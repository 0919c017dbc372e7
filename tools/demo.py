#!/usr/bin/env python3
"""The demo: gets a small chat model, quantizes it to several types, compares size, quality and speed in one table,
and lets the best one answer a question. Everything is done by the program adze; this script only calls it.

Exit status: adze's own, or 3 when the model is neither cached nor to be had.
"""
import argparse
import json
import shlex
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SHARED_TEXT = ROOT.parent / "shared" / "data" / "text" / "wikitext2_valid.txt"
OWN_PAGES = ["ARCHITECTURE.md", "CONTRIBUTING.md", "docs/dependencies.md"]
TYPES = ["Q8_0", "Q6_K", "Q5_K_M", "Q4_K_M", "Q4_0"]
QUESTION = "What is the capital of France, and what is it known for?"
CONTEXT, CHUNKS = 512, 4
PROMPT_TOKENS, GENERATED_TOKENS, ROUNDS = 128, 32, 3
# The best is the smallest that still finds the reference's most likely token this often.
LEAST_AGREEMENT = 0.95


class Adze:
    """The program, and what to do when one of its verbs fails."""

    def __init__(self, program):
        self.program = program

    def show(self, *arguments):
        """Runs a verb whose output the reader sees."""
        words = list(map(str, arguments))
        print(f"\n$ adze {shlex.join(words)}\n", flush=True)
        self.check(subprocess.run([self.program, *words], stdin=subprocess.DEVNULL, cwd=ROOT))

    def ask(self, *arguments):
        """The JSON report of a verb."""
        done = subprocess.run([self.program, *map(str, arguments), "--json"], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, text=True)
        self.check(done)
        return json.loads(done.stdout)

    def works(self, *arguments):
        """Whether a verb succeeds, without its messages."""
        done = subprocess.run([self.program, *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True)
        return done.returncode == 0

    def check(self, done):
        if done.returncode != 0:
            sys.exit(done.returncode)


def step(text):
    print(f"\n== {text}", flush=True)


def fetch_model():
    """(kind, path) of the model; ends with the fetcher's status when there is none."""
    done = subprocess.run([sys.executable, ROOT / "tools" / "fetch_demo_model.py"], stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(done.returncode)
    kind, path = done.stdout.strip().split("\t")
    return kind, Path(path)


def evaluation_text(folder):
    """(path, description) of the text that quality is measured on."""
    if SHARED_TEXT.is_file():
        return SHARED_TEXT, "WikiText-2"
    path = folder / "text.txt"
    path.write_text("\n".join((ROOT / page).read_text() for page in OWN_PAGES))
    return path, "this project's own pages"


def make_reference(adze, kind, model, folder):
    """(path, what it is) of the model in floating point that the others are made from and compared with."""
    if kind == "hf":
        return model, "original"
    for dtype in ("f16", "f32"):
        path = folder / f"reference-{dtype}.gguf"
        if path.is_file() or adze.works("convert", model, path, "--dtype", dtype, "--exact"):
            quantized = model.stem.rsplit(".", 1)[-1]
            print(f"expanded to {dtype.upper()}, every value unchanged: {path.relative_to(ROOT)}\n"
                  f"The reference is therefore the {quantized} model, not the original checkpoint.")
            return path, f"{quantized} as {dtype.upper()}"
    sys.exit(f"demo: {model} could not be expanded without changing values")


def measure(adze, name, path, reference, text):
    """One row of the table: size, quality against the reference, speed."""
    look = adze.ask("inspect", path)
    quality = ["eval", path, "--text", text, "--context", CONTEXT, "--chunks", CHUNKS]
    quality = adze.ask(*quality, *([] if path == reference else ["--ref", reference]))
    speed = adze.ask("bench", path, "-p", PROMPT_TOKENS, "-n", GENERATED_TOKENS, "-r", ROUNDS)
    return {**look, **quality, **speed, **speed["results"][0], "name": name, "path": path}


def number(value, digits):
    return "–" if value is None else f"{value:,.{digits}f}"


COLUMNS = [
    ("model", lambda row: row["name"]),
    ("size MB", lambda row: number(row["weight_bytes"] / 1e6, 1)),
    ("bits/weight", lambda row: number(row["bits_per_weight"], 2)),
    ("perplexity", lambda row: number(row["perplexity"], 3)),
    ("KL, nats", lambda row: number(row.get("mean_kl"), 5)),
    ("same top-1 %", lambda row: number(row.get("top_agreement") and 100 * row["top_agreement"], 2)),
    ("prompt t/s", lambda row: number(row["prompt_tokens_per_second"], 1)),
    ("generate t/s", lambda row: number(row["generated_tokens_per_second"], 1)),
    ("peak MB", lambda row: number(row["peak_memory_bytes"] / 1e6, 0)),
]


def cells_of(row):
    return [show(row) for _, show in COLUMNS]


def print_table(rows):
    lines = [[title for title, _ in COLUMNS]] + [cells_of(row) for row in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(COLUMNS))]
    for line in lines:
        print("  " + line[0].ljust(widths[0]) + "".join("  " + cell.rjust(w) for cell, w in zip(line[1:], widths[1:])))


def best_of(rows):
    """The smallest model that is still close to the reference, else the closest."""
    close = [row for row in rows if row["top_agreement"] >= LEAST_AGREEMENT]
    return min(close, key=lambda row: row["weight_bytes"]) if close else max(rows, key=lambda row: row["top_agreement"])


def compare(adze, reference, reference_name, text, folder, types):
    rows = [measure(adze, reference_name, reference, reference, text)]
    for name in types:
        path = folder / f"{name}.gguf"
        print(f"{name}: quantize, measure", flush=True)
        adze.ask("quantize", reference, path, "--type", name)
        rows.append(measure(adze, name, path, reference, text))
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=Path, default=ROOT / "build" / "release" / "adze")
    parser.add_argument("--types", nargs="+", default=TYPES)
    options = parser.parse_args()
    start = time.monotonic()
    adze = Adze(options.program)
    folder = ROOT / "build" / "demo"
    folder.mkdir(parents=True, exist_ok=True)
    step("a model")
    kind, model = fetch_model()
    adze.show("inspect", model)
    step("a reference in floating point")
    reference, reference_name = make_reference(adze, kind, model, folder)
    text, text_name = evaluation_text(folder)
    step("quantize to several types and measure each")
    rows = compare(adze, reference, reference_name, text, folder, options.types)
    best = best_of(rows[1:])
    step("comparison")
    print(f"Quality: {rows[1]['scored_tokens']} scored tokens of {text_name}; KL divergence and top-1 against the first row, "
          f"{reference_name}.\nSpeed: {rows[0]['threads']} threads, "
          f"a prompt of {PROMPT_TOKENS} and {GENERATED_TOKENS} generated tokens.\n")
    print_table(rows)
    print(f"\nBest: {best['name']}, the smallest with at least {LEAST_AGREEMENT:.0%} the same top-1.")
    step(f"a question to {best['name']}")
    adze.show("run", best["path"].relative_to(ROOT), "--chat", "-p", QUESTION, "--temp", 0, "-n", 80)
    print(f"\nThe demo took {time.monotonic() - start:.0f} s.")


if __name__ == "__main__":
    main()
