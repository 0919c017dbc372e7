#!/usr/bin/env python3
"""adze convert and adze quantize."""
import json
import os
import signal
import subprocess
import time
import unittest
from pathlib import Path

from program import ADZE, CANCELLED, FAILURE, USAGE, VerbTest, shared
from tiny_model import write_tiny_model


class MakesFiles(VerbTest):
    def setUp(self):
        super().setUp()
        self.model = write_tiny_model(self.folder / "tiny.gguf")

    def names(self):
        return sorted(path.name for path in self.folder.iterdir())

    def types(self, path):
        return {row["type"]: row["tensors"] for row in self.json_of("inspect", path)["types"]}

    def refuses_unwritable_outputs(self, *words):
        before = self.names()
        self.refuses(*words, self.folder / "no_such_folder" / "out.gguf", status=None, says="no_such_folder")
        locked = self.folder / "locked"
        locked.mkdir(mode=0o500)
        if os.geteuid() != 0:  # root may write everywhere
            self.refuses(*words, locked / "out.gguf", status=None, says="locked")
        locked.rmdir()
        self.assertEqual(self.names(), before)

    def refuses(self, *words, status=1, **options):
        """Also with a status of None: 1 or 3."""
        if status is not None:
            return super().refuses(*words, status=status, **options)
        try:
            return super().refuses(*words, status=1, **options)
        except AssertionError:
            return super().refuses(*words, status=3, **options)


