#!/usr/bin/env python3
"""Fills in what jinja2 gives for every case in tests/cases/chat_templates/cases.json.

usage: build/peers/venv/bin/python tests/peers/make_chat_template_cases.py

To add a case, add a line {"template": "..."} to the file and run this: it becomes "expected", or "refused" when
jinja2 raises an exception. A case with "differs" says why Adze deviates there on purpose; it is left alone.
"""

import json
import pathlib

import transformers_jinja

CASES = pathlib.Path(__file__).resolve().parents[1] / "cases" / "chat_templates" / "cases.json"


def fill_in(case, context, renderer):
    if "differs" in case:
        return case
    text, error = renderer.render(case["template"], context)
    return {"template": case["template"], **({"refused": True} if error else {"expected": text})}


def main():
    document = json.loads(CASES.read_text(encoding="utf-8"))
    renderer = transformers_jinja.Renderer()
    cases = [fill_in(case, document["context"], renderer) for case in document["cases"]]
    lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases)
    context = json.dumps(document["context"], ensure_ascii=False)
    CASES.write_text(f'{{"context": {context},\n"cases": [\n{lines}\n]}}\n', encoding="utf-8")
    print(f"{len(cases)} cases, {sum('refused' in case for case in cases)} of them refused by jinja2")


if __name__ == "__main__":
    main()
