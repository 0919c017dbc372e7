"""The programs that bench/peers.py compares, each behind the same few questions."""
import dataclasses
import json
import subprocess
import time
from pathlib import Path


@dataclasses.dataclass(frozen=True)
class Case:
    """What is measured: one file with one setting."""
    file: Path
    threads: int
    depth: int
    kv: str


@dataclasses.dataclass
class Speeds:
    """Tokens per second; None: not measured."""
    prompt: float | None = None
    generation: float | None = None


def output_of(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}: {done.stderr.strip()[-500:]}")
    return done.stdout


class Adze:
    name = "adze"

    def __init__(self, program):
        self.program = Path(program)
        self.machine = self._describe_machine() if self.program.exists() else ""
        self.weight_bytes = {}

    def run(self, *words):
        return output_of(self.program, *words)

    def _describe_machine(self):
        machine = json.loads(self.run("doctor", "--json"))["machine"]
        return f"{machine['processor']}, {machine['processors_usable']} processors, {machine['kernels_up_to']}"

    def probe(self, case):
        """Bytes per second that the threads of the case read right now from a block as large as the weights."""
        block = max(16, min(1024, case.file.stat().st_size >> 20))
        return json.loads(self.run("doctor", "--probe", case.threads, "--block", block, "--json"))["median_bytes_per_second"]

    def speeds(self, case, prompt, generate):
        report = json.loads(self.run("bench", case.file, "-p", prompt, "-n", generate, "-d", case.depth, "-t",
                                     case.threads, "--kv", case.kv, "-r", 1, "--json"))
        self.weight_bytes[case.file] = report["weight_bytes"]
        row = report["results"][0]
        return Speeds(row["prompt_tokens_per_second"], row["generated_tokens_per_second"])

    def seconds_to_one_token(self, case):
        start = time.monotonic()
        self.run("run", case.file, "-p", "a", "-n", 1, "--temp", 0, "-t", case.threads)
        return time.monotonic() - start


class LlamaBench:
    """llama.cpp or a relative of it, by its own benchmark."""

    def __init__(self, name, folder):
        self.name = name
        self.folder = Path(folder)
        self.program = self.folder / "llama-bench"

    def version(self):
        completion = self.folder / "llama-completion"
        if not completion.exists():
            return "unknown"
        done = subprocess.run([completion, "--version"], capture_output=True, text=True)
        return ", ".join((done.stdout + done.stderr).strip().splitlines())

    def flags(self, case):
        attention = [] if case.kv == "f16" else ["-fa", "1"]  # it stores values in few bits only with this
        return ["-d", case.depth, *attention]

    def speeds(self, case, prompt, generate):
        output = output_of(self.program, "-m", case.file, "-p", prompt, "-n", generate, "-t", case.threads, "-ctk",
                           case.kv, "-ctv", case.kv, *self.flags(case), "-r", 1, "-o", "json")
        speeds = Speeds()
        for record in json.loads(output):
            if record["n_gen"] == 0:
                speeds.prompt = record["avg_ts"]
            else:
                speeds.generation = record["avg_ts"]
        return speeds

    def seconds_to_one_token(self, case):
        start = time.monotonic()
        output_of(self.folder / "llama-completion", "-m", case.file, "-p", "a", "-n", 1, "--temp", 0, "-t", case.threads,
                  "-no-cnv", "--no-warmup", "-c", 512)
        return time.monotonic() - start


class IkLlamaBench(LlamaBench):
    """ik_llama.cpp at its best: weights packed again at load. Its benchmark cannot start behind a context."""

    def flags(self, case):
        return ["-rtr", 1, "-fa", 1]

    def speeds(self, case, prompt, generate):
        return Speeds() if case.depth else super().speeds(case, prompt, generate)

    def seconds_to_one_token(self, case):
        return None


def find_ik_llama(root):
    """The benchmark of ik_llama.cpp, where somebody has built it among the peers; else None."""
    found = sorted(root.glob("build/peers/ik_llama*/**/build/bin/llama-bench"))
    return str(found[-1]) if found else None


def missing_peer(adze, llama):
    if not adze.program.exists():
        return f"{adze.program} is missing: make build"
    if not llama.program.exists():
        return f"{llama.program} is missing: make peers"
    return None
