#!/usr/bin/env python3
"""adze list and adze doctor."""
import json
import re
import unittest

from program import ROOT, UNAVAILABLE, USAGE, VerbTest


class List(VerbTest):
    def test_every_table_is_there_and_full(self):
        tables = self.json_of("list")
        self.assertLessEqual({"codecs", "formats", "architectures", "ops", "kernels", "backends", "passes", "mixes",
                              "quantizers", "samplers", "shapes"},
                             {t["table"] for t in tables})
        for table in tables:
            rows = self.json_of("list", table["table"])
            self.assertEqual(len(rows), table["entries"])
            self.assertTrue(all(all(cell not in ("", None) for cell in row.values()) for row in rows), table)
            text = self.adze("list", table["table"]).stdout
            self.assertEqual(len(text.splitlines()), len(rows) + 2)

    def test_passes_say_which_models_they_are_for(self):
        passes = {row["name"]: row for row in self.json_of("list", "passes")}
        row = passes["fold_constants"]
        self.assertEqual((row["of_language_models"], row["of_graph_formats"]), (False, True))

    def test_codecs_have_their_bits(self):
        bits = {row["name"]: row["bits"] for row in self.json_of("list", "codecs")}
        self.assertEqual((bits["f32"], bits["q4_0"], bits["q8_0"], bits["q4_k"]), (32, 4.5, 8.5, 4.5))

    def test_the_page_on_sampling_has_every_sampler_and_option(self):
        page = (ROOT / "docs" / "sampling.md").read_text()
        for sampler in self.json_of("list", "samplers"):
            if sampler["name"] != "draw":
                self.assertIn(f"| `{sampler['name']}` |", page)
        options = self.adze("run", "--help").stdout.partition("Sampling (")[2].partition("Running")[0]
        names = re.findall(r"^ +(--[a-z-]+)(?:, (--[a-z-]+))?", options, re.M)
        self.assertGreater(len(names), 25)
        for pair in names:
            self.assertTrue(any(f"`{name}`" in page for name in pair if name), pair)

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

    def test_measures_the_machine_once(self):
        here = {"ADZE_CACHE": str(self.folder / "cache")}
        self.assertIsNone(self.json_of("doctor", environment=here)["limits"])
        self.assertIn("not measured", self.adze("doctor", environment=here).stdout)
        measured = self.json_of("doctor", "--measure", environment=here)["limits"]
        self.assertEqual(self.json_of("doctor", environment=here)["limits"], measured)
        self.assertIn(1, [read["threads"] for read in measured["reads"]])
        for read in measured["reads"]:
            self.assertGreaterEqual(read["bytes_per_second"]["best"], read["bytes_per_second"]["median"])
            self.assertGreater(read["bytes_per_second"]["median"], 0)
        for rate in measured["multiply_adds"]:
            self.assertGreater(rate["int8_per_second"]["median"], 0)
            self.assertGreater(rate["f32_per_second"]["median"], 0)
        self.assertRegex(self.adze("doctor", environment=here).stdout, r"[0-9.]+ GMAC/s")

    def test_takes_damaged_or_foreign_measurements_for_none(self):
        here = {"ADZE_CACHE": str(self.folder), "ADZE_FORCE_ISA": "scalar"}
        kept = self.folder / "machine-scalar.json"
        good = {"processor": "another", "isa": "scalar", "int8_instruction": "x", "f32_instruction": "y", "reads": [],
                "multiply_adds": []}
        for content in ("{", "[]", '{"processor": 3}', json.dumps(good), json.dumps({**good, "reads": [{"threads": -1}]})):
            kept.write_text(content)
            self.assertIsNone(self.json_of("doctor", environment=here)["limits"], content)

    def test_probes_memory(self):
        report = self.json_of("doctor", "--probe", 1, "--block", 4, environment={"ADZE_CACHE": str(self.folder / "none")})
        self.assertEqual((report["threads"], report["block_bytes"]), (1, 4 << 20))
        self.assertGreater(report["median_bytes_per_second"], 0)
        self.assertFalse((self.folder / "none").exists())
        self.refuses("doctor", "--probe", 0, status=USAGE, says="out of range")

    def test_looks_into_the_cache_it_is_told_of(self):
        (self.folder / "models").mkdir()
        (self.folder / "models" / "some.gguf").write_bytes(b"12345")
        models = self.json_of("doctor", environment={"ADZE_CACHE": str(self.folder)})["model_cache"]
        self.assertEqual([m["bytes"] for m in models], [5])


if __name__ == "__main__":
    unittest.main()
