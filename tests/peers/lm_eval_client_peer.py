#!/usr/bin/env python3
# needs: lm_eval transformers numpy model
"""EleutherAI's evaluation harness runs a task of our own through /v1/completions of `adze serve`; its log likelihoods are those
of `adze_logits` on the same tokens, its accuracy what follows from them."""
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ.update(HF_DATASETS_OFFLINE="1", HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false", TRANSFORMERS_VERBOSITY="error")
import lm_eval  # noqa: E402
import numpy  # noqa: E402
import transformers  # noqa: E402

from served_model import ADZE, MODEL, ROOT, run  # noqa: E402

ADZE_LOGITS = Path(os.environ.get("ADZE_BUILD") or ROOT / "build" / "release") / "tests" / "adze_logits"
ITEMS = [
    ("The capital of France is", ["Paris", "a cold river", "seven"], 0),
    ("The capital of Japan is", ["Berlin", "Tokyo", "green"], 1),
    ("Water freezes at zero degrees", ["Celsius", "of Kevin", "miles"], 0),
    ("A week has seven", ["months", "days", "elephants"], 1),
    ("The opposite of hot is", ["warm", "table", "cold"], 2),
    ("Two plus two equals", ["four", "yellow", "nine hundred"], 0),
    ("Bees make", ["steel", "honey", "rain clouds"], 1),
    ("The sun rises in the", ["east", "fridge", "1950s"], 0),
    ("A baby cat is called a", ["puppy", "kitten", "lamp"], 1),
    ("Romeo and Juliet was written by William", ["Shakespeare", "the Conqueror", "Tell"], 0),
    ("The largest planet of the solar system is", ["Mercury", "a pancake", "Jupiter"], 2),
    ("You see with your", ["ears", "eyes", "shoes"], 1),
]


def task(folder):
    path = folder / "items.jsonl"
    path.write_text("".join(json.dumps({"question": q, "choices": c, "gold": g}) + "\n" for q, c, g in ITEMS))
    return {"task": "adze_small", "dataset_path": "json", "dataset_kwargs": {"data_files": {"test": str(path)}},
            "output_type": "multiple_choice", "test_split": "test", "doc_to_text": "{{question}}", "doc_to_choice": "{{choices}}",
            "doc_to_target": "gold", "metric_list": [{"metric": "acc"}]}


def write_tokenizer(folder):
    """The model's vocabulary as the harness loads it."""
    if MODEL.is_dir():
        return MODEL
    target = folder / "hf"
    subprocess.run([ADZE, "convert", MODEL, target, "--to", "hf", "--dtype", "bf16"], check=True, stdout=subprocess.DEVNULL)
    return target


def log_likelihoods(tokenizer, folder):
    """By adze_logits: (sum over the choice's tokens, whether each is the likeliest) by question and choice."""
    pairs = [(q, choice) for q, choices, _ in ITEMS for choice in choices]
    wholes = [tokenizer.encode(f"{q} {choice}", add_special_tokens=False) for q, choice in pairs]
    context = max(map(len, wholes))
    rows = numpy.zeros((len(wholes), context), numpy.int32)  # what comes behind changes nothing in front of it
    for row, whole in zip(rows, wholes):
        row[:len(whole)] = whole
    rows.tofile(folder / "tokens.i32")
    subprocess.run([ADZE_LOGITS, MODEL, folder / "tokens.i32", str(context), folder / "logits.f32", "auto"], check=True)
    logits = numpy.fromfile(folder / "logits.f32", numpy.float32).reshape(len(wholes), context, -1).astype(numpy.float64)
    found = {}
    for (q, choice), whole, values in zip(pairs, wholes, logits):
        begin = len(tokenizer.encode(q, add_special_tokens=False))
        scores = values - numpy.log(numpy.exp(values - values.max(-1, keepdims=True)).sum(-1, keepdims=True)) - values.max(-1, keepdims=True)
        places = range(begin - 1, len(whole) - 1)
        total = sum(scores[place, whole[place + 1]] for place in places)
        found[q, choice] = total, all(values[place].argmax() == whole[place + 1] for place in places)
    return found


def evaluate(port, tokenizer, item_task):
    given = {"base_url": f"http://127.0.0.1:{port}/v1/completions", "model": "any", "tokenizer": str(tokenizer),
             "tokenizer_backend": "huggingface", "num_concurrent": 1, "max_retries": 1}
    return lm_eval.simple_evaluate(model="local-completions", model_args=given, tasks=[item_task], batch_size=4, bootstrap_iters=0,
                                   log_samples=True)


def check(checks, server):
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        tokenizer = write_tokenizer(folder)
        results = evaluate(server.port, tokenizer, task(folder))
        expected = log_likelihoods(transformers.AutoTokenizer.from_pretrained(tokenizer), folder)
    right = 0
    for sample in results["samples"]["adze_small"]:
        question = sample["doc"]["question"]
        for choice, (found, is_greedy) in zip(sample["doc"]["choices"], sample["filtered_resps"]):
            likelihood, is_likeliest = expected[question, choice]
            checks.true(f"{question} {choice}", abs(float(found) - likelihood) < 1e-3, f"{found} instead of {likelihood}")
            checks.equal(f"{question} {choice}: likeliest", str(is_greedy), str(is_likeliest))
        right += max(sample["doc"]["choices"], key=lambda choice: expected[question, choice][0]) == sample["doc"]["choices"][sample["doc"]["gold"]]
    checks.equal("accuracy", round(results["results"]["adze_small"]["acc,none"] * len(ITEMS)), right)
    print(f"{right} of {len(ITEMS)} right", file=sys.stderr)


run(check, "--kv", "f32")
