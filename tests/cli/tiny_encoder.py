"""A small encoder with a tokenizer: a golden checkpoint and 64 tokens made up here."""
import json
import shutil

from program import ROOT

GOLDEN = ROOT / "tests" / "golden" / "encoders"
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def tokens():
    letters = [chr(ord("a") + i) for i in range(26)]
    return SPECIAL + letters + [f"##{letter}" for letter in letters] + [".", ",", "!", "cat", "dog", "the", "sea"]


def tokenizer():
    vocabulary = {token: number for number, token in enumerate(tokens())}
    added = [{"id": vocabulary[token], "content": token, "single_word": False, "lstrip": False, "rstrip": False,
              "normalized": False, "special": True} for token in SPECIAL]
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": added,
            "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True,
                           "strip_accents": None, "lowercase": True},
            "pre_tokenizer": {"type": "BertPreTokenizer"},
            "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]},
            "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
            "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                      "max_input_chars_per_word": 100, "vocab": vocabulary}}


def write_tiny_encoder(folder, kind="bert"):
    shutil.copytree(GOLDEN / kind, folder)
    (folder / "golden.json").unlink()
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer()))
    return folder
