#!/usr/bin/env python3
"""Makes the golden folders of encoders: tiny random checkpoints, and rows and scores that encoder_forward.py computes.

usage: build/peers/venv/bin/python tools/golden_encoders.py [CASE...]
Writes tests/golden/encoders/<case>/ with config.json, model.safetensors, golden.json and, for sentence-transformers'
folders, its modules. Run it again only to change cases; the results are kept in the repository.
"""
import json
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from encoder_forward import Checkpoint, hidden_rows, scores
from golden_checkpoints import TOKENS, Weights

OUT = Path(__file__).resolve().parent.parent / "tests" / "golden" / "encoders"
TYPES = [0] * 10 + [1] * (len(TOKENS) - 10)
BASE = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4, "vocab_size": 64,
        "max_position_embeddings": 40, "layer_norm_eps": 1e-12, "hidden_act": "gelu", "torch_dtype": "float32"}
BERT = {**BASE, "model_type": "bert", "type_vocab_size": 2, "pad_token_id": 0, "position_embedding_type": "absolute"}
XLM_R = {**BASE, "model_type": "xlm-roberta", "type_vocab_size": 1, "pad_token_id": 1, "layer_norm_eps": 1e-5,
         "position_embedding_type": "absolute"}
MPNET = {**BASE, "model_type": "mpnet", "pad_token_id": 1, "layer_norm_eps": 1e-5, "relative_attention_num_buckets": 32}


def fill(w, config, prefix, pooler, classifier, labels):
    hidden, inner, mpnet = config["hidden_size"], config["intermediate_size"], config["model_type"] == "mpnet"
    norm = "attention.LayerNorm" if mpnet else "attention.output.LayerNorm"
    parts = [f"attention.attn.{part}" for part in "qkvo"] if mpnet else [
        f"attention.self.{part}" for part in ("query", "key", "value")] + ["attention.output.dense"]
    w.matrix(f"{prefix}embeddings.word_embeddings", config["vocab_size"], hidden)
    positions = w.random.normal(0, 0.2, (config["max_position_embeddings"], hidden)).astype(np.float32)
    if config["model_type"] != "bert":
        positions[:config["pad_token_id"] + 1] = 0  # belong to no token
    w.tensors[f"{prefix}embeddings.position_embeddings.weight"] = positions
    if "type_vocab_size" in config:
        w.matrix(f"{prefix}embeddings.token_type_embeddings", config["type_vocab_size"], hidden)
    w.norm(f"{prefix}embeddings.LayerNorm", hidden, True)
    for layer in range(config["num_hidden_layers"]):
        at = f"{prefix}encoder.layer.{layer}"
        for part in parts:
            w.matrix(f"{at}.{part}", hidden, hidden, True)
        w.norm(f"{at}.{norm}", hidden, True)
        w.matrix(f"{at}.intermediate.dense", inner, hidden, True)
        w.matrix(f"{at}.output.dense", hidden, inner, True)
        w.norm(f"{at}.output.LayerNorm", hidden, True)
    if mpnet:
        w.matrix(f"{prefix}encoder.relative_attention_bias", config["relative_attention_num_buckets"],
                 config["num_attention_heads"])
    if pooler:
        w.matrix(f"{prefix}pooler.dense", hidden, hidden, True)
    if classifier == "one layer":
        w.matrix("classifier", labels, hidden, True)
    elif classifier == "two layers":
        w.matrix("classifier.dense", hidden, hidden, True)
        w.matrix("classifier.out_proj", labels, hidden, True)


class Case:
    def __init__(self, name, architecture, config, prefix="", pooler=False, classifier=None, labels=1, pooling=None):
        self.name, self.pooling, self.classifier = name, pooling, classifier
        self.config = {"architectures": [architecture], **config}
        if classifier and labels > 1:
            self.config["id2label"] = {str(i): f"label {i}" for i in range(labels)}
        self.weights = Weights(name)
        fill(self.weights, config, prefix, pooler, classifier, labels)


CASES = [
    Case("bert", "BertModel", BERT, pooling="mean"),
    Case("bert_cls_pooling", "BertModel", {**BERT, "num_attention_heads": 2}, pooling="cls"),
    Case("bert_reranker", "BertForSequenceClassification", BERT, "bert.", True, "one layer"),
    Case("bert_three_labels", "BertForSequenceClassification", BERT, "bert.", True, "one layer", 3),
    Case("xlm_roberta", "XLMRobertaModel", XLM_R, pooling="mean"),
    Case("xlm_roberta_reranker", "XLMRobertaForSequenceClassification", XLM_R, "roberta.", False, "two layers"),
    Case("mpnet", "MPNetModel", MPNET, pooling="mean"),
    Case("mpnet_reranker", "MPNetForSequenceClassification", MPNET, "mpnet.", False, "two layers"),
]


def rounded(rows):
    return [[round(float(value), 6) for value in row] for row in rows]


def write_modules(folder, pooling):
    types = ["Transformer", "Pooling"] + (["Normalize"] if pooling == "mean" else [])
    paths = ["", "1_Pooling", "2_Normalize"]
    modules = [{"idx": i, "name": str(i), "path": paths[i], "type": f"sentence_transformers.models.{name}"}
               for i, name in enumerate(types)]
    (folder / "modules.json").write_text(json.dumps(modules, indent=1) + "\n")
    (folder / "1_Pooling").mkdir(exist_ok=True)
    config = {"word_embedding_dimension": 32, "pooling_mode_cls_token": pooling == "cls",
              "pooling_mode_mean_tokens": pooling == "mean", "pooling_mode_max_tokens": False}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(config, indent=1) + "\n")


def write(case):
    folder = OUT / case.name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(case.config, indent=1) + "\n")
    save_file(case.weights.tensors, folder / "model.safetensors", metadata={"format": "pt"})
    if case.pooling:
        write_modules(folder, case.pooling)
    checkpoint = Checkpoint(case.config, case.weights.tensors)
    types = TYPES if case.config.get("type_vocab_size", 0) > 1 else [0] * len(TOKENS)
    rows = hidden_rows(checkpoint, TOKENS, types)
    golden = {"tokens": TOKENS, "types": types, "rows": rounded(rows)}
    if case.classifier:
        golden["scores"] = rounded([scores(checkpoint, rows)])[0]
    text = json.dumps(golden).replace("], [", "],\n  [")
    (folder / "golden.json").write_text(text + "\n")
    print(f"wrote {case.name}")


def main():
    for case in CASES:
        if not sys.argv[1:] or case.name in sys.argv[1:]:
            write(case)


if __name__ == "__main__":
    main()
