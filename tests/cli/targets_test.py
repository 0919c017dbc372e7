#!/usr/bin/env python3
"""What verbs write is where it was asked for, in a format that can be read again, and replaces nothing else."""
import os
import unittest

from onnx_files import external_tensor, float_tensor, node, read_npy, write_model, write_npy
from program import USAGE, VerbTest
from tiny_model import write_tiny_model


class Targets(VerbTest):
    def setUp(self):
        super().setUp()
        self.nodes = [node("Add", ["x", "bias"], ["y"])]
        self.graph = write_model(self.folder / "small.onnx", self.nodes, [float_tensor("bias", [1, 2, -3])])

    def names(self):
        return sorted(path.name for path in self.folder.iterdir())

    def refuses_and_writes_nothing(self, *words, **options):
        before = self.names()
        self.refuses(*words, **options)
        self.assertEqual(self.names(), before)

    def test_files_beside_the_target_are_not_replaced(self):
        other = self.folder / "out.bin"
        other.write_text("somebody else's")
        self.refuses_and_writes_nothing("convert", self.graph, self.folder / "out.xml", says="out.bin: is there already")
        self.assertEqual(other.read_text(), "somebody else's")
        other.unlink()
        for _ in range(2):  # a second time both are replaced
            self.adze("convert", self.graph, self.folder / "out.xml")

    def test_a_source_is_not_replaced_by_the_file_beside_the_target(self):
        numbers = self.folder / "net.bin"
        source = write_model(self.folder / "net.onnx", self.nodes, [external_tensor("bias", [1, 2, -3], numbers)])
        before = numbers.read_bytes()
        (self.folder / "net.xml").write_text("from earlier")
        self.refuses_and_writes_nothing("convert", source, self.folder / "net.xml", says="net.bin: is read and would be")
        self.assertEqual(numbers.read_bytes(), before)
        ir = self.folder / "other.xml"
        self.adze("convert", source, ir)
        self.adze("convert", ir, ir)  # in its own place

    def test_outputs_go_through_links_and_replace_files_alone(self):
        x, link, pipe = write_npy(self.folder / "x.npy", [[1, 1, 1]]), self.folder / "link.npy", self.folder / "pipe"
        link.symlink_to("y.npy")
        os.mkfifo(pipe)
        run = ["run", self.graph, "--input", f"x={x}", "--output"]
        self.adze(*run, f"y={link}")
        self.assertEqual(read_npy(self.folder / "y.npy"), ((1, 3), [2, 3, -2]))
        self.assertTrue(link.is_symlink())
        self.refuses_and_writes_nothing(*run, f"y={pipe}", says="pipe: is a device or a pipe, not a file")
        self.refuses_and_writes_nothing(*run, f"y={self.folder}", says="is a folder; name a file in it")
        self.assertTrue(pipe.is_fifo())

    def test_names_of_graph_formats_are_not_taken_for_language_models(self):
        model = write_tiny_model(self.folder / "tiny.gguf")
        for verb in ("convert", "quantize"):
            self.refuses_and_writes_nothing(verb, model, self.folder / "y.onnx", status=USAGE, says="--to onnx")
            self.refuses_and_writes_nothing(verb, model, self.folder / "y.xml", status=USAGE, says="--to openvino")
        for name, ending in (("onnx", "onnx"), ("openvino", "xml")):
            self.refuses_and_writes_nothing("convert", model, self.folder / f"y.{ending}", "--to", name, status=USAGE,
                                            says=f"{name} is written into a folder; name one, without '.{ending}'")
        self.refuses_and_writes_nothing("convert", model, self.folder / "y.gguf", "--to", "hf", status=USAGE,
                                        says="'.gguf' is the ending of gguf, and hf is asked for")

    def test_endings_that_nobody_knows_need_a_format(self):
        model = write_tiny_model(self.folder / "tiny.gguf")
        for verb in ("convert", "quantize"):
            self.refuses_and_writes_nothing(verb, model, self.folder / "w9.dat", status=USAGE, says="'.dat'; say one with --to")
        self.adze("convert", model, self.folder / "tiny-1.5B-hf")
        self.adze("convert", model, self.folder / "model.v2", "--to", "hf")
        self.refuses_and_writes_nothing("convert", self.graph, self.folder / "foo", status=USAGE,
                                        says="foo: .*end it in .onnx or .xml, or say --to onnx or --to openvino")
        self.refuses_and_writes_nothing("convert", self.graph, self.folder / "foo", "--to", "hf", status=USAGE,
                                        says="foo: hf holds language models")
        self.refuses_and_writes_nothing("convert", self.graph, self.folder / "y.xml", "--to", "onnx", status=USAGE,
                                        says="'.xml' is the ending of openvino, and onnx is asked for")
        self.refuses_and_writes_nothing("pass", "all", self.graph, self.folder / "x.txt", status=USAGE, says="end OUT in .onnx")

    def test_sources_without_what_is_asked_for_are_refused(self):
        self.refuses_and_writes_nothing("quantize", self.graph, self.folder / "q.gguf", "--type", "Q8_0",
                                        says="small.onnx: these are tensors without an architecture")
        bare = write_model(self.folder / "bare.onnx", [node("Neg", ["x"], ["y"])])
        self.refuses_and_writes_nothing("convert", bare, self.folder / "x.gguf", says="bare.onnx: holds no tensors")


if __name__ == "__main__":
    unittest.main()