class Convert(MakesFiles):
    def test_goes_to_hugging_face_and_back_without_loss(self):
        there, back, again = self.folder / "hf", self.folder / "back.gguf", self.folder / "again"
        report = self.json_of("convert", self.model, there)
        self.assertEqual((report["source_format"], report["target_format"], report["fidelity"]), ("gguf", "hf", "copied"))
        self.assertTrue((there / "config.json").is_file())
        self.adze("convert", there, back)
        old, new = ({t["name"]: t for t in self.json_of("inspect", path)["tensors"]} for path in (self.model, back))
        self.assertEqual(old, new)
        self.adze("convert", back, again)
        self.assertEqual(tensors_of(there / "model.safetensors"), tensors_of(again / "model.safetensors"))

    def test_packed_tensors_go_to_mlx_and_back_byte_for_byte(self):
        for kind in ("Q4_0", "Q4_1", "Q5_0", "Q8_0"):
            packed, there, back = (self.folder / f"{kind}{end}" for end in (".gguf", "-mlx", "-back.gguf"))
            self.adze("quantize", self.model, packed, "--type", kind, "--pure")
            report = self.json_of("convert", packed, there, "--require", "exact")
            self.assertEqual((report["target_format"], report["fidelity"]), ("mlx", "exact"))
            self.assertGreater(report["tensors_exact"], 10)
            self.assertEqual(json.loads((there / "config.json").read_text())["quantization"]["group_size"], 32)
            self.json_of("convert", there, back, "--require", "exact")
            self.assertEqual(self.types(packed), self.types(back))
            text = self.adze("run", there, "-p", "the", "-n", "8", "--temp", "0").stdout
            self.assertEqual(text, self.adze("run", packed, "-p", "the", "-n", "8", "--temp", "0").stdout)

    def test_new_codes_are_refused_unless_they_are_asked_for(self):
        affine, packed = self.folder / "six-mlx", self.folder / "out.gguf"
        self.adze("quantize", self.model, affine, "--type", "affine6_g64_f16")
        self.refuses("convert", affine, packed, says="no type of the format holds the codes of affine6_g64_f16.*"
                     "--allow-requantize")
        self.assertFalse(packed.exists())
        report = self.json_of("convert", affine, packed, "--allow-requantize")
        self.assertEqual(report["fidelity"], "requantized")
        self.assertGreater(report["tensors_requantized"], 10)
        self.refuses("convert", affine, packed, "--allow-requantize", "--require", "exact", status=USAGE,
                     says="changes more than --require allows")

    def test_quantizes_into_a_folder_for_mlx_with_its_card(self):
        for words, name in ((("--to", "mlx"), "packed"), ((), "model-mlx/")):
            folder = self.folder / name
            report = self.json_of("quantize", self.model, f"{self.folder}/{name}", "--type", "affine4_g32_f16", *words)
            self.assertEqual({tensor["to"] for tensor in report["tensors"]}, {"affine4_g32_f16", "f32"})
            self.assertGreater(report["stored_bytes"], report["bytes_written"])
            card = json.loads(Path(str(folder).rstrip("/") + ".card.json").read_text())
            self.assertIn("model.safetensors", [Path(file["path"]).name for file in card["output"]["files"]])
            self.adze("verify", folder)
            self.assertEqual(self.types(folder).keys(), {"affine4_g32_f16", "f32"})
        weights = folder / "model.safetensors"
        changed = bytearray(weights.read_bytes())
        changed[-1] ^= 1
        weights.write_bytes(changed)
        self.assertRegex(self.adze("verify", folder, status=FAILURE).stdout, "model.safetensors +different")

    def test_mlx_holds_its_own_types(self):
        target = self.folder / "out-mlx"
        self.refuses("quantize", self.model, target, "--type", "Q4_0", says="mlx cannot hold q8_0.*affine4_g64_f16")
        self.refuses("quantize", self.model, self.folder / "out.gguf", "--type", "affine4_g32_f16",
                     says="gguf cannot hold affine4_g32_f16")
        self.assertFalse(target.exists())

    def test_quantizes_into_folders_of_modules_and_goes_back_exactly(self):
        for method, kind in (("gptq", "int4_g64_f16"), ("gptq", "uint3_g32_f16"), ("awq", "uint4_g64_f16"),
                             ("compressed-tensors", "int8_g32_bf16")):
            folder, floats = self.folder / f"{kind}-{method}", self.folder / f"{kind}-{method}-floats"
            report = self.json_of("quantize", self.model, folder, "--type", kind)
            embedding = next(t for t in report["tensors"] if t["name"] == "token_embd.weight")
            self.assertEqual((embedding["to"], embedding["reason"]), ("f16", f"{method} has floats there"))
            self.assertEqual(json.loads((folder / "config.json").read_text())["quantization_config"]["quant_method"], method)
            self.assertEqual(self.types(folder).keys(), {kind, "f16", "f32"})
            self.adze("convert", folder, floats, "--to", "hf", "--dtype", "f32")
            text = self.adze("run", folder, "-p", "the", "-n", "8", "--temp", "0").stdout
            self.assertEqual(text, self.adze("run", floats, "-p", "the", "-n", "8", "--temp", "0").stdout)

    def test_folders_of_modules_refuse_types_that_they_cannot_hold(self):
        before = self.names()
        for words, says in ((("gptq", "int4_g128_f16"), "rows of 64 do not divide into groups of 128.*"
                             "--type int4_g64_f16 or int4_g32_f16"),
                            (("gptq", "Q4_0"), "gptq cannot hold q4_0.*--type u?int4_g"),
                            (("awq", "int8_g64_f16"), "awq cannot hold int8_g64_f16.*--type u?int4_g"),
                            (("compressed-tensors", "affine4_g64_f16"), "cannot hold affine4_g64_f16.*--type u?int4_g")):
            self.refuses("quantize", self.model, self.folder / "out", "--to", words[0], "--type", words[1], says=says)
        self.refuses("quantize", self.model, self.folder / "out", "--to", "awq", "--type", "int4_g64_f16",
                     "--tensor-type", "attn_v=int4_g32_f16", says="AWQ has one size of groups")
        self.assertEqual(self.names(), before)

    def test_rounded_scales_are_told_in_steps_and_refused_where_they_must_be_exact(self):
        affine, packed = self.folder / "m-mlx", self.folder / "out.gguf"
        self.adze("quantize", self.model, affine, "--type", "affine4_g64_bf16")
        report = self.json_of("convert", affine, packed)
        steps = [t["max_error_steps"] or 0 for t in report["tensors"]]
        self.assertLess(max(steps), 0.2)

    def test_changes_the_type(self):
        half = self.folder / "half.gguf"
        text = self.adze("convert", self.model, half, "--dtype", "F16").stdout
        self.assertRegex(text, r"f32 +f16 +rounded")
        self.assertEqual(self.types(half), {"f16": 15, "f32": 5})  # norms stay

    def test_exact_refuses_to_round_and_writes_nothing(self):
        before = self.names()
        self.refuses("convert", self.model, self.folder / "half.gguf", "--dtype", "f16", "--exact", says="tiny.gguf|half.gguf|blk|token_embd")
        self.assertEqual(self.names(), before)

    def test_writes_shards(self):
        there = self.folder / "hf"
        self.adze("convert", self.model, there, "--shard-size", "100kB")
        shards = list(there.glob("model-*.safetensors"))
        self.assertGreater(len(shards), 2)
        self.assertTrue((there / "model.safetensors.index.json").is_file())
        self.refuses("convert", self.model, there, "--shard-size", "lots", status=USAGE, says="'lots' is not a size")

    def test_converts_a_trained_model(self):
        out = self.folder / "stories.gguf"
        self.adze("convert", shared("data/lm/tinystories-656k"), out)
        text = self.adze("run", out, "-p", "Once upon a time", "-n", 30, "--temp", 0).stdout
        self.assertRegex(text, r"girl named Lily")

    def test_refuses_bad_input(self):
        self.refuses_bad_models("convert", after=[self.folder / "out.gguf"])
        self.refuses("convert", self.model, status=USAGE, says="OUT is missing")
        self.refuses("convert", self.model, "x.gguf", "--to", "onnyx", status=USAGE,
                     says="'onnyx' is not one of gguf.*; did you mean 'onnx'")
        self.refuses("convert", self.model, "x.gguf", "--to", "statistics", status=USAGE, says="only activation statistics")
        self.refuses("convert", self.model, "x.gguf", "--max-ram", "10", says="the limit is 10 bytes")
        self.refuses("convert", self.model, "x.gguf", "--dtype", "f12", status=USAGE, says="'f12' is not one of keep, f32")
        self.refuses("convert", self.model, "x.gguf", "-t", "-1", status=USAGE, says="out of range")
        self.refuses_unwritable_outputs("convert", self.model)

    def test_leaves_an_old_file_alone_when_it_fails(self):
        old = self.folder / "old.gguf"
        old.write_bytes(b"precious")
        self.refuses("convert", self.model, old, "--dtype", "f16", "--exact", says="tensor")
        self.assertEqual(old.read_bytes(), b"precious")


