"""A running `adze serve`, and requests to it without any library."""
import http.client
import json
import os
import signal
import socket
import subprocess
import threading

from program import ADZE


class Server:
    """Listens on a free port; `events` gathers the lines of its log."""

    def __init__(self, *words):
        self.process = subprocess.Popen([ADZE, "serve", *map(str, words), "--port", "0", "-t", "1"], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.events = []
        self.port = None
        self._is_told_to_end = False
        self._known = threading.Condition()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        self.wait_for(lambda: self.port is not None or self.process.poll() is not None)
        if self.port is None:
            raise RuntimeError(f"the server did not start: {self.events}")

    def _read(self):
        for line in self.process.stderr:
            with self._known:
                self.events.append(json.loads(line) if line.startswith("{") else line)
                if line.startswith("{") and self.events[-1]["event"] == "listening":
                    self.port = self.events[-1]["port"]
                self._known.notify_all()
        with self._known:
            self._known.notify_all()

    def wait_for(self, holds, seconds=60):
        with self._known:
            return self._known.wait_for(holds, timeout=seconds)

    def requests(self):
        return [event for event in self.events if isinstance(event, dict) and event["event"] == "request"]

    def terminate(self):
        """Once: a second signal would end it at once."""
        if not self._is_told_to_end and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self._is_told_to_end = True

    def stop(self):
        """Exit status after SIGTERM."""
        self.terminate()
        status = self.process.wait(timeout=60)
        self._reader.join()
        self.process.stdout.close()
        self.process.stderr.close()
        return status

    def ask(self, method, path, body=None, **headers):
        """(status, headers, text)"""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        data = json.dumps(body) if isinstance(body, (dict, list)) else body
        connection.request(method, path, data, {name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        return response.status, dict(response.getheaders()), text

    def post(self, path, body, **headers):
        """The answer as JSON; anything but success is an error."""
        status, _, text = self.ask("POST", path, body, **headers)
        if status != 200:
            raise AssertionError(f"{path}: {status} {text}")
        return json.loads(text)

    def get(self, path, **headers):
        status, _, text = self.ask("GET", path, **headers)
        if status != 200:
            raise AssertionError(f"{path}: {status} {text}")
        return json.loads(text)

    def lines(self, path, body):
        """Lines of a stream that are not empty."""
        status, _, text = self.ask("POST", path, body)
        if status != 200:
            raise AssertionError(f"{path}: {status} {text}")
        return [line for line in text.split("\n") if line]

    def events_of(self, path, body):
        """The documents of a stream of events, [DONE] left out."""
        lines = [line[6:] for line in self.lines(path, body) if line.startswith("data: ")]
        return [json.loads(line) for line in lines if line != "[DONE]"]

    def raw(self, data=b""):
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        connection.sendall(data)
        return connection


def hear(connection):
    """Everything up to the end."""
    heard = b""
    try:
        while piece := connection.recv(65536):
            heard += piece
    except ConnectionError:
        pass
    connection.close()
    return heard


def open_files(server):
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))
