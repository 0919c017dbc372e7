#!/usr/bin/env python3
# needs: jinja2 shared
"""Renders chat templates and small cases with jinja2 as transformers sets it up and with Adze: the texts must be equal.

usage: build/peers/venv/bin/python tests/peers/chat_templates_peer.py
A template that jinja2 refuses must be refused by Adze too. Prints every difference and
`N passed, N failed, N skipped`; exit status 1 if anything failed.
"""
import json
import os
import pathlib
import subprocess
import sys

import chat_conversations
import transformers_jinja

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("ADZE_BUILD", ROOT / "build" / "release"))
SHARED = pathlib.Path(os.environ.get("ADZE_SHARED", ROOT.parent / "shared"))
CASES = ROOT / "tests" / "cases" / "chat_templates" / "cases.json"


def template_jobs(folder):
    for path in sorted(pathlib.Path(folder).glob("*.jinja")):
        source = path.read_text(encoding="utf-8")
        for name, context in chat_conversations.conversations():
            yield path.stem, name, source, context


def case_jobs():
    document = json.loads(CASES.read_text(encoding="utf-8"))
    for case in document["cases"]:
        if "differs" not in case:
            yield "cases", case["template"], case["template"], document["context"]


def render_all(jobs):
    tool = BUILD / "tests" / "chat_template_tool"
    lines = [json.dumps({"source": source, "name": group, "context": context}) for group, _, source, context in jobs]
    environment = {**os.environ, "TZ": "UTC", "ADZE_FIXED_TIME": str(transformers_jinja.FIXED_TIME_SECONDS)}
    result = subprocess.run(
        [tool], input="\n".join(lines), capture_output=True, encoding="utf-8", env=environment, check=True
    )
    return [json.loads(line) for line in result.stdout.split("\n")[:-1]]


def report_difference(group, name, expected, error, answer):
    print(f"--- {group}: {name}")
    print(f"jinja2: {error if expected is None else repr(expected)}")
    print(f"adze:   {answer.get('error') if 'error' in answer else repr(answer['ok'])}")


def main():
    jobs = [*template_jobs(SHARED / "data" / "chat_templates"), *case_jobs()]
    answers = render_all(jobs)
    if len(answers) != len(jobs):
        sys.exit(f"asked for {len(jobs)} renderings, got {len(answers)}")
    peer = transformers_jinja.Renderer()
    failed = rendered = 0
    for (group, name, source, context), answer in zip(jobs, answers):
        expected, error = peer.render(source, context)
        rendered += expected is not None
        if answer.get("ok") != expected:
            failed += 1
            report_difference(group, name, expected, error, answer)
    print(f"{rendered} rendered by jinja2, {len(jobs) - rendered} refused by it")
    print(f"{len(jobs) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
