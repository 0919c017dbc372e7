#!/usr/bin/env python3
# needs: numpy openvino gguf exporters
"""Folders that Optimum-Intel exported, with NNCF's compressed weights or without, read back: the GGUF file and the folder of
Hugging Face that Adze makes of one compute what OpenVINO computes of it.

usage: build/peers/venv/bin/python tests/peers/optimum_intel_peer.py [CASE...]
"""
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np

from exported_decoders import GOLDEN, MAX_KL, Tally, adze, demo_model, divergence, golden_tokens, our_logits
from exporter_checkpoints import EXPORTERS, run_exporter, with_tokenizer
from openvino_peer import Runner

CASES = ["llama_plain", "qwen2", "qwen3", "gemma2"]
FORMS = {"fp32": ["--weight-format", "fp32"],
         "fp16": ["--weight-format", "fp16"],
         "int8": ["--weight-format", "int8"],
         "int4": ["--weight-format", "int4", "--sym", "--group-size", "64", "--ratio", "1.0"],
         "int4 with zero points": ["--weight-format", "int4", "--group-size", "64", "--ratio", "0.8"]}
FLOATS = ["--dtype", "f32"]


def check_read(tally, name, target, tokens, folder):
    theirs = Runner(target).at_once(tokens)
    for what in ["gguf", "hf"]:
        made = folder / f"made.{what}"
        adze("convert", target, made, "--to", what, *FLOATS)
        kl = divergence(theirs, our_logits(made, tokens, folder))
        tally.check(f"{name} to {what}", kl < MAX_KL, f"KL {kl:.3g}")
        shutil.rmtree(made) if made.is_dir() else made.unlink()


def check_form(tally, name, source, form, tokens, folder):
    target = folder / form.replace(" ", "_")
    problem = run_exporter(EXPORTERS / "optimum-cli", "export", "openvino", "-m", source, "--task", "text-generation-with-past",
                           *FORMS[form], target)
    if problem:
        return tally.skip(name, f"the exporter: {problem}")
    check_read(tally, f"{name} in {form}", target, tokens, folder)


def main():
    tally = Tally()
    for case in sys.argv[1:] or CASES:
        with tempfile.TemporaryDirectory() as name:
            check_form(tally, case, with_tokenizer(GOLDEN / case, Path(name)), "fp32", golden_tokens(GOLDEN / case), Path(name))
    for floats, folder in demo_model(tally) if not sys.argv[1:] else []:
        source = folder / "checkpoint"
        adze("convert", floats, source, "--to", "hf")
        tokens = np.random.default_rng(7).integers(50, 40000, 24).tolist()
        for form in FORMS:
            if form != "fp32":
                check_form(tally, "SmolLM2-135M", source, form, tokens, folder)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
