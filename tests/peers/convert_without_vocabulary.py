"""Runs llama.cpp's convert_hf_to_gguf.py on a folder without a tokenizer.

usage: convert_without_vocabulary.py LLAMA_CPP SOURCE TARGET
"""
import json
import sys
from pathlib import Path

llama, source, target = sys.argv[1:]
sys.path[:0] = [llama, str(Path(llama) / "gguf-py")]
sys.argv = ["convert_hf_to_gguf.py", "--no-lazy", "--outtype", "f32", "--outfile", target, source]

import convert_hf_to_gguf  # noqa: E402

find = convert_hf_to_gguf.get_model_class


def find_without_vocabulary(*arguments, **options):
    found = find(*arguments, **options)
    found.set_vocab = lambda self: self._set_vocab_none()
    return found


convert_hf_to_gguf.get_model_class = find_without_vocabulary

# Newer versions of transformers drop keys that some of the converter's classes read.
load = convert_hf_to_gguf.ModelBase.load_hparams


def load_all_keys(folder, *arguments, **options):
    return {**json.loads((Path(folder) / "config.json").read_text()), **load(folder, *arguments, **options)}


convert_hf_to_gguf.ModelBase.load_hparams = staticmethod(load_all_keys)
convert_hf_to_gguf.main()
