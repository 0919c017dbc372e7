"""What a peer script says it needs, and whether it is there.

A script names its needs in one comment line, for example:  # needs: gguf numpy llama.cpp shared
"""
import functools
import os
import re
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / "build" / "peers"
SHARED = ROOT.parent / "shared"
ONNX_CASES = Path("/usr/share/libonnx-testdata/data")
EXPORTERS = PEERS / "exporters" / "bin" / "python"  # with PyTorch and the exporters of other toolkits
PROGRAMS = ("chromium", "systemd-analyze")
NEEDS = re.compile(r"^# needs:(.*)$", re.M)


def model_folder():
    """Where models are kept between runs."""
    home = Path(os.environ.get("HOME", "."))
    cache = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache") / "adze"
    return Path(os.environ.get("ADZE_CACHE") or cache) / "models"


def cached_model():
    """The demo's model when it was fetched before: a folder or a GGUF file, or None."""
    folder = model_folder() / "SmolLM2-135M-Instruct"
    if (folder / "model.safetensors").is_file():
        return folder
    return next(iter(sorted(model_folder().glob("SmolLM2-135M-Instruct.*.gguf"))), None)


def peer_python():
    return PEERS / "venv" / "bin" / "python"


@functools.lru_cache
def has_python_module(name):
    code = f"import importlib.util as u, sys; sys.exit(u.find_spec({name!r}) is None)"
    return peer_python().is_file() and subprocess.run([peer_python(), "-c", code]).returncode == 0


def is_met(need):
    """A need is one of those below, `npm:PACKAGE`, `wheel:PACKAGE` or the name of a Python module."""
    if need == "shared":
        return SHARED.is_dir()
    if need == "onnx-testdata":
        return ONNX_CASES.is_dir()
    if need == "model":
        return cached_model() is not None
    if need == "llama.cpp":
        return (PEERS / "llama.cpp" / "build" / "bin" / "llama-quantize").is_file()
    if need == "exporters":
        return EXPORTERS.is_file()
    if need == "page":
        return (ROOT / "web" / "node_modules" / "esbuild").is_dir() and shutil.which("node") is not None
    if need in PROGRAMS:
        return shutil.which(need) is not None
    if need.startswith("wheel:"):
        return any((PEERS / "wheels").glob(f"{need.removeprefix('wheel:')}-*.whl"))
    if need.startswith("npm:"):
        return (PEERS / "npm" / "node_modules" / need[len("npm:"):]).is_dir()
    return has_python_module(need)


def describe(need):
    """The need and how to get it."""
    sources = {
        "shared": "../shared (the shared data beside this folder)",
        "model": "the demo's model (make demo)",
        "onnx-testdata": "ONNX's test cases (tools/setup.sh peers)",
        "llama.cpp": "llama.cpp's tools (make peers)",
        "exporters": "PyTorch and the exporters of other toolkits (tools/peers.sh exporters)",
        "page": "the web page's packages (make page)",
        "chromium": "Debian's Chromium (tools/setup.sh peers)",
        "systemd-analyze": "systemd-analyze (tools/setup.sh peers)",
    }
    return sources.get(need, f"{need.removeprefix('npm:').removeprefix('wheel:')} (make peers)")


def unmet_needs(script):
    match = NEEDS.search(Path(script).read_text())
    needs = match[1].split() if match else []
    if not peer_python().is_file():
        return ["the Python environment of the peers (make peers)"]
    return [describe(need) for need in needs if not is_met(need)]


def environment_of_peers(build):
    """The variables a peer script may read."""
    model = cached_model()
    return {
        **os.environ,
        "ADZE": str(Path(build) / "adze"),
        "ADZE_BUILD": str(build),
        "ADZE_SHARED": str(SHARED),
        "ADZE_PEERS": str(PEERS),
        **({"ADZE_MODEL": str(model)} if model else {}),
    }
