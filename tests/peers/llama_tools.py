"""llama.cpp as a peer: where it is, and the program that prints its logits."""
import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PEERS = Path(os.environ.get("ADZE_PEERS", ROOT / "build" / "peers"))
LLAMA = PEERS / "llama.cpp"


def run(*command):
    subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def build_llama_logits():
    return build_over_c_api("llama_logits")


def build_llama_embeddings():
    return build_over_c_api("llama_embeddings")


def build_llama_samplers():
    return build_over_c_api("llama_samplers")


def build_over_c_api(name):
    """The program over llama.cpp's C API, built when it is missing or older than its source."""
    source, program = Path(__file__).with_name(f"{name}.cpp"), PEERS / name
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        libraries = LLAMA.resolve() / "build" / "bin"
        run("c++", "-O2", "-std=c++17", f"-I{LLAMA}/include", f"-I{LLAMA}/ggml/include", source, "-o", program,
            f"-L{libraries}", "-lllama", "-lggml", "-lggml-base", f"-Wl,-rpath,{libraries}")
    return program
