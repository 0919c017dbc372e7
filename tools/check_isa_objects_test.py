#!/usr/bin/env python3
"""Tests of check_isa_objects.py on the output of nm."""
import tempfile
import unittest
from pathlib import Path

import check_isa_objects


class CheckIsaObjectsTest(unittest.TestCase):
    def test_weak_and_unique_definitions_are_found(self):
        listing = "0000000000000010 T adze::table()\n0000000000000000 W std::max<int>(int)\n                 U memcpy\n" \
                  "0000000000000000 V vtable for X\n0000000000000020 u std::once\n                 w _ITM_register\n"
        self.assertEqual(
            check_isa_objects.weak_symbols(listing), ["std::max<int>(int)", "vtable for X", "std::once"])

    def test_only_suffixed_objects_are_looked_at(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in ("dot.cpp.o", "dot_avx2.cpp.o", "dot_avx512.cpp.o", "avx2_notes.cpp.o"):
                path = Path(folder) / "src" / "codecs" / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()
            found = [path.name for path in check_isa_objects.isa_objects(Path(folder))]
        self.assertEqual(found, ["dot_avx2.cpp.o", "dot_avx512.cpp.o"])


if __name__ == "__main__":
    unittest.main()
