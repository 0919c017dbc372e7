#!/usr/bin/env python3
"""adze run and adze inspect with ONNX models."""
import unittest

from onnx_files import byte_tensor, external_tensor, float_tensor, node, read_npy, write_model, write_npy
from program import UNAVAILABLE, USAGE, VerbTest


class OnnxModels(VerbTest):
    def setUp(self):
        super().setUp()
        nodes = [node("Add", ["x", "bias"], ["sum"]), node("Relu", ["sum"], ["y"])]
        self.model = write_model(self.folder / "small.onnx", nodes, [float_tensor("bias", [1, 2, -3])])
        self.x = write_npy(self.folder / "x.npy", [[1, -5, 4], [0, 0, 0]])

    def test_computes_named_tensors(self):
        y = self.folder / "y.npy"
        report = self.json_of("run", self.model, "--input", f"x={self.x}", "--output", f"y={y}")
        self.assertEqual(read_npy(y), ((2, 3), [2, 0, 1, 1, 2, 0]))
        row = report["outputs"][0]
        self.assertEqual((row["name"], row["type"], row["shape"], row["most"]), ("y", "f32", "[2, 3]", 2))
        self.assertRegex(self.adze("run", self.model, "--input", f"x={self.x}").stdout, r"(?m)^y +f32 +\[2, 3\]")

    def test_refuses_what_does_not_fit(self):
        run = ["run", self.model]
        self.refuses(*run, says=r"input 'x' \(f32\[N, 3\]\) is missing")
        wide = write_npy(self.folder / "wide.npy", [[1, 2]])
        self.refuses(*run, "--input", f"x={wide}", says=r"input 'x' must be f32\[N, 3\], not f32\[1, 2\]")
        self.refuses(*run, "--input", f"z={self.x}", says="x")
        self.refuses(*run, "--input", "x", status=USAGE, says="NAME=FILE")
        self.refuses(*run, "--input", f"x={self.x}", "--output", "q=q.npy", says="there is no output 'q'; the graph has y")
        self.refuses(*run, "--input", "x=missing.npy", status=UNAVAILABLE, says="missing.npy")

    def test_refuses_broken_models(self):
        cyclic = write_model(self.folder / "cyclic.onnx", [node("Add", ["x", "b"], ["a"]), node("Neg", ["a"], ["b"])])
        self.refuses("inspect", cyclic, says="node 'a' .*uses \"b\", which is neither")
        unknown = write_model(self.folder / "unknown.onnx", [node("Frobnicate", ["x"], ["y"])])
        self.refuses("run", unknown, says="not known: Frobnicate-17")
        cut = self.folder / "cut.onnx"
        cut.write_bytes(self.model.read_bytes()[:40])
        self.refuses("inspect", cut, says="cut.onnx: is cut off, or no ONNX file")

    def test_shows_what_is_in_it(self):
        report = self.json_of("inspect", self.model, "--graph")
        self.assertEqual((report["format"], report["opsets"]), ("onnx", "ai.onnx 17, com.microsoft 1"))
        self.assertEqual(report["producer"], "by hand")
        self.assertEqual(report["inputs"], [{"name": "x", "type": "f32[N, 3]"}])
        self.assertEqual(report["ops"], [{"op": "Add", "nodes": 1}, {"op": "Relu", "nodes": 1}])
        self.assertIn("%y: f32[N, 3] = Relu(%sum)", report["graph"])
        self.assertRegex(self.adze("inspect", self.model).stdout, r"(?m)^Producer +by hand")


    def test_counts_constants_of_nodes_and_files_beside(self):
        numbers = self.folder / "bias.bin"
        nodes = [node("Constant", [], ["one"], tensor=float_tensor("", [1, 1, 1])), node("Add", ["x", "one"], ["sum"]),
                 node("Add", ["sum", "bias"], ["y"])]
        model = write_model(self.folder / "two.onnx", nodes, [external_tensor("bias", [1, 2, -3], numbers)])
        report = self.json_of("inspect", model)
        self.assertEqual((report["parameters"], report["weight_bytes"]), (6, 24))
        self.assertEqual(report["stored_bytes"], model.stat().st_size + numbers.stat().st_size)
        ir = self.folder / "two.xml"
        sizes = ir.stat, ir.with_suffix(".bin").stat
        report = self.json_of("convert", model, ir)
        for stored in (report["stored_bytes"], self.json_of("inspect", ir)["stored_bytes"]):
            self.assertEqual(stored, sum(stat().st_size for stat in sizes))


