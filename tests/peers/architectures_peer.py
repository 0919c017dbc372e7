#!/usr/bin/env python3
# needs: gguf numpy transformers llama.cpp
"""Every golden checkpoint against llama.cpp: its converter's keys and tensors, and its logits of our GGUF file.

usage: build/peers/venv/bin/python tests/peers/architectures_peer.py [CASE...]
Keys and tensors must be equal but for those of EXPECTED, each with its reason; mean KL < 1e-4.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from gguf import GGUFReader

from compare_logits import compare
from hf_converter_peer import differing_keys, differing_tensors
from llama_tools import LLAMA, build_llama_logits

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("ADZE_BUILD", ROOT / "build" / "release"))
GOLDEN = ROOT / "tests" / "golden" / "architectures"
MAX_KL = 1e-4
MAX_KL_PACKED = 5e-3  # llama.cpp rounds what it multiplies packed weights with to 8 bits

# Keys by their end.
EXPECTED = {
    "GGUF.kv_count": "follows from the keys below",
    "general.file_type": "the converter forgets it for some architectures",
    "general.name": "from the folder's name, in which the converter looks for sizes",
    "general.basename": "as general.name",
    "general.size_label": "as general.name",
    "general.finetune": "as general.name",
    "general.version": "as general.name",
    "adze.stored_before": "a conversion back finds its types there",
    "tokenizer.ggml.add_bos_token": "as tokenizer.ggml.model",
    "tokenizer.ggml.model": "these checkpoints have no tokenizer; the converter is told to write none",
    ".attention.key_length": "transformers fills in head_dim; we write it only when config.json has it",
    ".attention.value_length": "as key_length",
    ".rope.scaling.type": "transformers fills in a default",
    ".rope.freq_base": "the converter leaves it out for some architectures, where llama.cpp reads it all the same",
    ".attention.sliding_window": "the converter leaves it out where llama.cpp does not have the window",
    ".tensor_data_layout": "the converter tells of what it did to Falcon's rows, and nobody asks",
    ".expert_choice": "the converter drops it",
    ".rope.scaling.yarn_truncate": "the converter drops it, and llama.cpp rounds",
    ".attention.scale": "the converter leaves it to the number of layers",
}
# Checkpoints that the converter fails at.
NOT_CONVERTED = {
    "stablelm_parallel": "it forgets the norms of heads that it has stacked",
    "mamba2": "it takes logarithms back with torch, which is not among the peers",
    "mamba2_groups": "as mamba2",
}
# And that llama.cpp runs otherwise.
NOT_RUN = {
    "deepseek_v2_lite": "llama.cpp looks for this form in models of 26, 27 or 48 layers alone",
    "deepseek_v2": "llama.cpp lets a group count by its two best experts, not by its best",
    "gpt_oss_floats": "llama.cpp rounds the range of YaRN whatever the file says",
    "gemma2_query_scalar": "llama.cpp scales by the width of a head unless there are 46 layers",
}


def run(*command, **options):
    result = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            **options)
    if result.returncode != 0:
        raise RuntimeError(f"{Path(str(command[0])).name} failed:\n{result.stdout[-1500:]}")


def with_tokens(source, folder):
    """A copy with as many tokens as rows of the embedding, which the converter counts for some architectures."""
    target = folder / source.name
    shutil.copytree(source, target)
    count = json.loads((source / "config.json").read_text())["vocab_size"]
    tokens = {"model": {"vocab": {str(number): number for number in range(count)}}, "added_tokens": []}
    (target / "tokenizer.json").write_text(json.dumps(tokens))
    return target


def is_packed(source):
    return "quantization_config" in json.loads((source / "config.json").read_text())


def converter_problems(source, ours, theirs):
    here = Path(__file__).parent
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(here / "torch_over_numpy"),
                                                                os.environ.get("PYTHONPATH", "")])}
    run(sys.executable, here / "convert_without_vocabulary.py", LLAMA, with_tokens(source, theirs.parent), theirs,
        env=environment)
    left, right = GGUFReader(ours), GGUFReader(theirs)
    problems = differing_tensors(left, right, any_order=is_packed(source))  # the converter repacks some first
    for key, (mine, other) in differing_keys(left, right).items():
        if not any(key.endswith(known) for known in EXPECTED):
            problems.append(f"{key}: {str(mine)[:100]} instead of {str(other)[:100]}")
    return problems


def logits_problems(ours, folder, golden, most):
    tokens, theirs, mine = folder / "tokens.i32", folder / "theirs.f32", folder / "ours.f32"
    np.array(golden["tokens"], np.int32).tofile(tokens)
    vocabulary, count = len(golden["logits"][0]), len(golden["tokens"])
    architecture = GGUFReader(ours).fields["general.architecture"].contents()
    run(build_llama_logits(), ours, "-", count, 1, tokens, theirs, f"{architecture}.vocab_size={vocabulary}")
    run(BUILD / "tests" / "adze_logits", ours, tokens, count, mine, "f32")
    figures = compare(theirs, mine, vocabulary)
    text = f"mean KL {figures['mean_kl']:.2g}, largest difference {figures['max_abs_difference']:.2g}"
    return text, [] if figures["mean_kl"] < most else [text]


def check(source, folder):
    ours = folder / "ours.gguf"
    packed = is_packed(source)
    run(BUILD / "tests" / "convert_tool", "convert", source, ours, "keep" if packed else "f32")
    problems = [] if source.name in NOT_CONVERTED else converter_problems(source, ours, folder / "theirs.gguf")
    if source.name in NOT_RUN:
        return NOT_RUN[source.name], problems
    golden = json.loads((source / "golden.json").read_text())
    if packed:
        problems += logits_problems(ours, folder, golden, MAX_KL_PACKED)[1]
        ours = folder / "floats.gguf"
        run(BUILD / "tests" / "convert_tool", "convert", source, ours, "f32")
    figures, different = logits_problems(ours, folder, golden, MAX_KL)
    return figures, problems + different


def main():
    cases = [GOLDEN / name for name in sys.argv[1:]] or sorted(GOLDEN.iterdir())
    failed = 0
    for source in cases:
        with tempfile.TemporaryDirectory(prefix="adze_architecture_") as name:
            try:
                figures, problems = check(source, Path(name))
            except RuntimeError as error:
                figures, problems = "", [str(error)]
        failed += bool(problems)
        print(f"{'FAIL' if problems else 'ok  '} {source.name}: {figures}", *problems, sep="\n     " if problems else "")
    print(f"{len(cases) - failed} passed, {failed} failed, 0 skipped")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
