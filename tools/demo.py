#!/usr/bin/env python3
"""The demo: gets a small chat model, lets `adze optimize` find and write the best that it can become at the size of a
usual 4-bit file, and asks the result a question. Everything is done by the program adze; this script only calls it.

Exit status: adze's own, or 3 when the model is neither cached nor to be had.
"""
import argparse
import shlex
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SHARED_TEXT = ROOT.parent / "shared" / "data" / "text" / "wikitext2_valid.txt"
JUDGING_PAGES = ["ARCHITECTURE.md", "CONTRIBUTING.md", "docs/dependencies.md"]
CALIBRATION_PAGES = ["README.md", "docs/quantization.md", "docs/performance.md", "docs/tokenizers.md"]
ASK = ["run", "--chat", "-p", "What is the capital of France, and what is it known for?", "--temp", 0, "-n", 80]
CONTEXT, CHUNKS = 512, 4


class Adze:
    """The program, and what to do when one of its verbs fails."""

    def __init__(self, program):
        self.program = program

    def show(self, *arguments):
        """Runs a verb whose output the reader sees."""
        words = list(map(str, arguments))
        print(f"\n$ adze {shlex.join(words)}\n", flush=True)
        self.check(subprocess.run([self.program, *words], stdin=subprocess.DEVNULL, cwd=ROOT))

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


def written_together(pages, path):
    path.write_text("\n".join((ROOT / page).read_text() for page in pages))
    return path


def texts(folder):
    """(text to judge on, what it is, text to calibrate on): never the same."""
    calibration = written_together(CALIBRATION_PAGES, folder / "calibration.txt")
    if SHARED_TEXT.is_file():
        return SHARED_TEXT, "WikiText-2", calibration
    return written_together(JUDGING_PAGES, folder / "text.txt"), "this project's own pages", calibration


def make_reference(adze, kind, model, folder):
    """(path, what it is) of the model in floating point that the others are made from and compared with."""
    if kind == "hf":
        return model, "original"
    for dtype in ("f16", "f32"):
        path = folder / f"reference-{dtype}.gguf"
        if path.is_file() or adze.works("convert", model, path, "--dtype", dtype, "--exact"):
            quantized = model.stem.rsplit(".", 1)[-1]
            print(f"expanded to {dtype.upper()}, every value unchanged: {shown(path)}\n"
                  f"The reference is therefore the {quantized} model, not the original checkpoint.")
            return path, f"{quantized} as {dtype.upper()}"
    sys.exit(f"demo: {model} could not be expanded without changing values")


def shown(path):
    """A path as a reader would type it in the project's folder."""
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path


def main(words=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=Path, default=ROOT / "build" / "release" / "adze")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "demo", help="for everything that is made")
    options = parser.parse_args(words)
    start = time.monotonic()
    adze = Adze(options.program)
    folder = options.folder
    folder.mkdir(parents=True, exist_ok=True)
    step("a model")
    kind, model = fetch_model()
    adze.show("inspect", model)
    step("a reference in floating point")
    reference, reference_name = make_reference(adze, kind, model, folder)
    text, text_name, calibration = texts(folder)
    best = folder / "best.gguf"
    step("the best that it can become at the size of a usual 4-bit file")
    print(f"Quality is measured on {text_name}, against {reference_name}; values are fitted to activations on other text.")
    adze.show("optimize", shown(reference), shown(best), "--text", text, "--calibration",
              shown(calibration), "--chunks", CHUNKS, "--chunk-tokens", CONTEXT)
    step("a question to it")
    adze.show(ASK[0], shown(best), *ASK[1:])
    print(f"\nThe demo took {time.monotonic() - start:.0f} s.")


if __name__ == "__main__":
    main()
