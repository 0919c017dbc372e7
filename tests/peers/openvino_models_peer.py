"""OpenVINO's IR: `adze run` gives what OpenVINO gives in f32, for real models that it converted and for each of its ops
on random numbers, written by its own Python API. What Adze makes IR of again, or of ONNX models, OpenVINO loads and
computes the same. What cannot be read or written is refused by name."""
# needs: numpy onnx openvino onnxruntime shared onnx-testdata
import itertools
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import openvino as ov

from openvino_op_cases import onnx_cases, op_cases

ADZE = os.environ["ADZE"]
DATA = Path(os.environ["ADZE_SHARED"]) / "data"
TOLERANCE = 1e-4  # of the largest number of an output
SEED = 23
CORE = ov.Core()
F32 = {"INFERENCE_PRECISION_HINT": "f32"}
# Integers in the place of fake ones, or not: OpenVINO's two ways to compute those round halves otherwise.
WAYS = [F32, F32 | {"LP_TRANSFORMS_MODE": "NO"}]
# Converted by OpenVINO from ONNX's and TFLite's files.
ONNX = ["mnist_8/model.onnx", "ultraface/version-RFB-320.onnx", "ultraface/version-RFB-320_simplified.onnx",
        "magika/model.onnx", "basic-pitch/nmp.onnx", "silero-vad/silero_vad.onnx", "silero-vad/silero_vad_16k_op15.onnx"]

# In ONNX's test cases.
ONNX_CASES = Path("/usr/share/libonnx-testdata/data/node")
BODIES = ["test_if", "test_scan9_sum"]


def random_input(shape, kind, generator):
    dims = [1 if dim.is_dynamic else dim.get_length() for dim in shape]
    if np.issubdtype(kind, np.floating):
        return generator.uniform(-1, 1, dims).astype(kind)
    return generator.integers(0, 100, dims).astype(kind)


