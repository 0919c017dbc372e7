"""ONNX's own test cases as OpenVINO's IR: what Adze writes, OpenVINO loads and computes as the case expects, and so does
ONNX Runtime with what Adze makes of that IR again. What has no form in IR is refused, with the reason; nothing differs unsaid.

Those of Debian's package (opsets up to 17) and those that the package `onnx` makes (up to 23). Prints each case that does not
pass with the reason, and last which reasons there are.

usage: build/peers/venv/bin/python tests/peers/onnx_as_ir_peer.py [CASE...]
"""
# needs: onnx-testdata onnx numpy openvino onnxruntime
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import openvino as ov
from onnx import numpy_helper

from onnx_conformance_peer import OUT_OF_SCOPE, made_cases, stored_cases

ADZE = os.environ["ADZE"]
CORE = ov.Core()
F32 = {"INFERENCE_PRECISION_HINT": "f32"}
# Of a number, and of the largest number of an output.
RELATIVE, OF_LARGEST = 1e-3, 1e-5
NARROW = 2e-2  # 16-bit floats are rounded between layers
NARROW_TYPES = ("float16", "bfloat16")
LEAST_SHARE = 0.8
UNREAD = "these types of layers are not known"  # spectra, which are written and not read
# What differs, by the beginning of a case's name.
KNOWN = {
    "test_cast_FLOAT_to_BFLOAT16": "the case cuts bits off, where the operator rounds to the nearest",
    "test_cast_BFLOAT16_to_FLOAT": "numpy has no such numbers",
    "test_castlike_BFLOAT16_to_FLOAT": "its model states another shape than its data have",
    "test_castlike_FLOAT_to_BFLOAT16": "its model states another shape than its data have",
    "test_PReLU_": "slopes along an axis, of opset 6",
}


class Refused(Exception):
    """By whom it says: the program does not read, write, load or compute it."""


def adze_convert(source, target):
    done = subprocess.run([ADZE, "convert", source, target], capture_output=True, text=True)
    if done.returncode == 1:
        raise Refused((done.stdout + done.stderr).strip().splitlines()[-1])
    done.check_returncode()


def arrays(folder, side):
    files = sorted(folder.glob(f"{side}_*.pb"), key=lambda file: int(file.stem.split("_")[1]))
    return [numpy_helper.to_array(onnx.load_tensor(str(file))).copy() for file in files]


def in_openvino(path, values):
    """`values` by name, or in the order of the inputs."""
    try:
        compiled = CORE.compile_model(path, "CPU", F32)
        result = compiled(values)
        return [np.array(result[number]) for number in range(len(compiled.outputs))]
    except Exception as error:
        raise Refused(str(error).strip().splitlines()[-1]) from None


def in_onnxruntime(path, values):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # fatal
    try:
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        return session.run(None, {port.name: values[port.name] for port in session.get_inputs()})
    except Exception as error:
        raise Refused(str(error).strip().splitlines()[-1]) from None


def difference(made, expected):
    """Nothing where they agree."""
    if len(made) != len(expected):
        return f"{len(made)} outputs instead of {len(expected)}"
    for number, (a, b) in enumerate(zip(made, expected)):
        if a.shape != b.shape or a.dtype != b.dtype:
            return f"output {number} is {a.dtype}{list(a.shape)} instead of {b.dtype}{list(b.shape)}"
        relative, of_largest = (NARROW, NARROW) if str(b.dtype) in NARROW_TYPES else (RELATIVE, OF_LARGEST)
        a, b = a.astype(np.float64), b.astype(np.float64)
        largest = np.max(np.abs(b), where=np.isfinite(b), initial=1)
        if not np.allclose(a, b, relative, of_largest * largest, equal_nan=True):
            return f"output {number} differs by {np.nanmax(np.abs(a - b)):.3g}"
    return ""


def theirs_too(case, values, expected):
    """Whether OpenVINO's own reader of ONNX leads to no better."""
    try:
        return bool(difference(in_openvino(case / "model.onnx", list(values.values())), expected))
    except Refused:
        return True


def data_of(case):
    """(inputs by name, outputs); Refused where they are no tensors of numbers."""
    model = onnx.load(str(case / "model.onnx"))
    stored = {value.name for value in model.graph.initializer}
    names = [port.name for port in model.graph.input if port.name not in stored]
    try:
        data = case / "test_data_set_0"
        return dict(zip(names, arrays(data, "input"), strict=True)), arrays(data, "output")
    except Exception as error:
        raise Refused(f"its data: {str(error).splitlines()[-1]}") from None


def outcome(case, folder):
    """("pass", "skipped" or "failed", the reason)"""
    ir, again = folder / "model.xml", folder / "again.onnx"
    try:
        adze_convert(case / "model.onnx", ir)
        values, expected = data_of(case)
    except Refused as reason:
        return "skipped", f"refused: {reason}"
    try:
        unlike = difference(in_openvino(ir, values), expected)
    except Refused as reason:
        unlike = f"does not compute it: {reason}"
    if unlike:
        kind, whose = ("skipped", "OpenVINO's reader of ONNX has it no better") if theirs_too(case, values, expected) else ("failed", "")
        return kind, f"OpenVINO: {unlike}; {whose}"
    try:
        adze_convert(ir, again)
    except Refused as reason:
        return "skipped" if UNREAD in str(reason) else "failed", f"not read again: {reason}"
    try:
        unlike = difference(in_onnxruntime(again, values), expected)
    except Refused as reason:
        return "skipped" if "NOT_IMPLEMENTED" in str(reason) else "failed", f"ONNX Runtime: {reason}"
    return ("failed", f"written again: {unlike}") if unlike else ("pass", "")


def kind_of(reason):
    """Without the names of nodes and files."""
    return re.sub(r"'[^']*'|\"[^\"]*\"|/\S+:", "…", reason).removeprefix("refused: error: ")[:110]


def report(title, cases, reasons):
    counts = Counter()
    for case in cases:
        with tempfile.TemporaryDirectory() as folder:
            kind, reason = outcome(case, Path(folder))
        known = next((why for start, why in KNOWN.items() if case.name.startswith(start)), None)
        if kind == "failed" and known:
            kind, reason = "skipped", known
        counts[kind] += 1
        if kind != "pass":
            reasons[kind_of(reason)] += 1
            print(f"{'FAILED' if kind == 'failed' else 'skipped:'} {case.name}: {reason}", flush=True)
    print(f"{title}: {counts['pass']} of {counts.total()} pass, {counts['skipped']} are refused, {counts['failed']} differ")
    return counts


def main():
    wanted, reasons = sys.argv[1:], Counter()

    def chosen(cases):
        return (case for case in cases if not OUT_OF_SCOPE.match(case.name) and (not wanted or case.name in wanted))

    counts = report("opsets up to 17", chosen(stored_cases()), reasons)
    with tempfile.TemporaryDirectory() as folder:
        counts += report("opsets up to 23", chosen(made_cases(Path(folder))), reasons)
    for reason, count in reasons.most_common():
        print(f"{count:5} {reason}")
    too_few = not wanted and counts["pass"] < LEAST_SHARE * counts.total()
    failed = counts["failed"] + too_few
    print(f"{counts['pass']} passed, {failed} failed, {counts['skipped']} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
