"""ONNX's own test cases of single operators and small graphs: as many as possible give the expected results.

Those of Debian's package (opsets up to 17) and those that the package `onnx` makes (up to 23). Prints what does not pass
with the reason.
"""
# needs: onnx-testdata onnx numpy
import os
import re
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper
from onnx.backend.test.case.node import collect_testcases

CASES = Path("/usr/share/libonnx-testdata/data")
FOLDERS = ("node", "simple", "pytorch-converted", "pytorch-operator")
NEWEST_OPSET = 23
LEAST_SHARE = 0.95
# What differs, by the beginning of a case's name.
KNOWN = {
    "test_cast_FLOAT_to_BFLOAT16": "the case cuts bits off, where the operator rounds to the nearest",
    "test_castlike_BFLOAT16_to_FLOAT": "its model states another shape than its data have",
    "test_castlike_FLOAT_to_BFLOAT16": "its model states another shape than its data have",
    "test_PReLU_": "slopes along an axis, of opset 6",
    "test_attention_3d_causal_bf16": "16-bit floats are rounded between the steps, here once",
    "test_attention_4d_causal_": "16-bit floats are rounded between the steps, here once",
    "test_attention_4d_attn_mask_causal_bf16": "16-bit floats are rounded between the steps, here once",
}
BATCH = 100
# Random numbers have no expected results, training has no place here.
OUT_OF_SCOPE = re.compile(r"^test_(bernoulli|adagrad|adam|momentum|nesterov|training_dropout)")


def stored_cases():
    for folder in FOLDERS:
        for model in sorted((CASES / folder).glob("*/model.onnx")):
            yield model.parent


def message_of(value, info):
    """The protobuf message of one input or output; None for one that is not given."""
    kind = info.type.WhichOneof("value")
    if value is None or isinstance(value, onnx.TensorProto):
        return value
    if kind == "sequence_type":
        return numpy_helper.from_list(value, info.name)
    if kind == "optional_type":
        return numpy_helper.from_optional(value, info.name)
    return numpy_helper.from_array(np.asarray(value), info.name)


def write_case(case, folder):
    data = folder / "test_data_set_0"
    data.mkdir(parents=True)
    onnx.save(case.model, folder / "model.onnx")
    inputs, outputs = case.data_sets[0]
    for kind, values, infos in (("input", inputs, case.model.graph.input), ("output", outputs, case.model.graph.output)):
        for number, (value, info) in enumerate(zip(values, infos)):
            message = message_of(value, info)
            if message is not None:
                (data / f"{kind}_{number}.pb").write_bytes(message.SerializeToString())


def made_cases(folder):
    warnings.simplefilter("ignore")
    for case in collect_testcases(None):
        if case.model and all(o.version <= NEWEST_OPSET for o in case.model.opset_import if o.domain == ""):
            write_case(case, folder / case.name)
            yield folder / case.name


def run(folders):
    tool = Path(os.environ["ADZE_BUILD"]) / "tests" / "onnx_tool"
    for start in range(0, len(folders), BATCH):
        batch = folders[start:start + BATCH]
        done = subprocess.run([tool, *batch], capture_output=True, text=True)
        lines = done.stdout.splitlines()
        yield from lines
        if len(lines) < len(batch):
            yield f"fail {batch[len(lines)].name}: the program ended with {done.returncode}"


def report(title, cases):
    """How many pass, differ and are left out; too few that pass are one that differs."""
    folders = [case for case in cases if not OUT_OF_SCOPE.match(case.name)]
    results = {"pass": [], "skip": [], "fail": []}
    for line in run(folders):
        results[line.split()[0]].append(line)
    passed, refused, differing = (len(results[kind]) for kind in ("pass", "skip", "fail"))
    known = [line for line in results["fail"] if line.split()[1].startswith(tuple(KNOWN))]
    for line in results["skip"] + known:
        print(f"skipped: {line}")
    print("\n".join(line for line in results["fail"] if line not in known))
    print(f"{title}: {passed} of {len(folders)} pass, {refused} are refused, {differing} differ")
    failed = differing - len(known) + (passed < LEAST_SHARE * len(folders))
    return passed, failed, refused + len(known)


def main():
    sums = [report("opsets up to 17", stored_cases())]
    with tempfile.TemporaryDirectory() as folder:
        sums.append(report("opsets up to 23", made_cases(Path(folder))))
    passed, failed, skipped = map(sum, zip(*sums))
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