def adze(*words):
    done = subprocess.run([ADZE, *map(str, words)], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError((done.stdout + done.stderr).strip()[-300:])
    return done.stdout


def run_adze(path, values, folder):
    """Outputs in the graph's order, variables left out."""
    report = json.loads(adze("inspect", path, "--json"))
    names = [row["name"] for row in report["inputs"] if not row["type"].startswith("optional")]
    outputs = [row["name"] for row in report["outputs"] if not row["name"].endswith(".next")]
    words = ["run", path, "--json"]
    for number, (name, value) in enumerate(zip(names, values, strict=True)):
        np.save(folder / f"in{number}.npy", value)
        words += ["--input", f"{name}={folder}/in{number}.npy"]
    for number, name in enumerate(outputs):
        words += ["--output", f"{name}={folder}/out{number}.npy"]
    adze(*words)
    return [np.load(folder / f"out{number}.npy") for number in range(len(outputs))]


def largest_difference(got, expected):
    """Relative to the largest number; infinite when type or shape differ."""
    if got.shape != expected.shape or got.dtype != expected.dtype:
        print(f"  {got.dtype}{got.shape} instead of {expected.dtype}{expected.shape}")
        return np.inf
    if got.dtype == bool:
        return float(np.any(got != expected))
    got, expected = got.astype(np.float64), expected.astype(np.float64)
    if not np.array_equal(np.isfinite(got), np.isfinite(expected)):
        return np.inf
    got, expected = np.nan_to_num(got), np.nan_to_num(expected)
    scale = max(float(np.max(np.abs(expected), initial=0)), 1e-30)
    return float(np.max(np.abs(got - expected), initial=0)) / scale


class Tally:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.unwritten = []  # cases that the IR's writer has no form for

    def compare(self, name, model, values, tolerance=TOLERANCE, quiet=False):
        try:
            is_fake = has_fakes(model)
            expected = [computed(model, values, way) for way in (WAYS if is_fake else WAYS[:1])]
        except Exception as error:  # whatever OpenVINO itself does not do
            self.skipped += 1
            return print(f"skipped: {name}: OpenVINO: {str(error).strip().splitlines()[-1][:120]}")
        with tempfile.TemporaryDirectory() as text:
            folder = Path(text)
            ov.save_model(model, folder / "model.xml", compress_to_fp16=False)
            try:
                got = run_adze(folder / "model.xml", values, folder)
                again = rewritten(folder, values)
            except (RuntimeError, ValueError) as error:
                self.failed += 1
                return print(f"FAILED {name}: {error}")
            if again is None:
                self.unwritten.append(name)
            elif is_fake and tolerance > TOLERANCE:
                self.judge_rounding(f"{name}, written again", [computed_often(folder / file, way) for file, way in (
                    ("model.xml", WAYS[0]), ("model.xml", WAYS[1]), ("again.xml", F32))])
            else:
                self.judge(f"{name}, written again", again, expected, tolerance, quiet=True)
        self.judge(name, got, expected, tolerance, quiet)

    def judge(self, name, got, ways, tolerance, quiet=False):
        """Against the nearest of the ways in which OpenVINO computes; as near as they are to one another is near enough."""
        tolerance = max([tolerance] + [max(map(largest_difference, way, ways[0])) for way in ways[1:]])
        difference = min(max(map(largest_difference, got, way)) if len(got) == len(way) else np.inf for way in ways)
        good = difference <= tolerance
        self.passed, self.failed = self.passed + good, self.failed + (not good)
        if not quiet or not good:
            print(f"{'' if good else 'FAILED '}{name}: largest difference {difference:.2e}")


    def judge_rounding(self, name, ways):
        """Rounded halves fall to either side: we may differ from OpenVINO's two ways as often as these from one another."""
        first, second, ours = ways
        apart = sum(not np.array_equal(a, b) for a, b in zip(first, second))
        ours_apart = sum(not np.array_equal(a, c) and not np.array_equal(b, c) for a, b, c in zip(first, second, ours))
        good = ours_apart <= apart
        self.passed, self.failed = self.passed + good, self.failed + (not good)
        print(f"{'' if good else 'FAILED '}{name}: {ours_apart} of {len(ours)} inputs unlike both, {apart} unlike each other")


def has_fakes(model):
    return "FakeQuantize" in {op.get_type_name() for op in model.get_ops()}


def computed_often(path, way, count=200):
    """All outputs for each of some inputs, as one array."""
    compiled = CORE.compile_model(path, "CPU", way)
    results = []
    for seed in range(count):
        generator = np.random.default_rng(seed)
        values = [random_input(port.get_partial_shape(), port.get_element_type().to_dtype(), generator) for port in compiled.inputs]
        results.append(np.concatenate([np.ravel(value) for value in compiled(values).values()]))
    return results


def computed(model, values, way):
    compiled = CORE.compile_model(model, "CPU", way)
    result = compiled(values)
    return [result[number] for number in range(len(compiled.outputs))]


def rewritten(folder, values):
    """What OpenVINO computes of the IR that Adze writes of one; nothing where that has no form for it, or it cannot."""
    try:
        adze("convert", folder / "model.xml", folder / "again.xml")
    except RuntimeError as error:
        if "no form" in str(error):
            return None
        raise
    try:
        return computed(folder / "again.xml", values, F32)
    except RuntimeError as error:  # its plug-in miscounts the rounds of a loop whose number is computed by layers
        if "iter < iter_count" in str(error):
            return None
        raise


def converted(path):
    model = ov.convert_model(path)
    return model, [random_input(port.get_partial_shape(), port.get_element_type().to_dtype(), np.random.default_rng(SEED))
                   for port in model.inputs]


def compare_real_models(tally):
    for path in [DATA / "onnx" / name for name in ONNX] + sorted((DATA / "tflite/mlperf-tiny").glob("*.tflite")):
        name = f"{path.parent.name}/{path.name}"
        try:
            model, values = converted(path)
        except Exception as error:  # OpenVINO's front end knows no such model
            tally.skipped += 1
            print(f"skipped: {name}: OpenVINO converts it not: {str(error).strip().splitlines()[-1][:100]}")
            continue
        # Integers of models that TFLite quantized are fakes here: a rounded half may fall to either side.
        tally.compare(name, model, values, 1e-2 if has_fakes(model) else TOLERANCE)


def compare_onnx_as_ir(tally):
    """ONNX models as IR that Adze writes, in OpenVINO, against the models in ONNX Runtime."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors
    for name in ONNX:
        session = onnxruntime.InferenceSession(DATA / "onnx" / name, options, providers=["CPUExecutionProvider"])
        generator = np.random.default_rng(SEED)
        kinds = {"tensor(float)": np.float32, "tensor(int32)": np.int32, "tensor(int64)": np.int64}
        values = {}
        for port in session.get_inputs():
            dims = [dim if isinstance(dim, int) else 1 for dim in port.shape]
            whole = generator.integers(0, 100, dims).astype(kinds[port.type])
            values[port.name] = generator.uniform(-1, 1, dims).astype(np.float32) if port.type == "tensor(float)" else whole
        with tempfile.TemporaryDirectory() as folder:
            try:
                adze("convert", DATA / "onnx" / name, Path(folder) / "ir", "--to", "openvino")
            except RuntimeError as error:
                tally.skipped += 1
                print(f"skipped: {name} as IR: {str(error).splitlines()[-1][-160:]}")
                continue
            try:
                compiled = CORE.compile_model(Path(folder) / "ir/openvino_model.xml", "CPU", F32)
            except RuntimeError as error:  # its plug-in takes no branches of unknown rank
                tally.skipped += 1
                print(f"skipped: {name} as IR: OpenVINO: {str(error).strip().splitlines()[-1][:160]}")
                continue
            made = compiled(values)
            tally.judge(f"{name} as IR", [made[port.name] for port in session.get_outputs()],
                        [session.run(None, values)], TOLERANCE)


def compare_bodies(tally):
    """ONNX's own cases of If, Loop and Scan as IR, against what they should give."""
    for name in BODIES:
        folder = ONNX_CASES / name
        arrays = [[onnx.numpy_helper.to_array(onnx.load_tensor(str(file))).copy()
                   for file in sorted((folder / "test_data_set_0").glob(f"{side}_*.pb"))] for side in ("input", "output")]
        ports = onnx.load(str(folder / "model.onnx")).graph.input
        with tempfile.TemporaryDirectory() as out:
            try:
                adze("convert", folder / "model.onnx", Path(out) / "model.xml")
                made = CORE.compile_model(Path(out) / "model.xml", "CPU", F32)(
                    {port.name: value for port, value in zip(ports, arrays[0], strict=True)})
                tally.judge(f"{name} as IR", [made[number] for number in range(len(arrays[1]))], [arrays[1]], TOLERANCE)
            except RuntimeError as error:
                tally.failed += 1
                print(f"FAILED {name} as IR: {str(error).strip()[-300:]}")


def scan_model(axis, backwards, turned):
    """Sums so far of the slices of x along an axis, from its end on, and put back from the end on."""
    floats = onnx.TensorProto.FLOAT
    tensor = onnx.helper.make_tensor_value_info
    body = onnx.helper.make_graph([onnx.helper.make_node("Add", ["sum", "slice"], ["next"]),
                                   onnx.helper.make_node("Identity", ["next"], ["made"])], "body",
                                  [tensor("sum", floats, None), tensor("slice", floats, None)],
                                  [tensor("next", floats, None), tensor("made", floats, None)])
    scan = onnx.helper.make_node("Scan", ["start", "x"], ["last", "all"], body=body, num_scan_inputs=1,
                                 scan_input_axes=[axis], scan_output_axes=[axis], scan_input_directions=[int(backwards)],
                                 scan_output_directions=[int(turned)])
    graph = onnx.helper.make_graph([scan], "sums", [tensor("start", floats, [3]), tensor("x", floats, [3, 3])],
                                   [tensor("last", floats, [3]), tensor("all", floats, [3, 3])])
    return onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)


