#!/usr/bin/env python3
"""Makes the golden folders of the architectures: tiny random checkpoints and the logits that mlx-lm computes, or
for some the forward passes of golden_*.py.

usage: build/peers/venv/bin/python tools/make_golden.py [CASE...]
Writes tests/golden/architectures/<case>/ with config.json, model.safetensors and golden.json (tokens and logits).
Run it again only to change cases; the results are kept in the repository so that tests need no peer.
tools/golden_checkpoints.py has the cases.
"""
import json
import sys
from pathlib import Path

import mlx.core as mx
import mlx.nn as nn
import numpy as np
from mlx_lm.utils import load_model
from safetensors.numpy import save_file

import golden_falcon
import golden_gptoss
import golden_mamba2
from golden_checkpoints import CASES, TOKENS

OUT = Path(__file__).resolve().parent.parent / "tests" / "golden" / "architectures"
# What mlx-lm lacks, by the beginning of a case's name.
OWN_FORWARD = {"falcon": golden_falcon.logits_of, "gpt_oss_floats": golden_gptoss.logits_of,
               "mamba2_groups": golden_mamba2.logits_of}
EXACT, TANH = nn.gelu, nn.gelu_approx
# mlx-lm computes the other GELU for some architectures; what config.json asks for counts.
GELUS = {"gelu": EXACT, "gelu_new": TANH, "gelu_pytorch_tanh": TANH}


def use_gelu_of(config):
    act = next((config[key] for key in ("hidden_activation", "hidden_act", "activation_function") if key in config), "")
    nn.gelu = GELUS.get(act, EXACT)
    nn.gelu_approx = GELUS.get(act, TANH)


def logits_of(folder, config):
    use_gelu_of(config)
    model, _ = load_model(folder)
    mx.eval(model.parameters())
    return np.array(model(mx.array([TOKENS])).astype(mx.float32))[0]


def write_logits(folder, logits):
    rows = [[round(float(value), 6) for value in row] for row in logits]
    text = ",\n".join("  " + json.dumps(row) for row in rows)
    (folder / "golden.json").write_text(f'{{"tokens": {json.dumps(TOKENS)},\n "logits": [\n{text}\n ]}}\n')


def write_checkpoint(folder, case):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(case.config, indent=1) + "\n")
    save_file(case.weights(), folder / "model.safetensors", metadata={"format": "pt"})


def main():
    mx.set_default_device(mx.cpu)
    wanted = sys.argv[1:] or [name for name, case in CASES.items()]
    for name in wanted:
        folder = OUT / name
        write_checkpoint(folder, CASES[name])
        case = CASES[name]
        forward = next((forward for part, forward in OWN_FORWARD.items() if name.startswith(part)), None)
        write_logits(folder, forward(case.weights(), case.config, TOKENS) if forward
                     else logits_of(folder, case.config))
        print(f"wrote {name}")


if __name__ == "__main__":
    main()
