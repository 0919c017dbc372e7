#!/usr/bin/env python3
"""adze list and adze doctor."""
import unittest

from program import UNAVAILABLE, USAGE, VerbTest


class List(VerbTest):
    def test_every_table_is_there_and_full(self):
        tables = self.json_of("list")
        self.assertLessEqual({"codecs", "formats", "architectures", "ops", "kernels", "backends", "passes", "mixes",
                              "quantizers", "shapes"},
                             {t["table"] for t in tables})
        for table in tables:
            rows = self.json_of("list", table["table"])
            self.assertEqual(len(rows), table["entries"])
            self.assertTrue(all(all(cell not in ("", None) for cell in row.values()) for row in rows), table)
            text = self.adze("list", table["table"]).stdout
            self.assertEqual(len(text.splitlines()), len(rows) + 2)

    def test_codecs_have_their_bits(self):
        bits = {row["name"]: row["bits"] for row in self.json_of("list", "codecs")}
        self.assertEqual((bits["f32"], bits["q4_0"], bits["q8_0"], bits["q4_k"]), (32, 4.5, 8.5, 4.5))

    def test_refuses_unknown_tables(self):
        self.refuses("list", "codes", status=UNAVAILABLE, says="no table 'codes'; did you mean 'codecs'")
        self.refuses("list", "codes", "--json", status=UNAVAILABLE, says="no table")
        self.refuses("list", "codecs", "ops", status=USAGE, says="unexpected argument 'ops'")


class Doctor(VerbTest):
    def test_shows_the_machine(self):
        text = self.adze("doctor").stdout
        for line in (r"Processors usable +[1-9]", r"Memory +[0-9.]+ .B", r"Kernels up to +\w+"):
            self.assertRegex(text, line)

    def test_reports_json(self):
        report = self.json_of("doctor")
        self.assertGreaterEqual(report["machine"]["processors_usable"], 1)
        self.assertGreater(report["machine"]["memory_bytes"], 0)
        self.assertTrue(all(1 <= k["usable"] <= k["all"] for k in report["kernels"]))

    def test_obeys_the_forced_instruction_set(self):
        report = self.json_of("doctor", environment={"ADZE_FORCE_ISA": "scalar"})
        self.assertEqual(report["machine"]["kernels_up_to"], "scalar")
        self.assertTrue(all(k["first_choice"] for k in report["kernels"]))

    def test_looks_into_the_cache_it_is_told_of(self):
        (self.folder / "models").mkdir()
        (self.folder / "models" / "some.gguf").write_bytes(b"12345")
        models = self.json_of("doctor", environment={"ADZE_CACHE": str(self.folder)})["model_cache"]
        self.assertEqual([m["bytes"] for m in models], [5])


if __name__ == "__main__":
    unittest.main()
