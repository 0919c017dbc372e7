#!/usr/bin/env python3
# needs: jsonschema referencing model
"""What a model writes for a JSON schema is parsed by Python and validated by jsonschema, and valid texts are never forbidden.

usage: build/peers/venv/bin/python tests/peers/structured_output_peer.py [--schemas N] [--seed N]
Schemas are drawn (random_schemas.py) or come from tests/cases/schemas. Half of the answers are the most likely ones, half are
sampled. Prints every difference and `N passed, N failed, N skipped`; exit status 1 if anything failed.
"""
import argparse
import json
import os
import pathlib
import random
import subprocess
import sys

import jsonschema

import random_schemas

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("ADZE_BUILD", ROOT / "build" / "release"))
CASES = ROOT / "tests" / "cases" / "schemas"
MAX_TOKENS = 150
LAYOUTS = [{}, {"separators": (",", ":")}, {"indent": 2}, {"indent": 4}]


def validator_of(schema):
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)


def valid_texts(schema, seed):
    """Values that the peer finds valid too, in several layouts."""
    validator = validator_of(schema)
    layout = random.Random(seed)
    for i in range(4):
        value = random_schemas.Values(schema, seed + i).value(schema)
        if validator.is_valid(value):
            yield json.dumps(value, ensure_ascii=False, **layout.choice(LAYOUTS))


def drawn_requests(count, seed):
    schemas = random_schemas.Schemas(seed)
    for i in range(count):
        schema = schemas.schema()
        yield f"drawn {i}", schema, list(valid_texts(schema, seed + 10 * i))


def written_requests():
    for path in sorted(CASES.glob("*.json")):
        case = json.loads(path.read_text(encoding="utf-8"))
        for value in case["valid"]:
            validator_of(case["schema"]).validate(value)
        yield path.stem, case["schema"], [json.dumps(value, ensure_ascii=False, **layout)
                                          for value, layout in zip(case["valid"], LAYOUTS * len(case["valid"]))]


def ask(requests):
    lines = [json.dumps({"schema": schema, "texts": texts, "prompt": "An example in JSON:\n", "max_tokens": MAX_TOKENS,
                         "temperature": 0 if i % 2 == 0 else 1.2}) for i, (_, schema, texts) in enumerate(requests)]
    result = subprocess.run([BUILD / "tests" / "structured_text", os.environ["ADZE_MODEL"]], input="\n".join(lines) + "\n",
                            capture_output=True, encoding="utf-8")
    if result.returncode != 0:
        sys.exit(result.stderr)
    return [json.loads(line) for line in result.stdout.split("\n")[:-1]]


def fault_of(schema, answer):
    """What is wrong with an answer, or None; 'unfinished' when it was cut off."""
    if "error" in answer:
        return answer["error"]
    if answer["rejected"]:
        return f"forbids valid texts: {answer['rejected']}"
    if answer["reason"] not in ("end_token", "complete"):
        return "unfinished"
    try:
        validator_of(schema).validate(json.loads(answer["text"]))
    except (ValueError, jsonschema.ValidationError) as error:
        return f"{answer['text']!r}: {str(error).splitlines()[0]}"
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--schemas", type=int, default=300)
    parser.add_argument("--seed", type=int, default=2024)
    options = parser.parse_args()
    requests = [*written_requests(), *drawn_requests(options.schemas, options.seed)]
    answers = ask(requests)
    if len(answers) != len(requests):
        sys.exit(f"asked for {len(requests)} answers, got {len(answers)}")
    failed = skipped = 0
    for (name, schema, _), answer in zip(requests, answers):
        fault = fault_of(schema, answer)
        if fault == "unfinished":
            skipped += 1
            print(f"skipped: {name} was not finished after {MAX_TOKENS} tokens")
        elif fault:
            failed += 1
            print(f"--- {name}: {fault}\n{json.dumps(schema, ensure_ascii=False)}")
    texts = sum(len(texts) for _, _, texts in requests)
    tokens = sum(answer.get("tokens", 0) for answer in answers)
    print(f"{tokens} tokens for {len(requests)} schemas, {texts} valid texts")
    print(f"{len(requests) - failed - skipped} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or skipped > len(requests) // 10 else 0


if __name__ == "__main__":
    sys.exit(main())
