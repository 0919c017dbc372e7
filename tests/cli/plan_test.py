#!/usr/bin/env python3
"""adze plan: its figures against what quantizing and running really take, and models that are only headers yet."""
import os
import subprocess
import unittest

from hub_server import Hub
from program import ADZE, UNAVAILABLE, USAGE, VerbTest
from tiny_model import write_tiny_model

MEGABYTE = 1_000_000


class Plan(VerbTest):
    def setUp(self):
        super().setUp()
        self.model = write_tiny_model(self.folder / "tiny.gguf")

    def plan(self, model, *words, **more):
        report = self.json_of("plan", model, *words, **more)
        report["by_name"] = {row["name"]: row for row in report["types"]}
        return report

    def memory_of_run(self, model, *words):
        return self.json_of("run", model, "-p", "the", "-n", 1, "--temp", 0, *words)["memory"]

    def check_against_run(self, row, plan, model, kv="f16", *words):
        memory = self.memory_of_run(model, "--kv", kv, *words)
        self.assertEqual(row["weight_bytes"], memory["weight_bytes"])
        self.assertEqual(row["activation_bytes"], memory["activation_bytes"])
        self.assertEqual(plan[f"cache_{kv}_bytes"], memory["cache_bytes"])

    def test_a_model_as_it_is_takes_what_the_plan_says(self):
        for words in (("-c", 256), ("-c", 100, "-t", 1), ("-c", 256, "--weights", "mapped")):
            plan = self.plan(self.model, *words)
            self.check_against_run(plan["by_name"]["as it is"], plan, self.model, "f16", *words)

    def test_a_mix_takes_what_the_plan_says(self):
        wide = self.folder / "wide.gguf"  # rows that every type divides
        self.adze("make-model", wide, "--type", "F16")
        plan = self.plan(wide, "-c", 512)
        for mix, kv in (("Q8_0", "f16"), ("Q4_K_M", "q8_0"), ("Q4_0", "q4_0"), ("Q6_K", "f16")):
            target = self.folder / f"{mix}.gguf"
            report = self.json_of("quantize", wide, target, "--type", mix, "--no-card")
            row = plan["by_name"][mix]
            self.assertEqual(row["tensor_bytes"], report["bytes_written"])
            self.assertAlmostEqual(row["bits_per_weight"], report["bits_per_weight"], places=6)
            self.check_against_run(row, plan, target, kv, "-c", 512)

    @unittest.skipIf(os.environ.get("ADZE_SANITIZE"), "a sanitizer's own memory is counted too")
    def test_the_whole_process_takes_about_that(self):
        model = self.folder / "made.gguf"
        self.adze("make-model", model, "--shape", "smollm2-135m", "--type", "Q4_0")
        plan = self.plan(model, "-c", 1024)
        words = [ADZE, "run", model, "-c", "1024", "-p", "a b c d " * 150, "-n", "2", "--ignore-end", "--temp", "0", "--json"]
        process = subprocess.Popen(list(map(str, words)), stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(status, 0)
        row = plan["by_name"]["as it is"]
        peak = usage.ru_maxrss * 1024
        # Of the cache, the part that holds tokens is real; while packing, some pages of the file are there as well.
        self.assertLess(abs(peak - row["memory_f16_bytes"]), 0.1 * peak + 16 * MEGABYTE)

    def test_the_best_is_the_finest_that_fits(self):
        wide = self.folder / "wide.gguf"
        self.adze("make-model", wide, "--type", "F16")
        everything = self.plan(wide, "-c", 512, "--ram", "100GB")
        self.assertEqual(everything["best"], "as it is")
        self.assertEqual(everything["best_cache"], "f16")
        rows = everything["by_name"]
        limit = rows["Q6_K"]["memory_f16_bytes"] + 1_500_000  # the program itself is not always of one size
        tight = self.plan(wide, "-c", 512, "--ram", limit)
        chosen = tight["by_name"][tight["best"]]
        self.assertLessEqual(tight["best_memory_bytes"], limit)
        for row in tight["types"]:
            if row["bits_per_weight"] > chosen["bits_per_weight"] and row["may_be_best"]:
                self.assertIsNone(row["fits_with"], row["name"])
        nothing = self.adze("plan", wide, "-c", 512, "--ram", "1MB")
        self.assertIn("nothing fits", nothing.stderr)
        self.assertIsNone(self.plan(wide, "--ram", "1MB")["best"])

    def test_mixes_that_make_sense(self):
        wide = self.folder / "wide.gguf"
        self.adze("make-model", wide, "--type", "F16")
        rows = self.plan(wide, "--ram", "1.5GB")["types"]
        self.assertEqual(rows[0]["name"], "as it is")
        sizes = [row["tensor_bytes"] for row in rows]
        self.assertEqual(sizes, sorted(sizes, reverse=True))
        self.assertGreater(len(rows), 15)
        names = {row["name"] for row in rows}
        self.assertFalse(names & {"F32", "F16", "BF16"}, "no smaller than the model")
        self.assertEqual(len(names & {"Q8_0", "MXFP4_MOE"}), 1, "the same types without experts")
        by_name = {row["name"]: row for row in rows}
        self.assertTrue(by_name["Q4_K_M"]["may_be_best"])
        self.assertFalse(by_name["TQ1_0"]["may_be_best"] or by_name["IQ1_S"]["may_be_best"])

    def test_speed_follows_the_bandwidth(self):
        slow = self.plan(self.model, "-c", 256, "--bandwidth", "1GB")["by_name"]["as it is"]
        fast = self.plan(self.model, "-c", 256, "--bandwidth", "2GB")["by_name"]["as it is"]
        self.assertAlmostEqual(fast["most_tokens_per_second"], 2 * slow["most_tokens_per_second"], places=3)
        unknown = self.adze("plan", self.model, environment={"ADZE_CACHE": str(self.folder / "empty")})
        self.assertIn("adze doctor --measure", unknown.stderr)

    def test_a_quantized_model_is_not_quantized_again(self):
        small = self.folder / "small.gguf"
        self.adze("quantize", self.model, small, "--type", "Q8_0", "--no-card")
        self.assertEqual([row["name"] for row in self.plan(small)["types"]], ["as it is"])

    def test_usage(self):
        self.refuses_bad_models("plan")
        self.refuses("plan", self.model, "--ram", "lots", status=USAGE, says="'lots' is not a size")
        text = self.adze("plan", self.model, "--ram", "1GB").stdout
        self.assertRegex(text, r"Best +as it is")


class PlanOfTheHub(VerbTest):
    def setUp(self):
        super().setUp()
        self.model = write_tiny_model(self.folder / "tiny.gguf")
        self.adze("make-model", self.folder / "big.gguf", "--shape", "smollm2-135m", "--type", "Q8_0")
        self.adze("convert", self.model, self.folder / "hf")
        folder = {p.name: p.read_bytes() for p in (self.folder / "hf").iterdir()}
        self.adze("split", self.model, self.folder / "parts", "--max-tensors", 8)
        parts = {p.name: p.read_bytes() for p in self.folder.glob("parts-*.gguf")}
        self.hub = Hub({"o/gguf": {"tiny.gguf": self.model.read_bytes()}, "o/hf": folder, "o/parts": parts,
                        "o/big": {"big.gguf": (self.folder / "big.gguf").read_bytes()}})
        self.addCleanup(self.hub.close)
        self.environment = {"HF_ENDPOINT": self.hub.hub_url, "HF_HUB_CACHE": str(self.folder / "cache"), "HF_TOKEN": "",
                            "HF_HUB_OFFLINE": "", "no_proxy": "127.0.0.1", "TMPDIR": str(self.folder / "tmp")}
        (self.folder / "tmp").mkdir()

    def plan(self, name, *words):
        return self.json_of("plan", name, "-c", 256, *words, environment=self.environment)

    def test_headers_tell_what_the_model_tells(self):
        keys = ("tensor_bytes", "bits_per_weight", "weight_bytes", "activation_bytes", "read_bytes_per_token")
        for name, local in (("hf:o/gguf", self.model), ("hf:o/hf", self.folder / "hf"),
                            ("hf:o/parts", sorted(self.folder.glob("parts-*.gguf"))[0])):
            remote, here = self.plan(name), self.plan(local)
            self.assertEqual([r["name"] for r in remote["types"]], [r["name"] for r in here["types"]])
            for theirs, ours in zip(remote["types"], here["types"]):
                self.assertEqual([theirs[k] for k in keys], [ours[k] for k in keys], f"{name} {ours['name']}")
        self.assertFalse((self.folder / "cache").exists())
        self.assertEqual(list((self.folder / "tmp").iterdir()), [])

    def test_only_headers_are_fetched(self):
        size = (self.folder / "big.gguf").stat().st_size
        report = self.plan("hf:o/big")
        self.assertLess(size - report["types"][0]["tensor_bytes"], 4 * MEGABYTE)
        self.assertLess(self.hub.served_bytes("big.gguf"), size // 8)

    def test_what_was_fetched_is_taken_from_the_cache(self):
        self.adze("pull", "hf:o/gguf", environment=self.environment)
        asked = len(self.hub.asked())
        self.plan("hf:o/gguf")
        self.assertEqual(len(self.hub.asked()), asked)

    def test_what_is_not_there(self):
        self.refuses("plan", "hf:o/nothing", status=UNAVAILABLE, says="does not exist", environment=self.environment)
        self.hub.repositories["o/bad"] = {"bad.gguf": b"GGUF" + bytes(2000)}
        self.refuses("plan", "hf:o/bad", says="bad.gguf", environment=self.environment)
        self.assertEqual(list((self.folder / "tmp").iterdir()), [])


if __name__ == "__main__":
    unittest.main()
