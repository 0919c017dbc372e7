"""A stand-in for the hub on this machine: the API, files in ranges, redirects to another host, and every trouble."""
import functools
import hashlib
import http.server
import json
import re
import threading
import time
import urllib.parse

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@functools.cache
def sha256(data):
    return hashlib.sha256(data).hexdigest()


def git_id(data):
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


class Hub:
    """Repositories {name: {path: bytes}}, how to misbehave, and what was asked for.

    Files of more than 1000 bytes are large ones: they have a SHA-256 and lie on the second server, to which the first
    one redirects, as the hub does with its store."""

    def __init__(self, repositories):
        self.repositories = repositories
        self.requests = []          # (server, method, path, headers)
        self.token = None           # wanted on the first server
        self.gated = set()
        self.break_after = None     # bytes of a body after which the connection is closed
        self.breaks_left = 0
        self.delay = 0.0            # seconds before each piece of a body
        self.stall = None           # bytes after which nothing more comes
        self.refuse_ranges = False
        self.statuses = []          # answered first, one each, instead of what was asked for
        self.damage = set()         # paths of which a byte comes wrong
        self.tag = '"tag-1"'
        self.page_size = 1000
        self.extra_entries = []     # of the list of files, as they are
        self.lock = threading.Lock()
        self.hub, self.store = (self.start(name) for name in ("hub", "store"))
        self.hub_url, self.store_url = (f"http://127.0.0.1:{s.server_address[1]}" for s in (self.hub, self.store))

    def start(self, name):
        handler = type("Handler", (Handler,), {"world": self, "server_name_here": name})
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return server

    def close(self):
        for server in (self.hub, self.store):
            server.shutdown()
            server.server_close()

    def asked(self, server=None, containing=""):
        with self.lock:
            return [r for r in self.requests if (server is None or r[0] == server) and containing in r[2]]

    def served_bytes(self, path):
        """Of the store's answers to ranges of the file."""
        total = 0
        for _, _, _, headers in self.asked("store", urllib.parse.quote(path)):
            first, last = map(int, re.fullmatch(r"bytes=(\d+)-(\d+)", headers["Range"]).groups())
            total += last - first + 1
        return total


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    world = None
    server_name_here = ""

    def log_message(self, *_):
        pass

    def do_GET(self):
        world = self.world
        with world.lock:
            world.requests.append((self.server_name_here, self.command, self.path, dict(self.headers)))
            status = world.statuses.pop(0) if world.statuses and "/api/" not in self.path else None
        try:
            if status:
                self.answer(status, b"trouble")
            elif self.server_name_here == "store":
                self.send_file(*self.file_of(self.path))
            else:
                self.answer_as_hub()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def refuse(self, status, code, message):
        self.answer(status, json.dumps({"error": message}).encode(), X_Error_Code=code, X_Error_Message=message)

    def answer_as_hub(self):
        world = self.world
        path = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path)
        match = re.fullmatch(r"(?:/api/models)?/([^/]+/[^/]+)/(revision|tree|resolve)/(.+)", path)
        if not match or match[1] not in world.repositories:
            return self.refuse(401, "RepoNotFound", "Repository not found")
        name, what, rest = match.groups()
        if world.token and self.headers.get("Authorization") != f"Bearer {world.token}":
            return self.refuse(401, "RepoNotFound", "Invalid username or password.")
        if name in world.gated and what == "resolve":
            return self.refuse(403, "GatedRepo", f"Access to model {name} is restricted")
        if what == "revision":
            if rest not in ("main", "v1", COMMIT):
                return self.refuse(404, "RevisionNotFound", f"Invalid rev id: {rest}")
            return self.answer(200, json.dumps({"id": name, "sha": COMMIT}).encode())
        if what == "tree":
            return self.send_list(name)
        return self.resolve(name, rest.split("/", 1)[1])

    def send_list(self, name):
        world = self.world
        entries = []
        for path, data in sorted(world.repositories[name].items()):
            entry = {"type": "file", "path": path, "size": len(data), "oid": git_id(data)}
            if len(data) > 1000:
                entry["lfs"] = {"oid": sha256(data), "size": len(data), "pointerSize": 135}
            entries.append(entry)
        entries += world.extra_entries
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        start = int(query.get("cursor", ["0"])[0])
        page = entries[start:start + world.page_size]
        headers = {}
        if start + world.page_size < len(entries):
            base = f"{world.hub_url}{urllib.parse.urlsplit(self.path).path}"
            headers["Link"] = f'<{base}?recursive=true&cursor={start + world.page_size}>; rel="next"'
        self.answer(200, json.dumps(page).encode(), **headers)

    def resolve(self, name, path):
        data = self.world.repositories[name].get(path)
        if data is None:
            return self.refuse(404, "EntryNotFound", "Entry not found")
        if len(data) <= 1000:
            return self.send_file(path, data)
        self.answer(302, b"", Location=f"{self.world.store_url}/{name}/{urllib.parse.quote(path)}?signature=x",
                    X_Linked_ETag=f'"{sha256(data)}"', X_Linked_Size=str(len(data)))

    def file_of(self, path):
        path = urllib.parse.unquote(urllib.parse.urlsplit(path).path)
        owner, repository, rest = path[1:].split("/", 2)
        return rest, self.world.repositories[f"{owner}/{repository}"][rest]

    def send_file(self, path, data):
        world = self.world
        if path in world.damage:
            data = data[:-1] + bytes([data[-1] ^ 1])
        match = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        same = self.headers.get("If-Range") in (None, world.tag)
        if match and same and not world.refuse_ranges:
            first, last = int(match[1]), min(int(match[2]), len(data) - 1)
            body = data[first:last + 1]
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(data)}")
        else:
            body = data
            self.send_response(200)
        self.send_header("ETag", world.tag)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.send_body(body)

    def send_body(self, body):
        world = self.world
        step = 16384
        for start in range(0, len(body), step):
            if world.delay:
                time.sleep(world.delay)
            piece = body[start:start + step]
            with world.lock:
                breaks = world.breaks_left and world.break_after is not None and start + len(piece) > world.break_after
                if breaks:
                    world.breaks_left -= 1
            if breaks:
                self.wfile.write(piece[:max(0, world.break_after - start)])
                self.close_connection = True
                self.connection.close()
                return
            if world.stall is not None and start >= world.stall:
                time.sleep(30)
                return
            self.wfile.write(piece)
