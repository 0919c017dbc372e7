"""The servers that are compared, each on a free port of this machine."""
import os
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PEERS = Path(os.environ.get("ADZE_PEERS", ROOT / "build" / "peers"))
ADZE = Path(os.environ.get("ADZE", ROOT / "build" / "release" / "adze"))
LLAMA_SERVER = PEERS / "llama.cpp" / "build" / "bin" / "llama-server"


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Server:
    """Runs until stop(). What it says goes to a file, whose end tells why it did not start."""
    name = ""

    def __init__(self, *command):
        self.port = free_port()
        self.log = tempfile.TemporaryFile()
        words = [str(word) for word in command] + ["--host", "127.0.0.1", "--port", str(self.port)]
        self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        self._wait_until_ready()

    def _wait_until_ready(self, seconds=120):
        for _ in range(int(seconds * 10)):
            if self.process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=5):
                    return
            except OSError:
                time.sleep(0.1)
        self.process.kill()
        self.log.seek(0)
        raise RuntimeError(f"{self.name} did not start: {self.log.read().decode(errors='replace')[-800:]}")

    def resident_bytes(self):
        """Anonymous memory: what grows when something leaks."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("RssAnon"):
                return int(line.split()[1]) * 1024
        return 0

    def processor_seconds(self):
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self):
        """Exit status after SIGTERM."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


class AdzeServer(Server):
    name = "adze"

    def __init__(self, model, users, context, threads, *words):
        super().__init__(ADZE, "serve", model, "--parallel", users, "-c", context, "--cache-tokens", users * context,
                         "-t", threads, "--log", "none", *words)


class LlamaServer(Server):
    name = "llama-server"

    def __init__(self, model, users, context, threads):
        super().__init__(LLAMA_SERVER, "-m", model, "-np", users, "-c", users * context, "-t", threads, "-tb", threads,
                         "--no-warmup", "--offline")
