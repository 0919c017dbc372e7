#!/usr/bin/env python3
"""adze split and adze merge: sizes, names, parts that do not belong together, nothing half-written."""
import os
import resource
import shutil
import struct
import subprocess
import unittest
from unittest import mock

from program import ADZE, UNAVAILABLE, USAGE, VerbTest
from tiny_model import write_tiny_model


class Split(VerbTest):
    def setUp(self):
        super().setUp()
        self.model = write_tiny_model(self.folder / "tiny.gguf")
        self.there = self.folder / "parts"
        self.there.mkdir()

    def parts(self, name="m"):
        return sorted(self.there.glob(f"{name}-*.gguf"))

    def split(self, *words, name="m", model=None):
        return self.json_of("split", model or self.model, self.there / name, *words)

    def test_parts_keep_within_the_size_and_merge_to_the_same_bytes(self):
        report = self.split("--max-size", "60KB")
        parts = self.parts()
        self.assertGreater(len(parts), 3)
        self.assertEqual(report["files"], len(parts))
        self.assertEqual([p["path"] for p in report["parts"]], [str(p) for p in parts])
        self.assertEqual([p["bytes"] for p in report["parts"]], [p.stat().st_size for p in parts])
        # The embedding alone is larger than that.
        self.assertEqual([p.name for p in parts if p.stat().st_size > 60_000], [parts[0].name])
        for part in (parts[0], parts[-1]):
            merged = self.folder / "merged.gguf"
            self.assertEqual(self.json_of("merge", part, merged)["parts"], len(parts))
            self.assertEqual(merged.read_bytes(), self.model.read_bytes())

    def test_the_largest_size_is_never_passed_by_the_header(self):
        for size in (100_000, 100_001, 131_072, 150_000):
            for old in self.parts():
                old.unlink()
            self.split("--max-size", str(size))
            self.assertLessEqual(max(p.stat().st_size for p in self.parts()), size)

    def test_says_when_a_tensor_is_larger_than_asked_for(self):
        done = self.adze("split", self.model, self.there / "m", "--max-size", "60KB")
        self.assertIn("1 of", done.stderr)
        self.assertIn("larger than asked for", done.stderr)

    def test_counts_tensors(self):
        report = self.split("--max-tensors", "8")
        self.assertEqual([p["tensors"] for p in report["parts"]], [8, 8, 4])
        self.assertEqual(report["tensors"], 20)

    def test_one_part_is_numbered_too_and_a_folder_takes_the_name(self):
        self.adze("split", self.model, self.there, "--max-size", "1GB")
        self.assertEqual([p.name for p in self.there.iterdir()], ["tiny-00001-of-00001.gguf"])
        merged = self.folder / "merged.gguf"
        self.adze("merge", self.there / "tiny-00001-of-00001.gguf", merged)
        self.assertEqual(merged.read_bytes(), self.model.read_bytes())

    def test_splits_again_what_is_split(self):
        self.split("--max-tensors", "3")
        self.split("--max-tensors", "11", name="again", model=self.parts()[2])
        merged = self.folder / "merged.gguf"
        self.adze("merge", self.parts("again")[1], merged)
        self.assertEqual(merged.read_bytes(), self.model.read_bytes())

    def test_a_dry_run_writes_nothing(self):
        planned = self.split("--max-size", "60KB", "--dry-run")["parts"]
        self.assertEqual(list(self.there.iterdir()), [])
        self.assertEqual(self.split("--max-size", "60KB")["parts"], planned)

    def test_more_parts_than_open_files(self):
        limit = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))
        command = [ADZE, "split", self.model, self.there / "m", "--max-tensors", "1"]
        done = subprocess.run(command, preexec_fn=limit, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(self.parts()), 20)

    def test_parts_run_like_the_whole(self):
        self.split("--max-tensors", "5")
        words = ("-p", "the cat", "-n", 8, "--temp", 0, "--ignore-end")
        self.assertEqual(self.adze("run", self.parts()[0], *words).stdout, self.adze("run", self.model, *words).stdout)

    def test_quantize_writes_parts(self):
        whole = self.folder / "small.gguf"
        self.adze("quantize", self.model, whole, "--type", "Q8_0", "--no-card")
        words = ("quantize", self.model, self.there / "small.gguf", "--type", "Q8_0")
        report = self.json_of(*words, "--shard-size", "30KB", "--card", "streaming")
        parts = self.parts("small")
        self.assertEqual(report["files"], len(parts))
        self.assertGreater(len(parts), 2)
        merged = self.folder / "merged.gguf"
        self.adze("merge", parts[1], merged)
        self.assertEqual(merged.read_bytes(), whole.read_bytes())
        self.assertTrue(self.json_of("verify", self.there / "small.gguf")["made_again"])
        self.refuses(*words, "--shard-size", "30KB", "--keep-split", status=USAGE, says="cannot both decide")

    # ---- what does not belong together

    def merge_refuses(self, says, status=1):
        target = self.folder / "merged.gguf"
        self.refuses("merge", self.parts()[0], target, status=status, says=says)
        self.assertFalse(target.exists())

    def test_a_missing_part(self):
        self.split("--max-tensors", "7")
        self.parts()[1].unlink()
        self.merge_refuses(r"m-00002-of-00003.gguf: part 2 of 3 of this model is missing", UNAVAILABLE)

    def test_a_part_twice(self):
        self.split("--max-tensors", "7")
        shutil.copy(self.parts()[0], self.parts()[1])
        self.merge_refuses(r"m-00002-of-00003.gguf: its keys say part 1 of 3, its name says part 2")

    def test_a_part_of_a_model_with_other_tensors(self):
        with mock.patch("tiny_model.LAYERS", 1):
            other = write_tiny_model(self.folder / "other.gguf")
        self.split("--max-tensors", "7")
        self.split("--max-tensors", "4", name="o", model=other)
        shutil.copy(self.there / "o-00002-of-00003.gguf", self.parts()[1])
        self.merge_refuses("m-00002-of-00003.gguf: belongs to a model with 11 tensors, part 1 to one with 20")

    def test_a_part_of_another_kind_of_splitting(self):
        self.split("--max-tensors", "7")
        self.split("--max-tensors", "8", name="o")
        shutil.copy(self.there / "o-00002-of-00003.gguf", self.parts()[1])
        self.merge_refuses(r"m-00003-of-00003.gguf: tensor 'blk.1.\S+' is in another part too \(\S+m-00002-of")

    def test_a_truncated_part(self):
        self.split("--max-tensors", "7")
        part = self.parts()[2]
        os.truncate(part, part.stat().st_size // 2)
        self.merge_refuses(r"m-00003-of-00003.gguf: .*complete\?")

    def test_merging_what_is_whole_and_into_the_name_of_a_part(self):
        self.refuses("merge", self.model, self.folder / "x.gguf", says="no part of a split model")
        self.split("--max-tensors", "7")
        self.refuses("merge", self.parts()[0], self.there / "x-00001-of-00002.gguf", says="name says that it is a part")

    def test_reads_the_keys_that_others_leave_in_merged_files(self):
        data = self.model.read_bytes()
        keys, = struct.unpack_from("<Q", data, 16)
        extra = struct.pack("<Q", 11) + b"split.count" + struct.pack("<IH", 2, 0)
        head = data[:16] + struct.pack("<Q", keys + 1) + extra
        # The data must stay at a multiple of the alignment: more bytes by another key.
        filler = 32 - (len(extra) + 8 + 1 + 4 + 8) % 32
        head = data[:16] + struct.pack("<Q", keys + 2) + extra + struct.pack("<Q", 1) + b"x" + struct.pack("<IQ", 8, filler)
        (self.folder / "theirs.gguf").write_bytes(head + b"y" * filler + data[24:])
        self.split("--max-tensors", "7", model=self.folder / "theirs.gguf")
        self.adze("merge", self.parts()[0], self.folder / "merged.gguf")
        self.assertNotIn(b"split.count", (self.folder / "merged.gguf").read_bytes())

    # ---- usage

    def test_bad_input(self):
        self.refuses("split", self.model, self.there / "m", status=USAGE, says="--max-size SIZE or --max-tensors N")
        self.refuses("split", self.model, self.there / "m", "--max-size", "0", status=USAGE, says="more than 0")
        self.refuses("split", self.model, self.there / "m", "--max-tensors", "0", status=USAGE, says="out of range")
        self.refuses("split", self.model, self.there / "no" / "m", "--max-tensors", "3", says="cannot create a file")
        self.refuses_bad_models("split", after=[self.there / "m", "--max-tensors", "3"])
        self.adze("convert", self.model, self.folder / "hf")
        self.refuses("split", self.folder / "hf", self.there / "m", "--max-tensors", "3", says="convert --shard-size")
        self.assertEqual(list(self.there.iterdir()), [])

    def test_a_full_disk_leaves_nothing(self):
        limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
        command = [ADZE, "split", self.model, self.there / "m", "--max-tensors", "8"]
        done = subprocess.run(command, preexec_fn=limit, capture_output=True, text=True)
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(self.parts(), [])


if __name__ == "__main__":
    unittest.main()