def in_onnxruntime(path, values):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"]).run(None, values)


def compare_scans(tally):
    """Scans in both directions as IR, in OpenVINO, and that IR as ONNX again, against ONNX Runtime."""
    generator = np.random.default_rng(SEED)
    values = {"start": generator.uniform(-1, 1, [3]).astype(np.float32),
              "x": generator.uniform(-1, 1, [3, 3]).astype(np.float32)}
    for axis, backwards, turned in itertools.product([0, 1], [False, True], [False, True]):
        name = f"Scan along {axis}{' backwards' * backwards}{', put back from the end' * turned}"
        with tempfile.TemporaryDirectory() as text:
            model, ir, again = (Path(text) / file for file in ("model.onnx", "model.xml", "again.onnx"))
            onnx.save(scan_model(axis, backwards, turned), model)
            expected = in_onnxruntime(model, values)
            adze("convert", model, ir)
            made = CORE.compile_model(ir, "CPU", F32)(values)
            tally.judge(f"{name} as IR", [made[number] for number in range(2)], [expected], TOLERANCE)
            adze("convert", ir, again)
            tally.judge(f"{name}, read again", in_onnxruntime(again, values), [expected], TOLERANCE)


def compare_onnx_ops(tally):
    """Single nodes of ONNX as IR, in OpenVINO, against ONNX Runtime."""
    for name, make, refused in onnx_cases():
        model, values = make(np.random.default_rng(SEED))
        with tempfile.TemporaryDirectory() as text:
            path, ir = Path(text) / "model.onnx", Path(text) / "model.xml"
            onnx.save(model, path)
            try:
                adze("convert", path, ir)
                made = CORE.compile_model(ir, "CPU", F32)(values)
            except RuntimeError as error:
                good = bool(refused) and refused in str(error)
                tally.passed, tally.failed = tally.passed + good, tally.failed + (not good)
                if not good:
                    print(f"FAILED {name} as IR: {str(error).strip()[-300:]}")
                continue
            expected = in_onnxruntime(path, values)
            tolerance = 2e-3 if expected[0].dtype == np.float16 else TOLERANCE
            tally.judge(f"{name} as IR", [made[number] for number in range(len(expected))], [expected], tolerance, quiet=True)


def main():
    tally = Tally()
    wanted = sys.argv[1:]
    if not wanted or "models" in wanted:
        compare_real_models(tally)
        compare_onnx_as_ir(tally)
    if not wanted or "bodies" in wanted:
        compare_bodies(tally)
        compare_scans(tally)
    if not wanted or "nodes" in wanted:
        compare_onnx_ops(tally)
    for name, make in op_cases():
        if wanted and name.split()[0] not in wanted:
            continue
        model, values, tolerance = make(np.random.default_rng(SEED))
        tally.compare(name, model, values, tolerance, quiet=True)
    if tally.unwritten:
        print(f"not written again, {len(tally.unwritten)}: {', '.join(tally.unwritten)}")
    print(f"{tally.passed} passed, {tally.failed} failed, {tally.skipped} skipped")
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
