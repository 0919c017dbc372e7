#!/usr/bin/env python3
"""adze quantize when it is killed, out of disk, out of memory, or its source is cut: never a half-written target, and
--resume ends with the same bytes."""
import hashlib
import os
import random
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from program import ADZE, UNAVAILABLE, VerbTest
from tiny_model import key, string

from struct import pack

TYPE = "Q4_K_M"
ROWS, COLUMNS, TENSORS = 2048, 1024, 24


def layered_model():
    """Two dozen matrices of noise, 200 MB: enough tensors and work to be stopped among."""
    infos, offset = b"", 0
    for i in range(TENSORS):
        infos += string(f"blk.{i}.ffn_up.weight") + pack("<IQQIQ", 2, COLUMNS, ROWS, 0, offset)
        offset += ROWS * COLUMNS * 4
    head = b"GGUF" + pack("<IQQ", 3, TENSORS, 2) + key("general.architecture", 8, "llama") + key("llama.block_count", 4, TENSORS) + infos
    noise = bytearray()
    generator = random.Random(5)
    row = [pack("<f", generator.gauss(0, 0.02)) for _ in range(4096)]
    for _ in range(ROWS * COLUMNS // 4096):
        generator.shuffle(row)
        noise += b"".join(row)
    return head + bytes(-len(head) % 32) + bytes(noise) * TENSORS


class Interrupted(VerbTest):
    @classmethod
    def setUpClass(cls):
        scratch = tempfile.TemporaryDirectory()
        cls.addClassCleanup(scratch.cleanup)
        cls.source = Path(scratch.name) / "layers.gguf"
        cls.source.write_bytes(layered_model())
        whole = Path(scratch.name) / "whole.gguf"
        subprocess.run([ADZE, "quantize", cls.source, whole, "--no-card", "--type", TYPE], check=True, stdout=subprocess.DEVNULL)
        cls.expected = hashlib.sha256(whole.read_bytes()).hexdigest()

    def setUp(self):
        super().setUp()
        self.out = self.folder / "out.gguf"
        self.partial, self.journal = (self.folder / f"out.gguf.{end}" for end in ("partial", "journal"))

    def hash_of(self, path):
        return hashlib.sha256(path.read_bytes()).hexdigest()

    def tensors_done(self):
        return self.journal.read_bytes().count(b"\n") - 1 if self.journal.exists() else 0

    def stop_after(self, tensors, how=signal.SIGKILL, words=()):
        """Starts a run and stops it once so many tensors are complete. Returns how many were."""
        process = subprocess.Popen([ADZE, "quantize", self.source, self.out, "--no-card", "--type", TYPE, "-t", "1", *words],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while process.poll() is None and self.tensors_done() < tensors:
            time.sleep(0.002)
        process.send_signal(how)
        self.messages = process.communicate(timeout=60)[1]
        return self.tensors_done()

    def check_resumed(self, at_least, words=()):
        report = self.json_of("quantize", self.source, self.out, "--no-card", "--type", TYPE, "--resume", *words)
        self.assertGreaterEqual(report["resumed_tensors"], at_least)
        self.assertEqual(self.hash_of(self.out), self.expected)
        self.assertEqual([path.name for path in self.folder.iterdir()], ["out.gguf"])
        return report

    def test_killed_at_any_point_it_resumes_to_the_same_bytes(self):
        self.out.write_bytes(b"precious")
        for tensors in (1, random.randrange(2, TENSORS // 2), random.randrange(TENSORS // 2, TENSORS - 2)):
            done = self.stop_after(tensors, words=["--resume"])
            self.assertGreaterEqual(done, 1)
            self.assertEqual(self.out.read_bytes(), b"precious")
        self.check_resumed(done)

    def test_the_report_of_a_resumed_run_covers_all_tensors(self):
        whole = self.json_of("quantize", self.source, self.folder / "whole.gguf", "--no-card", "--type", TYPE)
        (self.folder / "whole.gguf").unlink()
        self.stop_after(3)
        resumed = self.check_resumed(3)
        for old, new in zip(whole["tensors"], resumed["tensors"]):
            self.assertEqual((old["name"], old["fidelity"]), (new["name"], new["fidelity"]))
            self.assertAlmostEqual(old["signal_to_noise_db"], new["signal_to_noise_db"], places=6)

    def test_ctrl_c_keeps_what_is_complete_and_says_so(self):
        done = self.stop_after(2, signal.SIGINT)
        self.assertGreaterEqual(done, 2)
        self.assertRegex(self.messages, r"\d+ of 24 tensors are complete, --resume goes on")
        self.check_resumed(done, ["-t", "3", "--max-ram", "100MB"])

    def test_without_resume_it_begins_anew_and_says_so(self):
        self.stop_after(2)
        done = self.adze("quantize", self.source, self.out, "--no-card", "--type", TYPE)
        self.assertRegex(done.stderr, r"tensors of an earlier run are given up; --resume would have")
        self.assertEqual(self.hash_of(self.out), self.expected)
        self.assertFalse(self.partial.exists() or self.journal.exists())

    def test_damage_is_found_and_written_again(self):
        self.stop_after(6)
        with self.partial.open("r+b") as file:  # in the middle of what is complete
            file.seek(ROWS * COLUMNS * 2)
            byte = file.read(1)
            file.seek(-1, os.SEEK_CUR)
            file.write(bytes([byte[0] ^ 1]))
        report = self.check_resumed(0)
        self.assertLess(report["resumed_tensors"], 6)

    def test_after_a_loss_of_power_the_journal_may_know_more_than_the_file(self):
        self.stop_after(5)
        os.truncate(self.partial, self.partial.stat().st_size // 3)
        with self.journal.open("ab") as file:
            file.write(b'{"tensor": "blk.')
        self.check_resumed(1)

    def test_refuses_to_go_on_with_another_request(self):
        self.stop_after(2)
        before = self.journal.read_bytes()
        words = ["quantize", self.source, self.out, "--no-card", "--resume"]
        self.refuses(*words, "--type", "Q6_K", says=r'type was "Q4_K_M", is "Q6_K"')
        self.refuses(*words, "--no-card", "--type", TYPE, "--tensor-type", "blk.7=q8_0", says="tensor types was")
        other = self.folder / "other.gguf"
        data = bytearray(self.source.read_bytes())
        data[-ROWS * COLUMNS * 4 + 2] ^= 1
        other.write_bytes(data)
        self.refuses("quantize", other, self.out, "--no-card", "--type", TYPE, "--resume", says="source was")
        other.unlink()
        self.assertEqual(self.journal.read_bytes(), before)
        self.check_resumed(2)

    def test_two_at_a_time_are_refused(self):
        process = subprocess.Popen([ADZE, "quantize", self.source, self.out, "--no-card", "--type", TYPE, "-t", "1"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while process.poll() is None and self.tensors_done() < 1:
            time.sleep(0.002)
        self.refuses("quantize", self.source, self.out, "--no-card", "--type", TYPE, says="another process is writing")
        self.assertEqual(process.wait(timeout=120), 0)
        self.assertEqual(self.hash_of(self.out), self.expected)

    def test_a_source_cut_in_mid_file_leaves_no_target(self):
        copy = self.folder / "copy.gguf"
        copy.write_bytes(self.source.read_bytes())
        process = subprocess.Popen([ADZE, "quantize", copy, self.out, "--no-card", "--type", TYPE, "-t", "1"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while process.poll() is None and self.tensors_done() < 2:
            time.sleep(0.002)
        os.truncate(copy, copy.stat().st_size // 2)
        _, messages = process.communicate(timeout=60)
        self.assertNotEqual(process.returncode, 0)
        self.assertRegex(messages, r"copy\.gguf: was (cut|changed or truncated)")
        self.assertFalse(self.out.exists())
        self.refuses("quantize", copy, self.out, "--no-card", "--type", TYPE, "--resume", says="copy.gguf")
        copy.write_bytes(self.source.read_bytes())
        report = self.json_of("quantize", copy, self.out, "--no-card", "--type", TYPE, "--resume")
        self.assertGreaterEqual(report["resumed_tensors"], 2)
        self.assertEqual(self.hash_of(self.out), self.expected)

    def test_a_full_disk_keeps_what_is_complete(self):
        small = self.folder / "small_disk"
        small.mkdir()
        mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", small], capture_output=True)
        if mount.returncode != 0:
            self.skipTest("cannot mount a small tmpfs (needs root)")
        self.addCleanup(subprocess.run, ["umount", small], check=True)
        target = small / "out.gguf"
        self.refuses("quantize", self.source, target, "--no-card", "--type", TYPE,
                     says=r"No space left on device.*tensors are complete, --resume goes on")
        self.assertFalse(target.exists())
        subprocess.run(["mount", "-o", "remount,size=64m", small], check=True)
        report = self.json_of("quantize", self.source, target, "--no-card", "--type", TYPE, "--resume")
        self.assertGreater(report["resumed_tensors"], 3)
        self.assertEqual(self.hash_of(target), self.expected)
        self.assertEqual([path.name for path in small.iterdir()], ["out.gguf"])

    def test_a_folder_that_cannot_be_written_to_is_left_alone(self):
        locked = self.folder / "locked"
        locked.mkdir()
        mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,ro", "tmpfs", locked], capture_output=True)
        if mount.returncode == 0:
            self.addCleanup(subprocess.run, ["umount", locked], check=True)
        elif os.geteuid() != 0:
            locked.chmod(0o500)
        else:
            self.skipTest("root may write everywhere, and nothing can be mounted")
        self.refuses("quantize", self.source, locked / "out.gguf", "--no-card", "--type", TYPE, says="cannot create a file here")
        self.assertEqual(list(locked.iterdir()), [])


class WithinMemory(VerbTest):
    def setUp(self):
        super().setUp()
        self.model = Interrupted.source if hasattr(Interrupted, "source") else None

    def anonymous_bytes(self, pid):
        try:
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        except OSError:
            return 0
        return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon:")), 0)

    def peak_of(self, *words):
        process = subprocess.Popen([ADZE, *map(str, words)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        peak = 0
        while process.poll() is None:
            peak = max(peak, self.anonymous_bytes(process.pid))
            time.sleep(0.001)
        self.assertEqual(process.returncode, 0)
        return peak

    @unittest.skipIf(os.environ.get("ADZE_SANITIZE"), "a sanitizer's own memory is counted too")
    def test_the_limit_is_kept_and_the_floor_is_refused(self):
        source, out = self.folder / "layers.gguf", self.folder / "out.gguf"
        source.write_bytes(layered_model())
        words = ["quantize", source, out, "--no-card", "--type", TYPE, "-t", "8"]
        plan = self.json_of(*words, "--dry-run")
        least = plan["least_memory_bytes"]
        self.assertLess(least, plan["memory_bytes"])
        self.assertEqual(plan["threads"], 8)
        self.assertLess(self.peak_of(*words), plan["memory_bytes"])
        self.refuses(*words, "--max-ram", least // 2, says="at least .* of memory are needed.*--max-ram")
        narrow = least + 2_000_000
        self.assertLess(self.json_of(*words, "--max-ram", narrow, "--dry-run")["threads"], 8)
        self.assertLess(self.peak_of(*words, "--max-ram", narrow), narrow)

    def test_hessians_count(self):
        model, text, statistics = (self.folder / name for name in ("m.gguf", "t.txt", "s.gguf"))
        self.adze("make-model", model, "--type", "F16")
        text.write_text("the cat and the dog and the bird sat there for a long while. " * 20)
        self.adze("calibrate", model, "--text", text, "-c", 64, "-o", statistics, "--hessians")
        words = ["quantize", model, self.folder / "out.gguf", "--type", "Q4_0", "--imatrix", statistics, "--dry-run"]
        plain = self.json_of(*words)["least_memory_bytes"]
        squares = self.json_of(*words, "--quantizer", "gptq")["least_memory_bytes"]
        self.assertGreater(squares, plain + 14 * 256 * 256)
        self.refuses(*words, "--quantizer", "gptq", "--max-ram", "1MB", says="a quantizer without Hessians needs")


if __name__ == "__main__":
    unittest.main()
