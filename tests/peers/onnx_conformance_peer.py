"""ONNX's own test cases of single operators and small graphs: as many as possible give the expected results.

Prints what does not pass with the reason, by operator.
"""
# needs: onnx-testdata
import collections
import os
import re
import subprocess
import sys
from pathlib import Path

CASES = Path("/usr/share/libonnx-testdata/data")
FOLDERS = ("node", "simple", "pytorch-converted", "pytorch-operator")
LEAST_SHARE = 0.95
BATCH = 100
# Random numbers have no expected results, training has no place here.
OUT_OF_SCOPE = re.compile(r"^test_(bernoulli|adagrad|adam|momentum|nesterov|training_dropout)")


def cases():
    for folder in FOLDERS:
        for model in sorted((CASES / folder).glob("*/model.onnx")):
            if not OUT_OF_SCOPE.match(model.parent.name):
                yield model.parent


def run(folders):
    tool = Path(os.environ["ADZE_BUILD"]) / "tests" / "onnx_tool"
    for start in range(0, len(folders), BATCH):
        batch = folders[start:start + BATCH]
        done = subprocess.run([tool, *batch], capture_output=True, text=True)
        lines = done.stdout.splitlines()
        yield from lines
        if len(lines) < len(batch):
            yield f"fail {batch[len(lines)].name}: the program ended with {done.returncode}"


def main():
    folders = list(cases())
    results = collections.defaultdict(list)
    for line in run(folders):
        results[line.split()[0]].append(line)
    for verdict in ("skip", "fail"):
        print("\n".join(results[verdict]))
    passed = len(results["pass"])
    print(f"{passed} of {len(folders)} pass, {len(results['skip'])} are refused, {len(results['fail'])} fail")
    return 0 if passed >= LEAST_SHARE * len(folders) else 1


if __name__ == "__main__":
    sys.exit(main())
