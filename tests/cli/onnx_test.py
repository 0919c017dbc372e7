#!/usr/bin/env python3
"""adze run and adze inspect with ONNX models."""
import signal
import subprocess
import time
import unittest

from onnx_files import (byte_tensor, external_tensor, float_tensor, integer_attribute, node, read_npy, write_model,
                        write_npy)
from program import ADZE, CANCELLED, UNAVAILABLE, USAGE, VerbTest


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
        self.assertEqual((row["name"], row["type"], row["shape"], row["most"]), ("y", "f32", [2, 3], 2))
        self.assertRegex(self.adze("run", self.model, "--input", f"x={self.x}").stdout, r"(?m)^y +f32 +\[2, 3\]")

    def test_refuses_what_does_not_fit(self):
        run = ["run", self.model]
        self.refuses(*run, says=r"input 'x' \(f32\[N, 3\]\) is missing")
        wide = write_npy(self.folder / "wide.npy", [[1, 2]])
        self.refuses(*run, "--input", f"x={wide}", says=r"input 'x' must be f32\[N, 3\], not f32\[1, 2\]")
        self.refuses(*run, "--input", f"z={self.x}", says="there is no input 'z'; the graph has x")
        self.refuses(*run, "--input", f"x={self.x}", "--input", f"x={self.x}", status=USAGE, says="--input x is given twice")
        self.refuses(*run, "--input", "x", status=USAGE, says="NAME=FILE")
        self.refuses(*run, "--input", f"x={self.x}", "--output", "q=q.npy", says="there is no output 'q'; the graph has y")
        self.refuses(*run, "--input", "x=missing.npy", status=UNAVAILABLE, says="missing.npy")

    def test_numbers_that_are_not_finite_are_counted(self):
        odd = write_npy(self.folder / "odd.npy", [[3, float("inf"), 5], [float("nan"), 2, 3]])
        row = self.json_of("run", self.model, "--input", f"x={odd}")["outputs"][0]
        self.assertEqual((row["least"], row["mean"], row["most"], row["not_finite"]), (0, 2.5, 4, 2))
        self.assertRegex(self.adze("run", self.model, "--input", f"x={odd}").stdout, r"Most +Not finite\n.*\n.* 4\.00 +2\n")
        self.assertNotIn("finite", self.adze("run", self.model, "--input", f"x={self.x}").stdout)

    def test_outputs_to_files(self):
        y = self.folder / "a=b.npy"
        self.adze("run", self.model, "--input", f"x={self.x}", "--output", f"y={y}")
        self.assertEqual(read_npy(y)[0], (2, 3))
        sequence = write_model(self.folder / "s.onnx", [node("SequenceConstruct", ["x"], ["y"])], y_is_sequence=True)
        self.refuses("run", sequence, "--output", "y=y.npy", says="output 'y' is a sequence.*leave its --output out")

    def test_refuses_options_of_other_models(self):
        out = self.folder / "out.onnx"
        for words in (["run", self.model, "-p", "hello"], ["run", self.model, "--stats"],
                      ["bench", self.model, "--ops"], ["bench", self.model, "-b", "1,2"],
                      ["explain", self.model, "--kv", "f16"], ["diff", self.model, self.model, "--skip-tensors"],
                      ["convert", self.model, out, "--dtype", "f16"], ["convert", self.model, out, "--max-ram", "1GB"]):
            self.refuses(*words, status=USAGE, says="^error: --[a-z-]+ has no effect on models of graph formats; only --")
        self.assertFalse(out.exists())
        self.refuses("explain", self.model, "--dim", "N=1", status=USAGE, says="--input and --dim need --time")
        self.refuses("diff", self.model, self.model, "--skip-outputs", "--dim", "N=1", status=USAGE, says="--skip-outputs")

    def test_verbs_of_texts_say_that_it_is_a_graph(self):
        says = "small.onnx: is a graph, which `adze run .*small.onnx --input NAME=FILE` computes$"
        self.refuses("eval", self.model, "--text", self.x, says=says)
        self.refuses("embed", self.model, "-p", "a", says=says)
        self.refuses("prepare", self.model, self.folder / "p.adze", says="no model of texts; .*`adze run MODEL --input")
        whole = self.folder / "whole"
        whole.mkdir()
        (whole / "genai_config.json").write_text("{}")
        self.model.rename(whole / "model.onnx")
        self.refuses("embed", whole / "model.onnx", "-p", "a", says=r"the model of texts \(ort-genai\) is its folder, .*whole$")

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
        self.refuses("pass", "fold_const", self.model, self.folder / "no.onnx", status=UNAVAILABLE,
                     says="no pass 'fold_const'; did you mean 'fold_constants'")
        self.assertFalse((self.folder / "no.onnx").exists())

    def test_measures(self):
        rows = self.json_of("bench", self.model, "--dim", "N=2", "-t", "1,2", "-r", "2")
        self.assertEqual([row["threads"] for row in rows], [1, 2])
        self.assertTrue(all(row["seconds"] > 0 and row["peak_bytes"] > 0 for row in rows))
        self.refuses("bench", self.model, says="dimension 'N' of input 'x' has no size: give --dim N=N")
        self.refuses("bench", self.model, "--dim", "M=2", says=r"there is no open dimension 'M'; .* have N, x\[0\]$")
        self.refuses("bench", self.model, "--dim", "N=2", "--dim", "N=3", status=USAGE, says="--dim N is given twice")
        self.assertRegex(self.adze("bench", self.model, "--dim", "x[0]=2", "-r", "1").stdout, r"(?m)^ +\d.* \d+(\.\d+)? [kM]")

    def test_dimensions_without_names(self):
        model = self.written("nameless.onnx", [node("Relu", ["x"], ["y"])], dims=(None, None, 3))
        self.refuses("bench", model, says=r"dimension 0 of input 'x' has no size: give --dim x\[0\]=N")
        self.json_of("bench", model, "--dim", "x[0]=2", "--dim", "x[1]=4", "-r", "1")
        self.refuses("bench", model, "--dim", "x[2]=2", says=r"no open dimension 'x\[2\]'; .* have x\[0\], x\[1\]$")
        ops = self.json_of("explain", self.model, "--time", "--input", f"x={self.x}")
        self.assertEqual([(row["op"], row["nodes"]) for row in ops], [("FusedElementwise", 1)])
        nodes = self.json_of("explain", self.model, "--all")
        self.assertEqual([row["op"] for row in nodes], ["FusedElementwise"])

    def test_ctrl_c_stops_between_nodes(self):
        process = subprocess.Popen([ADZE, "bench", str(self.model), "--dim", "N=1000", "-r", "10000"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            time.sleep(1)
            process.send_signal(signal.SIGINT)
            _, messages = process.communicate(timeout=60)
        finally:
            process.kill()
        self.assertEqual(process.returncode, CANCELLED, messages)
        self.assertRegex(messages, "^error: stopped on request; files are as they were before")

    def test_compares(self):
        out = self.folder / "folded.onnx"
        self.json_of("pass", "fold_constants", self.model, out)
        report = self.json_of("diff", self.model, self.model, "--dim", "N=4")
        self.assertTrue(report["equal"])
        report = self.json_of("diff", self.model, out, "--input", f"x={self.x}", status=1)
        self.assertEqual((report["ops_equal"], report["outputs_equal"]), (False, True))
        self.assertEqual(report["ops"], [{"op": "Add", "first": 2, "second": 1, "differs_in": None}])

    def written(self, name, nodes=None, numbers=(1, 2, 3), dims=("N", 3)):
        nodes = nodes or [node("Add", ["x", "bias"], ["y"])]
        return write_model(self.folder / name, nodes, [float_tensor("bias", numbers)], dims=dims)

    def test_small_numbers_and_attributes_count(self):
        one, other = self.written("one.onnx"), self.written("other.onnx", numbers=(1, 2, 4))
        report = self.json_of("diff", one, other, "--skip-outputs", status=1)
        self.assertEqual((report["ops_equal"], report["weights_equal"]), (True, False))
        self.assertEqual([(row["name"], row["numbers"]) for row in report["weights"]], [("bias", "differ")])
        softmax = node("Softmax", ["x"], ["y"])
        first, last = (self.written(f"{axis}.onnx", [softmax + integer_attribute("axis", axis)]) for axis in (0, 1))
        report = self.json_of("diff", first, last, "--skip-outputs", status=1)
        self.assertEqual(report["ops"], [{"op": "Softmax", "first": 1, "second": 1, "differs_in": "axis"}])
        turned = self.written("turned.onnx", [node("Sub", ["bias", "x"], ["y"])])
        report = self.json_of("diff", self.written("sub.onnx", [node("Sub", ["x", "bias"], ["y"])]), turned,
                              "--skip-outputs", status=1)
        self.assertEqual(report["ops"], [{"op": "Sub", "first": 1, "second": 1, "differs_in": "inputs"}])

    def test_an_infinite_output_does_not_hide_the_others(self):
        infinite = float("inf")
        one, other = (self.written(f"{n}.onnx", numbers=(infinite, n, 0)) for n in (1, 100))
        report = self.json_of("diff", one, other, "--dim", "N=1", "--tolerance", "0.5", status=1)
        self.assertFalse(report["outputs_equal"])
        self.assertTrue(self.json_of("diff", one, one, "--dim", "N=1")["outputs_equal"])

    def test_other_inputs_are_said_before_anything_runs(self):
        wide = self.written("wide.onnx", [node("Relu", ["x"], ["y"])], dims=(2, 5))
        done = self.adze("diff", self.model, wide, status=1)
        self.assertRegex(done.stdout, r"Outputs +cannot be compared: A takes 'x' \(f32\[N, 3\]\), B takes 'x' \(f32\[2, 5\]\)")
        self.assertFalse(self.json_of("diff", self.model, wide, status=1)["outputs_equal"])


if __name__ == "__main__":
    unittest.main()
