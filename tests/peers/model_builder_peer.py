#!/usr/bin/env python3
# needs: numpy onnx onnxruntime gguf exporters
"""Folders that ONNX Runtime GenAI's own model builder wrote, read back: the GGUF file that Adze makes of one computes what
onnxruntime computes of the folder, and so does a folder of Hugging Face; what its graph does not show is asked for.

usage: build/peers/venv/bin/python tests/peers/model_builder_peer.py [CASE...]
"""
import json
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
from onnxruntime.capi.onnxruntime_pybind11_state import Fail

from exported_decoders import GOLDEN, MAX_KL, Tally, adze, demo_model, divergence, golden_tokens, our_logits
from exporter_checkpoints import EXPORTERS, run_exporter, with_tokenizer
from onnx_sessions import logits_at_once, open_session

# Whose settings the graph shows, and whose it does not.
CASES = {"llama_plain": True, "llama_biases": True, "qwen2": True, "qwen3": True, "gemma": True,
         "gemma2": False, "granite": False}
EXPORTER_TOKENIZER = Path(__file__).with_name("exporter_tokenizer.json")
# Activations stay in float32, but for those of fp16.
FORMS = {"fp32": ["-p", "fp32"],
         "fp16": ["-p", "fp16"],
         "int4": ["-p", "int4", "--extra_options", "accuracy_level=1"],
         "int4 with zero points": ["-p", "int4", "--extra_options", "accuracy_level=1", "is_symmetric=false"],
         "int4 in k_quant": ["-p", "int4", "--extra_options", "accuracy_level=1", "algo_config=k_quant"]}


# What activations in float16 alone may cost; the weights, which were in float16, are the same.
MAX_KL_OF = {"fp16": 1e-3}


def built(source, form, folder):
    target = folder / form.replace(" ", "_")
    problem = run_exporter(EXPORTERS / "python", "-m", "onnxruntime_genai.models.builder", "-i", source, "-o", target, "-e", "cpu",
                           "-c", folder / "cache", *FORMS[form])
    return (None, problem) if problem else (target, "")


def logits_of(target, source, tokens, folder):
    """onnxruntime's of the folder; for the small checkpoints of floats, ours of what it was made of: onnxruntime computes
    something else of their folders."""
    if (source / "tokenizer.json").read_text() == EXPORTER_TOKENIZER.read_text():
        return our_logits(source, tokens, folder)
    decoder = json.loads((target / "genai_config.json").read_text())["model"]["decoder"]
    return logits_at_once(open_session(target), tokens, (decoder["num_key_value_heads"], decoder["head_size"]))


def check_read(tally, name, target, source, tokens, folder, most):
    try:
        theirs = logits_of(target, source, tokens, folder)
    except Fail as problem:
        return tally.skip(name, f"onnxruntime does not load what the builder wrote: {str(problem).splitlines()[0][:160]}")
    for what, words in [("gguf", []), ("hf", ["--dtype", "f32"])]:
        made = folder / f"made.{what}"
        adze("convert", target, made, "--to", what, *words)
        kl = divergence(theirs, our_logits(made, tokens, folder))
        tally.check(f"{name} to {what}", kl < most, f"KL {kl:.3g}")
        shutil.rmtree(made) if made.is_dir() else made.unlink()


def check_same(tally, name, target, source, tokens, folder):
    """Float16 holds what the checkpoint held: the folder of Hugging Face that is made again computes the same."""
    made = folder / "made.hf"
    adze("convert", target, made, "--to", "hf", "--dtype", "f32")
    kl = divergence(our_logits(source, tokens, folder), our_logits(made, tokens, folder))
    tally.check(f"{name} as its checkpoint", kl < 1e-9, f"KL {kl:.3g}")
    shutil.rmtree(made)


def check_case(tally, name, source, form, shows_all, tokens, folder):
    target, problem = built(source, form, folder)
    if target is None:
        return tally.skip(name, f"the builder: {problem}")
    if not shows_all:
        done = adze("convert", target, folder / "refused.gguf", check=False)
        tally.check(f"{name} without config.json", done.returncode != 0 and "put the config.json" in done.stdout,
                    done.stdout.strip()[-120:])
        shutil.copy(source / "config.json", target)
    check_read(tally, name, target, source, tokens, folder, MAX_KL_OF.get(form, MAX_KL))
    if form == "fp16":
        check_same(tally, name, target, source, tokens, folder)


def main():
    tally = Tally()
    for case in sys.argv[1:] or CASES:
        with tempfile.TemporaryDirectory() as name:
            source = with_tokenizer(GOLDEN / case, Path(name))
            for form in ["fp32"]:
                check_case(tally, f"{case} in {form}", source, form, CASES[case], golden_tokens(GOLDEN / case), Path(name))
    for floats, folder in demo_model(tally) if not sys.argv[1:] else []:
        source = folder / "checkpoint"
        adze("convert", floats, source, "--to", "hf")
        tokens = np.random.default_rng(7).integers(50, 40000, 24).tolist()
        for form in FORMS:
            check_case(tally, f"SmolLM2-135M in {form}", source, form, True, tokens, folder)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