class OtherGraphs(VerbTest):
    """The same graph in other formats."""

    def setUp(self):
        super().setUp()
        self.model = write_model(self.folder / "small.onnx", [node("Add", ["x", "bias"], ["y"])],
                                 [float_tensor("bias", [1, 2, -3])])
        self.x = write_npy(self.folder / "x.npy", [[1, -5, 4], [0, 0, 0]])

    def result_of(self, model):
        y = self.folder / "y.npy"
        self.json_of("run", model, "--input", f"x={self.x}", "--output", f"y={y}")
        return read_npy(y)

    def test_folders_that_were_written_are_read(self):
        for name in ("onnx", "openvino"):
            there, back = self.folder / name, self.folder / f"{name}-back.onnx"
            self.adze("convert", self.model, there, "--to", name)
            self.assertEqual(self.result_of(there), ((2, 3), [2, -3, 1, 1, 2, -3]))
            report = self.json_of("inspect", there)
            self.assertEqual((report["format"], report["parameters"]), (name, 3))
            self.adze("convert", there, back)
            self.assertEqual(self.result_of(back), self.result_of(self.model))
            (there / "config.json").write_text("{}")  # now it should be a language model
            self.refuses("run", there, "--input", f"x={self.x}", status=USAGE,
                         says="need a model of a graph format")

    def test_says_what_is_missing_of_an_ir(self):
        ir = self.folder / "small.xml"
        self.adze("convert", self.model, ir)
        ir.with_suffix(".bin").unlink()
        for verb in ("inspect", "run"):
            self.refuses(verb, ir, status=UNAVAILABLE, says="small.bin: no such file; the constants of .*small.xml lie there")
        ir.write_text('<net version="11"></net>')
        self.refuses("inspect", ir, says="small.xml: it has no layer Result")
        self.refuses("convert", ir, self.folder / "no.onnx", says="small.xml: it has no layer Result")

    def test_sums_of_codes_have_a_form_in_ir(self):
        quantized = ["scale", "zero"]
        nodes = [node("QuantizeLinear", ["x", *quantized], ["a"]),
                 node("QLinearAdd", ["a", *quantized, "a", *quantized, "wide", "low"], ["sum"], "com.microsoft"),
                 node("DequantizeLinear", ["sum", "wide", "low"], ["y"])]
        tensors = [float_tensor("scale", [0.25]), float_tensor("wide", [0.5]), byte_tensor("zero", [100]),
                   byte_tensor("low", [20])]
        model, ir = write_model(self.folder / "codes.onnx", nodes, tensors), self.folder / "codes.xml"
        self.adze("convert", model, ir)
        self.assertEqual(self.result_of(ir), ((2, 3), [2, -10, 8, 0, 0, 0]))
        self.assertEqual(self.result_of(ir), self.result_of(model))

    def test_ir_keeps_the_ranks_of_outputs(self):
        nodes = [node("Shape", ["x"], ["shape"]), node("Identity", ["shape"], ["same"]), node("Reshape", ["x", "same"], ["y"])]
        model, ir, back = (self.folder / name for name in ("shaped.onnx", "shaped.xml", "back.onnx"))
        self.adze("convert", write_model(model, nodes), ir)
        self.adze("convert", ir, back)
        self.assertRegex(self.json_of("inspect", back)["outputs"][0]["type"], r"^f32\[[^,]+, 3\]$")

    def test_says_which_node_has_no_form(self):
        model = write_model(self.folder / "det.onnx", [node("Det", ["x"], ["d"]), node("Add", ["x", "d"], ["y"])])
        self.refuses("convert", model, self.folder / "det.xml", says=r"no form in OpenVINO's IR: Det \(node '.+'\)")


class Graphs(VerbTest):
    def setUp(self):
        super().setUp()
        nodes = [node("Add", ["one", "one"], ["two"]), node("Add", ["x", "two"], ["sum"]), node("Relu", ["sum"], ["y"])]
        self.model = write_model(self.folder / "small.onnx", nodes, [float_tensor("one", [1, 1, -3])])
        self.x = write_npy(self.folder / "x.npy", [[1, -5, 8], [0, 0, 0]])

    def test_a_pass_writes_a_model_that_computes_the_same(self):
        out, y = self.folder / "folded.onnx", self.folder / "y.npy"
        rows = self.json_of("pass", "fold_constants", self.model, out)
        self.assertEqual([(r["pass"], r["changed"], r["nodes_before"], r["nodes_after"]) for r in rows],
                         [("fold_constants", True, 3, 2)])
        self.json_of("run", out, "--input", f"x={self.x}", "--output", f"y={y}")
        self.assertEqual(read_npy(y), ((2, 3), [3, 0, 2, 2, 2, 0]))
        report = self.json_of("inspect", out)
        self.assertEqual(report["opsets"], "ai.onnx 23, com.microsoft 1")
        self.assertEqual(report["inputs"], [{"name": "x", "type": "f32[N, 3]"}])
        self.assertGreater(len(self.json_of("pass", "all", self.model, out)), 3)

    def test_refuses_passes_that_do_not_exist(self):
        self.refuses("pass", "fold_constant", self.model, self.folder / "no.onnx", status=UNAVAILABLE,
                     says="no pass 'fold_constant'.*fold_constants")
        self.assertFalse((self.folder / "no.onnx").exists())

    def test_measures(self):
        rows = self.json_of("bench", self.model, "--dim", "N=2", "-t", "1,2", "-r", "2")
        self.assertEqual([row["threads"] for row in rows], [1, 2])
        self.assertTrue(all(row["seconds"] > 0 and row["peak_bytes"] > 0 for row in rows))
        self.refuses("bench", self.model, says="dimension 'N' of input 'x' has no size: give --dim N=N")
        self.refuses("bench", self.model, "--dim", "M=2", says="there is no dimension 'M'")
        ops = self.json_of("explain", self.model, "--time", "--input", f"x={self.x}")
        self.assertEqual([(row["op"], row["nodes"]) for row in ops], [("FusedElementwise", 1)])
        nodes = self.json_of("explain", self.model, "--all")
        self.assertEqual([row["op"] for row in nodes], ["FusedElementwise"])

    def test_compares(self):
        out = self.folder / "folded.onnx"
        self.json_of("pass", "fold_constants", self.model, out)
        report = self.json_of("diff", self.model, self.model, "--dim", "N=4")
        self.assertTrue(report["equal"])
        report = self.json_of("diff", self.model, out, "--input", f"x={self.x}", status=1)
        self.assertEqual((report["ops_equal"], report["outputs_equal"]), (False, True))
        self.assertEqual(report["ops"], [{"op": "Add", "first": 2, "second": 1}])


if __name__ == "__main__":
    unittest.main()
