#!/usr/bin/env python3
"""Tests of check_layers.py on small made-up trees."""
import tempfile
import unittest
from pathlib import Path

import check_layers

PAGE = """
10   cli/               one file per verb
 6   calibrate/  evaluate/  report/     statistics from running a model
 5   formats/           bytes <-> Model: gguf/ safetensors/ hf/
 5   runtime/           session
 2   text/              tokenizers/ chat_templates/
 0   base/              errors
     tests/             cross-module only

Inside `formats/`, containers (gguf, safetensors,
zip) rank below dialects (hf), and dialects below variants
(mlx) of a folder.
"""


class CheckLayersTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.write("ARCHITECTURE.md", PAGE)
        self.write("src/base/error.h", "#include <string>\n")

    def write(self, path, text):
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def complaints(self):
        return check_layers.check_tree(self.root)

    def test_reads_every_rank(self):
        expected = dict(cli=10, calibrate=6, evaluate=6, report=6, formats=5, runtime=5, text=2, base=0)
        self.assertEqual(check_layers.read_ranks(PAGE), expected)
        self.assertEqual(
            check_layers.read_format_ranks(PAGE), dict(gguf=0, safetensors=0, zip=0, hf=1, mlx=2))

    def test_lower_rank_is_fine(self):
        self.write("src/cli/main.cpp", '#include "base/error.h"\n#include <vector>\n#include <fmt/core.h>\n')
        self.assertEqual(self.complaints(), [])

    def test_higher_rank_is_refused_with_its_line(self):
        self.write("src/base/file.cpp", '#include <string>\n\n  #  include "text/bpe.h"\n')
        self.assertEqual(
            self.complaints(), ["src/base/file.cpp:3: base/ (rank 0) may not include text/ (rank 2)"])

    def test_equal_rank_is_refused_in_tests_and_angle_brackets_too(self):
        self.write("src/formats/a_test.cpp", "#include <runtime/session.h>\n")
        self.assertIn("formats/ (rank 5) may not include runtime/ (rank 5)", self.complaints()[0])

    def test_path_must_start_at_src(self):
        self.write("src/base/file.cpp", '#include "error.h"\n')
        self.assertIn("is not a path from src/", self.complaints()[0])

    def test_folder_without_rank_is_refused(self):
        self.write("src/utils/x.h", "")
        self.assertEqual(self.complaints(), ["src/utils: has no rank in ARCHITECTURE.md's tree"])

    def test_variant_may_include_dialect_and_dialect_container_only(self):
        self.write("src/formats/hf/read.cpp", '#include "formats/safetensors/header.h"\n#include "formats/format.h"\n')
        self.write("src/formats/mlx/read.cpp", '#include "formats/hf/read.h"\n')
        self.write("src/formats/all_formats.cpp", '#include "formats/hf/read.h"\n')
        self.assertEqual(self.complaints(), [])
        self.write("src/formats/gguf/read.cpp", '#include "formats/hf/read.h"\n')
        self.write("src/formats/hf/write.cpp", '#include "formats/mlx/write.h"\n')
        self.write("src/formats/format.cpp", '#include "formats/hf/read.h"\n')
        self.assertEqual(len(self.complaints()), 3)

    def test_cmake_needs_follow_the_rule(self):
        self.write("src/text/CMakeLists.txt", "adze_module(text STRICT_CONVERSIONS NEEDS base runtime LIBRARIES x)")
        self.assertEqual(self.complaints(), ["src/text/CMakeLists.txt: text may not need runtime"])

    def test_page_without_tree_is_an_error(self):
        self.write("ARCHITECTURE.md", "nothing")
        self.assertEqual(len(self.complaints()), 1)


if __name__ == "__main__":
    unittest.main()