class Quantize(MakesFiles):
    def test_a_recipe_replays_what_a_mix_chose(self):
        mix, again, recipe, options = (self.folder / name for name in ("m.gguf", "a.gguf", "r.json", "r.args"))
        self.json_of("quantize", self.model, mix, "--type", "Q4_K_M", "--save-recipe", recipe)
        report = self.json_of("quantize", self.model, again, "--recipe", recipe, "--save-recipe", options)
        self.assertEqual(report["type"], "recipe")
        old, new = (self.json_of("inspect", path)["tensors"] for path in (mix, again))
        self.assertEqual(old, new)
        self.assertGreater(len(options.read_text().splitlines()), 2)
        self.assertRegex(options.read_text(), r"--tensor-type '\^token_embd\\.weight\$=\w+'")
        lines = json.loads(recipe.read_text())
        lines["tensors"].insert(0, {"name": "blk.7.*", "type": "q8_0"})
        recipe.write_text(json.dumps(lines))
        self.refuses("quantize", self.model, again, "--recipe", recipe, says="blk.7.*")

    def test_makes_it_smaller(self):
        small = self.folder / "small.gguf"
        report = self.json_of("quantize", self.model, small, "--type", "q8_0")
        self.assertEqual(report["type"], "Q8_0")
        self.assertLess(report["bits_per_weight"], 9)
        self.assertEqual(self.types(small), {"q8_0": 15, "f32": 5})
        rounded = [t for t in report["tensors"] if t["fidelity"] == "rounded"]
        self.assertEqual(len(rounded), 15)
        self.assertTrue(all(30 < t["signal_to_noise_db"] < 70 for t in rounded), rounded)

    def test_gives_the_same_bytes_at_any_number_of_threads(self):
        files = []
        for threads in (1, 2, 3):
            files.append(self.folder / f"small{threads}.gguf")
            self.adze("quantize", self.model, files[-1], "--type", "Q4_0", "-t", threads)
        self.assertEqual(len({file.read_bytes() for file in files}), 1)

    def test_says_which_tensor_got_what(self):
        text = self.adze("quantize", self.model, self.folder / "s.gguf", "--type", "Q4_0", "--tensors").stdout
        self.assertRegex(text, r"blk\.0\.attn_q\.weight +\[64, 64\] +f32 +q4_0 +rounded")

    def test_refuses_a_quantized_source_unless_told(self):
        small = self.folder / "small.gguf"
        self.adze("quantize", self.model, small, "--type", "Q8_0")
        self.refuses("quantize", small, self.folder / "smaller.gguf", "--type", "Q4_0", says="--allow-requantize")
        self.adze("quantize", small, self.folder / "smaller.gguf", "--type", "Q4_0", "--allow-requantize")

    def test_follows_what_is_asked_for(self):
        small = self.folder / "small.gguf"
        self.adze("quantize", self.model, small, "--type", "Q8_0", "--pure", "--embedding-type", "bf16",
                  "--tensor-type", r"ffn_(up|gate)=q5_0", "--tensor-type", "blk.0=iq4_nl")
        types = {t["name"]: t["type"] for t in self.json_of("inspect", small)["tensors"]}
        self.assertEqual(types["token_embd.weight"], "bf16")
        self.assertEqual(types["blk.0.ffn_up.weight"], "q5_0")
        self.assertEqual(types["blk.0.attn_q.weight"], "iq4_nl")
        self.assertEqual(types["blk.1.attn_q.weight"], "q8_0")
        out = self.folder / "out.gguf"
        self.refuses("quantize", self.model, out, "--tensor-type", "ffn", status=USAGE, says="REGEX=TYPE")
        self.refuses("quantize", self.model, out, "--tensor-type", "ffn=q9", says="unknown storage type")
        self.refuses("quantize", self.model, out, "--tensor-type", "ffn[=q8_0", says="no regular expression")

    def test_says_beforehand_what_would_be_written(self):
        out = self.folder / "out.gguf"
        words = ("quantize", self.model, out, "--type", "Q8_0")
        plan = self.json_of(*words, "--dry-run")
        self.assertFalse(out.exists())
        report = self.json_of(*words)
        self.assertEqual(plan["stored_bytes"], out.stat().st_size)
        self.assertEqual(plan["stored_bytes"], report["stored_bytes"])
        self.assertEqual([t["bytes"] for t in plan["tensors"]], [t["bytes"] for t in report["tensors"]])
        self.assertGreater(plan["memory_bytes"], 1 << 20)

    def test_splits_keeps_the_split_and_merges(self):
        there = self.folder / "parts"
        there.mkdir()
        whole, merged = self.folder / "whole.gguf", self.folder / "merged.gguf"
        self.adze("convert", self.model, whole)
        self.adze("convert", whole, there / "model.gguf", "--shard-size", "50KB")
        parts = sorted(there.iterdir())
        self.assertGreater(len(parts), 2)
        self.adze("convert", parts[0], merged)
        self.assertEqual(merged.read_bytes(), whole.read_bytes())
        self.adze("quantize", parts[0], there / "small.gguf", "--type", "Q8_0", "--keep-split")
        small = sorted(there.glob("small-*.gguf"))
        self.assertEqual(len(small), len(parts))
        small_whole = self.folder / "small.gguf"
        self.adze("quantize", whole, small_whole, "--type", "Q8_0")
        self.adze("convert", small[-1], merged)
        self.assertEqual(merged.read_bytes(), small_whole.read_bytes())

    def test_wants_importance_for_very_few_bits(self):
        wide = self.folder / "wide.gguf"
        self.adze("make-model", wide, "--type", "F16")
        out = self.folder / "out.gguf"
        self.refuses("quantize", wide, out, "--type", "IQ2_XS", says="--without-importance")
        self.adze("quantize", wide, out, "--type", "IQ2_XS", "--without-importance")
        self.assertIn("iq2_xs", self.types(out))

    def test_uses_activation_statistics(self):
        text, statistics = self.folder / "text.txt", self.folder / "stats.gguf"
        text.write_text("the cat and the dog and the bird sat there for a long while. " * 20)
        self.adze("calibrate", self.model, "--text", text, "-c", 64, "-o", statistics, "--hessians")
        made = {}
        for quantizer in ("nearest", "importance", "hqq", "gptq"):
            target = self.folder / f"{quantizer}.gguf"
            words = ["--type", "Q4_0", "--imatrix", statistics, "--quantizer", quantizer]
            self.assertEqual(self.json_of("quantize", self.model, target, *words)["quantizer"], quantizer)
            made[quantizer] = target.read_bytes()
            self.adze("quantize", self.model, target, *words, "-t", 3)
            self.assertEqual(target.read_bytes(), made[quantizer])
        self.assertEqual(len(set(made.values())), 4)
        by_default = self.folder / "default.gguf"
        self.adze("quantize", self.model, by_default, "--type", "Q4_0", "--imatrix", statistics)
        self.assertEqual(by_default.read_bytes(), made["importance"])
        keys = self.json_of("inspect", by_default)["other"]
        self.assertEqual((keys["quantize.imatrix.file"], keys["quantize.imatrix.dataset"],
                          keys["quantize.imatrix.entries_count"]), ("stats.gguf", "text.txt", 14))
        damped = ["--type", "Q4_0", "--imatrix", statistics, "--quantizer", "gptq", "--set", "damping=1"]
        self.adze("quantize", self.model, by_default, *damped)
        self.assertNotEqual(by_default.read_bytes(), made["gptq"])
        self.refuses("quantize", self.model, "x.gguf", *damped[:-1], "damping=-1", says="0 to 10")
        self.refuses("quantize", self.model, "x.gguf", *damped[:-1], "haste=1", says="it has damping")
        self.refuses("quantize", self.model, "x.gguf", "--quantizer", "gptq", says="calibrate MODEL --hessians")
        self.refuses("quantize", self.model, "x.gguf", "--imatrix", self.model, says="holds no importance")

    def test_refuses_bad_input(self):
        self.refuses_bad_models("quantize", after=[self.folder / "out.gguf"])
        self.refuses("quantize", self.model, "x.gguf", "--type", "Q9_9", status=USAGE, says="'Q9_9' is not one of .*Q4_K_M")
        self.refuses("quantize", self.model, "x.gguf", "--quantizer", "magic", status=USAGE, says="not one of nearest")
        self.refuses_unwritable_outputs("quantize", self.model)

    def test_ctrl_c_leaves_no_file(self):
        big = self.folder / "big.gguf"
        big.write_bytes(big_model())
        before = self.names()
        for delay in (0.05, 0.3):
            process = subprocess.Popen([ADZE, "quantize", big, self.folder / "out.gguf", "--type", "Q5_0"],
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            time.sleep(delay)
            process.send_signal(signal.SIGINT)
            _, messages = process.communicate(timeout=60)
            if process.returncode not in (-signal.SIGINT, CANCELLED):  # before it listens, the system ends it
                self.fail(f"{process.returncode}: {messages}")
            self.assertEqual(self.names(), before)


class MakeModel(MakesFiles):
    def test_writes_a_model_that_runs(self):
        out = self.folder / "random.gguf"
        report = self.json_of("make-model", out, "--type", "q4_k_m", "--seed", "3")
        self.assertEqual((report["shape"], report["type"]), ("tiny", "Q4_K_M"))
        self.assertEqual(report["stored_bytes"], out.stat().st_size)
        self.assertEqual(self.types(out)["q4_k"], 12)
        self.assertTrue(self.adze("run", out, "-p", "the sea", "-n", "5", "--temp", "0").stdout.strip())

    def test_is_made_again_from_the_same_seed(self):
        files = [self.folder / f"{i}.gguf" for i in range(3)]
        for path, seed, threads in zip(files, (1, 1, 2), (1, 4, 1)):
            self.adze("make-model", path, "--seed", seed, "--threads", threads)
        one, same, other = (path.read_bytes() for path in files)
        self.assertEqual(one, same)
        self.assertNotEqual(one, other)

    def test_refuses_unknown_shapes_and_types(self):
        self.refuses("make-model", self.folder / "x.gguf", "--shape", "huge", status=USAGE, says="tiny")
        self.refuses("make-model", self.folder / "x.gguf", "--type", "Q9", status=USAGE, says="Q4_0")
        self.refuses_unwritable_outputs("make-model")


def tensors_of(path):
    """name -> (shape, bytes) of a safetensors file."""
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8:8 + size])
    header.pop("__metadata__", None)
    return {name: (entry["shape"], data[8 + size:][slice(*entry["data_offsets"])]) for name, entry in header.items()}


def big_model():
    """One matrix of 64 Mi numbers without an architecture, sparse on disk: seconds of work."""
    from struct import pack
    from tiny_model import key, string
    rows, columns = 16384, 4096
    info = string("big.weight") + pack("<IQQIQ", 2, columns, rows, 0, 0)
    head = b"GGUF" + pack("<IQQ", 3, 1, 1) + key("general.architecture", 8, "llama") + info
    return head + bytes(-len(head) % 32) + bytes(rows * columns * 4)


if __name__ == "__main__":
    unittest.main()
