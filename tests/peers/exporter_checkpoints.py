"""Checkpoints for the exporters of other toolkits, which run in an environment of their own."""
import json
import os
import shutil
import subprocess
from pathlib import Path

EXPORTERS = Path(os.environ["ADZE_PEERS"]) / "exporters" / "bin"


def with_tokenizer(source, folder):
    """A copy of a checkpoint with some tokenizer, which exporters ask for."""
    copy = folder / "checkpoint"
    copy.mkdir()
    for name in ["config.json", "model.safetensors"]:
        shutil.copy(source / name, copy)
    config = json.loads((copy / "config.json").read_text())
    config.pop("pad_token_id", None)
    (copy / "config.json").write_text(json.dumps(config))
    shutil.copy(Path(__file__).with_name("exporter_tokenizer.json"), copy / "tokenizer.json")
    (copy / "tokenizer_config.json").write_text('{"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "#"}')
    return copy


def run_exporter(*words):
    """What it says when it does not end well; nothing when it does."""
    environment = os.environ | {"HF_HUB_OFFLINE": "1"}
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, env=environment)
    return "" if done.returncode == 0 else (done.stderr.strip().splitlines() or ["nothing"])[-1][-150:]
