#!/usr/bin/env python3
"""adze pull against a stand-in hub: ranges, resuming, sums, tokens, and everything that goes wrong on the way."""
import functools
import hashlib
import os
import random
import resource
import shutil
import signal
import ssl
import subprocess
import time
import unittest

from hub_server import COMMIT, Hub
from program import ADZE, CANCELLED, UNAVAILABLE, USAGE, VerbTest
from tiny_model import write_tiny_model

MIB = 1 << 20


def noise(size, seed):
    return random.Random(seed).randbytes(size)


@functools.cache
def large_noise():
    """Three ranges and a little."""
    return noise(70 * MIB + 12345, 3)


class Pull(VerbTest):
    def setUp(self):
        super().setUp()
        self.tiny = write_tiny_model(self.folder / "tiny.gguf").read_bytes()
        self.hub = Hub({
            "owner/gguf": {"README.md": b"# tiny\n", "tiny.gguf": self.tiny, "mmproj-tiny.gguf": noise(2000, 9)},
            "owner/many": {"m.Q4_K_M.gguf": noise(3000, 1), "m.Q8_0.gguf": noise(5000, 2)},
            "owner/large": {"large.gguf": large_noise()},
            "owner/folders": {"a b/ü.gguf": noise(2000, 4), "config.json": b"{}", "model.safetensors": noise(3000, 5),
                              "onnx/model.onnx": noise(2000, 6), "tokenizer.json": b"[]"},
        })
        self.addCleanup(self.hub.close)
        self.cache = self.folder / "cache"
        self.environment = {"HF_ENDPOINT": self.hub.hub_url, "HF_HUB_CACHE": str(self.cache), "HF_TOKEN": "",
                            "HF_HUB_OFFLINE": "", "no_proxy": "127.0.0.1", "http_proxy": "", "HF_HUB_DOWNLOAD_TIMEOUT": "10"}

    def pull(self, name, *words, **more):
        return self.json_of("pull", name, *words, environment={**self.environment, **more})

    def pull_refuses(self, name, says, status=1, **more):
        self.refuses("pull", name, status=status, says=says, environment={**self.environment, **more})

    def files(self):
        """What lies in the cache, links aside."""
        return sorted(str(p.relative_to(self.cache)) for p in self.cache.rglob("*") if p.is_file() and not p.is_symlink())

    def blobs(self, name):
        return self.cache / f"models--{name.replace('/', '--')}" / "blobs"

    def start(self, name):
        return subprocess.Popen([ADZE, "pull", name], env={**os.environ, **self.environment}, stderr=subprocess.PIPE,
                                stdout=subprocess.PIPE, text=True)

    def wait_for(self, condition, what):
        deadline = time.monotonic() + 60
        while not condition():
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.02)

    # ---- what comes

    def test_fetches_the_only_gguf_and_every_verb_finds_it(self):
        report = self.pull("hf:owner/gguf")
        self.assertEqual(report["commit"], COMMIT)
        self.assertEqual([f["path"] for f in report["list"]], ["tiny.gguf"])
        self.assertEqual(report["fetched_bytes"], len(self.tiny))
        with open(report["model_path"], "rb") as file:
            self.assertEqual(file.read(), self.tiny)
        for name in ("hf:owner/gguf", "hf:owner/gguf:tiny.gguf", "hf:owner/gguf:TINY", f"hf:owner/gguf@{COMMIT}"):
            self.assertEqual(self.json_of("inspect", name, environment=self.environment)["architecture"], "llama")
        text = self.adze("run", "hf:owner/gguf", "-p", "the", "-n", 4, "--temp", 0, environment=self.environment).stdout
        self.assertEqual(text, self.adze("run", self.folder / "tiny.gguf", "-p", "the", "-n", 4, "--temp", 0).stdout)

    def test_lies_as_huggingface_hub_lays_it_out(self):
        self.pull("hf:owner/gguf@v1:README.md")
        self.pull("hf:owner/gguf")
        root = self.cache / "models--owner--gguf"
        self.assertEqual((root / "refs" / "main").read_text(), COMMIT)
        self.assertEqual((root / "refs" / "v1").read_text(), COMMIT)
        link = root / "snapshots" / COMMIT / "tiny.gguf"
        self.assertEqual(os.readlink(link), f"../../blobs/{hashlib.sha256(self.tiny).hexdigest()}")
        self.assertEqual((root / "snapshots" / COMMIT / "README.md").read_bytes(), b"# tiny\n")
        names = {p.name for p in (root / "blobs").iterdir()}
        self.assertEqual(names, {hashlib.sha256(self.tiny).hexdigest(), hashlib.sha1(b"blob 7\0# tiny\n").hexdigest()})

    def test_a_folder_of_settings_and_safetensors(self):
        report = self.pull("hf:owner/folders")
        self.assertEqual({f["path"] for f in report["list"]}, {"config.json", "model.safetensors", "tokenizer.json"})
        self.assertTrue(os.path.isfile(report["model_path"] + "/model.safetensors"))

    def test_names_patterns_words_and_lists_in_pages(self):
        self.hub.page_size = 1
        self.assertEqual([f["path"] for f in self.pull("hf:owner/many:q4_k_m")["list"]], ["m.Q4_K_M.gguf"])
        self.assertEqual(len(self.pull("hf:owner/many:*.gguf")["list"]), 2)
        self.assertEqual([f["path"] for f in self.pull("hf:owner/folders:a b/*")["list"]], ["a b/ü.gguf"])
        self.pull_refuses("hf:owner/many", r"(?s)has 2 GGUF models.*Q4_K_M.*Q8_0")
        self.pull_refuses("hf:owner/many:Q9", r"(?s)no file is called 'Q9'; there are:.*Q8_0", UNAVAILABLE)

    def test_a_second_time_nothing_is_fetched(self):
        self.pull("hf:owner/gguf")
        before = len(self.hub.asked("store"))
        report = self.pull("hf:owner/gguf")
        self.assertEqual(report["fetched_bytes"], 0)
        self.assertEqual(report["list"][0]["state"], "there already")
        self.assertEqual(len(self.hub.asked("store")), before)

    def test_a_dry_run_fetches_nothing(self):
        report = self.pull("hf:owner/gguf", "--dry-run")
        self.assertEqual(report["list"][0]["state"], "to fetch")
        self.assertEqual(self.hub.asked("store"), [])
        self.assertFalse(self.cache.exists())

    # ---- ranges and resuming

    def test_a_large_file_comes_in_ranges_side_by_side(self):
        data = self.hub.repositories["owner/large"]["large.gguf"]
        report = self.pull("hf:owner/large")
        self.assertGreater(len(self.hub.asked("store")), 2)
        self.assertEqual(self.hub.served_bytes("large.gguf"), len(data))
        with open(report["model_path"], "rb") as file:
            self.assertEqual(file.read(), data)
        self.assertFalse([f for f in self.files() if "adze-" in f])

    def test_broken_connections_go_on_where_they_were(self):
        data = self.hub.repositories["owner/large"]["large.gguf"]
        self.hub.break_after, self.hub.breaks_left = 3 * MIB + 77, 5
        self.pull("hf:owner/large")
        self.assertEqual(self.hub.breaks_left, 0)
        asked = [r[3]["Range"] for r in self.hub.asked("store")]
        self.assertIn(f"bytes={3 * MIB + 77}-", " ".join(asked))
        self.assertEqual((self.blobs("owner/large") / hashlib.sha256(data).hexdigest()).stat().st_size, len(data))

    def interrupted(self, how):
        """Starts fetching, stops it in the middle; what came until then."""
        self.hub.delay = 0.002
        process = self.start("hf:owner/large")
        ranges = lambda: list(self.blobs("owner/large").glob("*.adze-ranges"))
        self.wait_for(lambda: ranges() and ranges()[0].read_text().count("there") > 4, "nothing came")
        process.send_signal(how)
        _, errors = process.communicate(timeout=60)
        self.hub.delay = 0
        with self.hub.lock:
            self.hub.requests.clear()
        return process.returncode, errors

    def test_ctrl_c_and_then_it_goes_on(self):
        status, _ = self.interrupted(signal.SIGINT)
        self.assertEqual(status, CANCELLED)
        self.refuses("inspect", "hf:owner/large", status=UNAVAILABLE, says="adze pull", environment=self.environment)
        data = self.hub.repositories["owner/large"]["large.gguf"]
        report = self.pull("hf:owner/large")
        self.assertLess(self.hub.served_bytes("large.gguf"), len(data) - 4 * MIB)
        self.assertEqual(self.hub.asked("store")[0][3]["If-Range"], self.hub.tag)
        with open(report["model_path"], "rb") as file:
            self.assertEqual(file.read(), data)

    def test_killed_and_then_it_goes_on(self):
        status, _ = self.interrupted(signal.SIGKILL)
        self.assertEqual(status, -signal.SIGKILL)
        data = self.hub.repositories["owner/large"]["large.gguf"]
        self.pull("hf:owner/large")
        self.assertLess(self.hub.served_bytes("large.gguf"), len(data) - 4 * MIB)

    def test_the_file_has_another_tag_meanwhile(self):
        self.interrupted(signal.SIGINT)
        self.hub.tag = '"tag-2"'  # the range is refused, everything comes
        data = self.hub.repositories["owner/large"]["large.gguf"]
        report = self.pull("hf:owner/large")
        with open(report["model_path"], "rb") as file:
            self.assertEqual(file.read(), data)

    def test_a_server_without_ranges(self):
        self.hub.refuse_ranges = True
        report = self.pull("hf:owner/large")
        with open(report["model_path"], "rb") as file:
            self.assertEqual(file.read(), self.hub.repositories["owner/large"]["large.gguf"])

    def test_a_damaged_record_of_what_came_is_not_believed(self):
        self.interrupted(signal.SIGKILL)
        record = next(self.blobs("owner/large").glob("*.adze-ranges"))
        record.write_text(record.read_text().splitlines()[0] + "\nthere 99999999999 3\nthere 0 999999999999\nnonsense\n")
        report = self.pull("hf:owner/large")
        with open(report["model_path"], "rb") as file:
            self.assertEqual(file.read(), self.hub.repositories["owner/large"]["large.gguf"])

    # ---- trouble

    def test_a_wrong_sum_leaves_nothing(self):
        for path, name in (("tiny.gguf", "SHA-256"), ("README.md", "git id")):
            self.hub.damage = {path}
            self.pull_refuses(f"hf:owner/gguf:{path}", f"has the {name} [0-9a-f]+, but [0-9a-f]+ was expected")
        self.assertEqual([f for f in self.files() if ".lock" not in f], [])
        self.hub.damage = set()
        self.pull("hf:owner/gguf")

    def test_passing_trouble_is_tried_again(self):
        self.hub.statuses = [503, 500]
        self.pull("hf:owner/gguf")
        self.assertEqual(self.hub.statuses, [])

    def test_a_server_that_falls_silent(self):
        self.hub.stall = 32768
        begin = time.monotonic()
        process = subprocess.Popen([ADZE, "pull", "hf:owner/gguf"], stderr=subprocess.PIPE, stdout=subprocess.PIPE,
                                   env={**os.environ, **self.environment, "HF_HUB_DOWNLOAD_TIMEOUT": "1"}, text=True)
        self.wait_for(lambda: len(self.hub.asked("store")) > 1, "it never asked again")
        self.hub.stall = None
        out, errors = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0, errors)
        self.assertLess(time.monotonic() - begin, 29)

    def test_what_the_hub_refuses(self):
        self.pull_refuses("hf:nobody/nothing", r"hf:nobody/nothing: does not exist, or is private; set HF_TOKEN", UNAVAILABLE)
        self.pull_refuses("hf:owner/gguf@v9", r"no such revision", UNAVAILABLE)
        self.pull_refuses("hf:owner/gguf:nothing.gguf", r"no file is called", UNAVAILABLE)
        self.hub.gated = {"owner/gguf"}
        self.pull_refuses("hf:owner/gguf", r"is gated: ask for access on its page, and set HF_TOKEN")
        self.hub.gated = set()
        self.pull_refuses("hf:owner/gguf", "HF_HUB_OFFLINE is set", HF_HUB_OFFLINE="1")

    def test_nobody_answers(self):
        self.hub.close()
        self.refuses("pull", "hf:owner/gguf", "--tries", 1, says="the connection failed", environment=self.environment)

    def test_a_full_disk_keeps_what_came(self):
        limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (5 * MIB, 5 * MIB))
        done = subprocess.run([ADZE, "pull", "hf:owner/large"], env={**os.environ, **self.environment}, text=True,
                              capture_output=True, preexec_fn=lambda: (signal.signal(signal.SIGXFSZ, signal.SIG_IGN), limit()))
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertRegex(done.stderr, r"large.gguf|[0-9a-f]{64}.*make room and start again")
        self.pull("hf:owner/large")

    def test_names_that_leave_the_folder(self):
        digest = "a" * 40
        for path in ("../evil.gguf", "/etc/evil.gguf", "a/../../evil.gguf", "a\\evil.gguf", "", "a//b.gguf"):
            self.hub.extra_entries = [{"type": "file", "path": path, "size": 3, "oid": digest}]
            self.pull_refuses("hf:owner/gguf", "leaves its folder")
        self.hub.extra_entries = [{"type": "file", "path": "x.gguf", "size": 3, "oid": "../../../evil"}]
        self.pull_refuses("hf:owner/gguf", "has no sum to check it by")
        self.hub.extra_entries = [{"type": "file", "path": "x.gguf", "size": 3, "oid": digest, "lfs": {"oid": "../e"}}]
        self.pull_refuses("hf:owner/gguf", "no SHA-256")
        self.assertFalse(self.cache.exists() and self.files())

    def test_names_that_are_none(self):
        for name in ("hf:", "hf:owner", "hf:owner/repo/more", "hf:../x", "hf:owner/..", "hf:owner/repo:", "hf:owner/repo@",
                     "hf:owner/repo:../x", "hf:owner/repo@../x", "hf:ow ner/repo"):
            self.pull_refuses(name, "a model of a hub is called hf:owner/repo")
        self.pull_refuses("owner/gguf", "called hf:owner/repo", USAGE)

    # ---- tokens and proxies

    def test_the_token_goes_to_the_hub_alone(self):
        self.hub.token = "hf_secret"
        self.pull_refuses("hf:owner/gguf", "set HF_TOKEN", UNAVAILABLE)
        self.pull("hf:owner/gguf", HF_TOKEN="hf_secret")
        self.assertTrue(self.hub.asked("store"))
        for _, _, _, headers in self.hub.asked("store"):
            self.assertNotIn("hf_secret", str(headers))
        done = self.adze("pull", "hf:owner/gguf", environment={**self.environment, "HF_TOKEN": "hf_wrong"}, status=UNAVAILABLE)
        self.assertIn("HF_TOKEN does not open it", done.stderr)
        self.assertNotIn("hf_wrong", done.stdout + done.stderr)

    def test_proxies_of_the_environment(self):
        # The stand-in as a proxy gets absolute addresses, which it refuses: that it is asked is what counts.
        environment = {**self.environment, "HF_ENDPOINT": "http://hub.invalid", "http_proxy": self.hub.hub_url, "no_proxy": ""}
        self.adze("pull", "hf:owner/gguf", status=UNAVAILABLE, environment=environment)
        self.assertTrue(self.hub.asked("hub", "http://hub.invalid/api/models/owner/gguf"))

    def test_a_certificate_that_nobody_vouches_for(self):
        if not shutil.which("openssl"):
            self.skipTest("needs openssl")
        key, certificate = self.folder / "key.pem", self.folder / "certificate.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                        "-keyout", key, "-out", certificate], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.hub.hub.socket = context.wrap_socket(self.hub.hub.socket, server_side=True)
        self.hub.token = "hf_secret"
        self.pull_refuses("hf:owner/gguf", "certificate", HF_ENDPOINT=self.hub.hub_url.replace("http:", "https:"),
                          HF_TOKEN="hf_secret")
        self.assertEqual(self.hub.asked(), [])

    # ---- two at a time

    def test_two_programs_fetch_once(self):
        self.hub.delay = 0.001
        both = [self.start("hf:owner/large") for _ in range(2)]
        for process in both:
            _, errors = process.communicate(timeout=120)
            self.assertEqual(process.returncode, 0, errors)
        data = self.hub.repositories["owner/large"]["large.gguf"]
        self.assertEqual(self.hub.served_bytes("large.gguf"), len(data))

    def test_what_is_not_there_says_how_to_get_it(self):
        self.refuses("run", "hf:owner/gguf", "-p", "x", status=UNAVAILABLE, environment=self.environment,
                     says=r"hf:owner/gguf: is not on this machine; fetch it with `adze pull hf:owner/gguf`")


if __name__ == "__main__":
    unittest.main()
