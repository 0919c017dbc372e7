#!/usr/bin/env python3
"""Makes the golden folders of adapters: random PEFT and mlx-lm adapters of the tiny checkpoints in
tests/golden/architectures, and the logits that PEFT with torch and mlx-lm compute with them.

usage: build/peers/venv/bin/python tools/make_golden_adapters.py [CASE...]
Needs torch, peft and accelerate in the Python that runs it, beside what `make peers` installs. Writes
tests/golden/adapters/<case>/ with the adapter and golden.json (checkpoint, tokens, logits). Run it again only to change
cases; the results are kept in the repository so that tests need no peer.
"""
import json
import shutil
import sys
import zlib
from pathlib import Path

import mlx.core as mx
import numpy as np
import torch
from mlx.utils import tree_flatten
from mlx_lm.tuner.utils import linear_to_lora_layers, load_adapters
from mlx_lm.utils import load_model
from peft import LoraConfig, get_peft_model
from safetensors.numpy import save_file

from golden_checkpoints import TOKENS
from make_golden import use_gelu_of, write_logits
from torch_checkpoint import load_checkpoint

ROOT = Path(__file__).resolve().parent.parent
CHECKPOINTS = ROOT / "tests" / "golden" / "architectures"
OUT = ROOT / "tests" / "golden" / "adapters"
ATTENTION = ["q_proj", "k_proj", "v_proj", "o_proj"]
ALL = [*ATTENTION, "gate_proj", "up_proj", "down_proj"]

# name -> checkpoint and what LoraConfig is told
PEFT = {
    "llama_lora": ("llama_untied_wide_heads", {"r": 4, "lora_alpha": 8, "target_modules": ALL,
                                               "rank_pattern": {"v_proj": 2, r"layers\.1\.mlp\.up_proj": 6},
                                               "alpha_pattern": {"layers.0.self_attn.q_proj": 3, ".*down_proj": 5}}),
    "llama_rslora_one_layer": ("llama_plain", {"r": 9, "lora_alpha": 6, "use_rslora": True, "layers_to_transform": [1],
                                               "target_modules": ATTENTION}),
    "llama_dora_biases": ("llama_biases", {"r": 3, "lora_alpha": 6, "use_dora": True, "target_modules": ALL,
                                           "bias": "lora_only"}),
    "llama_embedding_and_whole_head": ("llama_untied_wide_heads", {
        "r": 4, "lora_alpha": 4, "target_modules": ["embed_tokens", "q_proj"], "modules_to_save": ["lm_head"]}),
    "llama_head_expression": ("llama_untied_wide_heads", {"r": 4, "lora_alpha": 12,
                                                          "target_modules": r"(.*\.0\.mlp\.(up|down)_proj)|lm_head"}),
    "gemma2_scaled_embedding": ("gemma2", {"r": 4, "lora_alpha": 8, "target_modules": ["embed_tokens", "k_proj"]}),
    "phi3_fused": ("phi3", {"r": 4, "lora_alpha": 8, "target_modules": ["qkv_proj", "gate_up_proj", "o_proj"]}),
    "gptneox_fused": ("gptneox", {"r": 4, "lora_alpha": 8, "bias": "all",
                                  "target_modules": ["query_key_value", "dense", "dense_h_to_4h", "dense_4h_to_h"]}),
    "gptneox_dora": ("gptneox", {"r": 4, "lora_alpha": 8, "use_dora": True, "target_modules": ["query_key_value"]}),
    "gpt2_transposed_dora": ("gpt2", {"r": 4, "lora_alpha": 8, "use_dora": True, "fan_in_fan_out": True,
                                      "target_modules": ["c_attn", "c_proj", "c_fc"]}),
    "falcon_fused": ("falcon", {"r": 4, "lora_alpha": 8, "target_modules": ["query_key_value", "dense_h_to_4h"]}),
    "qwen2_biases": ("qwen2", {"r": 4, "lora_alpha": 8, "target_modules": "all-linear"}),
}
# name -> checkpoint, fine_tune_type and keys
MLX = {
    "mlx_llama": ("llama_plain", "lora", ["self_attn.q_proj", "self_attn.k_proj", "mlp.down_proj"]),
    "mlx_llama_shared_embedding": ("llama_plain", "lora", ["self_attn.q_proj", "model.embed_tokens"]),
    "mlx_llama_dora": ("llama_biases", "dora", ["self_attn.q_proj", "self_attn.v_proj", "mlp.up_proj"]),
    "mlx_mixtral_experts": ("mixtral", "lora", ["self_attn.q_proj", "block_sparse_moe.switch_mlp.gate_proj",
                                                "block_sparse_moe.switch_mlp.down_proj"]),
    "mlx_qwen3_moe_experts": ("qwen3_moe", "lora", ["mlp.gate", "mlp.switch_mlp.up_proj", "mlp.switch_mlp.down_proj"]),
    "mlx_gptneox": ("gptneox", "lora", ["attention.query_key_value", "mlp.dense_4h_to_h"]),
    "mlx_llama_full": ("llama_plain", "full", ["model.layers.1.self_attn.q_proj.weight",
                                               "model.layers.1.input_layernorm.weight", "model.embed_tokens.weight"]),
}


def randomize(model, generator):
    """What training would have changed: pairs, magnitudes, biases, whole modules."""
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        noise = torch.randn(parameter.shape, generator=generator)
        if "lora_A" in name or "lora_embedding_B" in name:
            parameter.data = noise * 0.3
        elif "lora_B" in name or "lora_embedding_A" in name:
            parameter.data = noise * 0.2
        elif "lora_magnitude_vector" in name:
            parameter.data = parameter.data * (1 + 0.2 * noise)
        else:
            parameter.data = parameter.data + 0.1 * noise


def write_golden(folder, checkpoint, logits):
    write_logits(folder, logits)
    golden = (folder / "golden.json").read_text()
    (folder / "golden.json").write_text(f'{{"base": "{checkpoint}", {golden[1:]}')


def make_peft(name):
    checkpoint, settings = PEFT[name]
    generator = torch.Generator().manual_seed(zlib.crc32(name.encode()))
    torch.manual_seed(0)
    base = load_checkpoint(CHECKPOINTS / checkpoint, torch.float32)
    model = get_peft_model(base, LoraConfig(task_type="CAUSAL_LM", **settings))
    randomize(model, generator)
    model.eval()
    model.save_pretrained(OUT / name)
    (OUT / name / "README.md").unlink(missing_ok=True)
    config = json.loads((OUT / name / "adapter_config.json").read_text())
    config["base_model_name_or_path"] = checkpoint
    for key in ("target_modules", "modules_to_save"):  # sets, in any order
        if isinstance(config[key], list):
            config[key] = sorted(config[key])
    (OUT / name / "adapter_config.json").write_text(json.dumps(config, indent=1, sort_keys=True) + "\n")
    with torch.no_grad():
        logits = model(torch.tensor([TOKENS])).logits[0]
    write_golden(OUT / name, checkpoint, logits.numpy())


def mlx_tensors(name, model, kind):
    random = np.random.default_rng(zlib.crc32(name.encode()))
    tensors = {}
    for key, value in sorted(dict(tree_flatten(model.parameters())).items()):
        leaf = key.rsplit(".", 1)[-1]
        noise = random.normal(0, 1, value.shape)
        if kind == "full":
            if key in MLX[name][2]:
                tensors[key] = (np.array(value) + 0.1 * noise).astype(np.float32)
        elif leaf in ("lora_a", "lora_b"):
            tensors[key] = (0.25 * noise).astype(np.float32)
        elif leaf == "m":
            tensors[key] = (np.array(value) * (1 + 0.2 * noise)).astype(np.float32)
    return tensors


def make_mlx(name):
    checkpoint, kind, keys = MLX[name]
    folder = OUT / name
    folder.mkdir(parents=True, exist_ok=True)
    use_gelu_of(json.loads((CHECKPOINTS / checkpoint / "config.json").read_text()))
    model, _ = load_model(CHECKPOINTS / checkpoint)
    config = {"fine_tune_type": kind, "model": checkpoint, "num_layers": 2}
    if kind != "full":
        config["lora_parameters"] = {"rank": 4, "scale": 1.5, "dropout": 0.0, "keys": keys}
        linear_to_lora_layers(model, 2, config["lora_parameters"], use_dora=kind == "dora")
    (folder / "adapter_config.json").write_text(json.dumps(config, indent=1) + "\n")
    save_file(mlx_tensors(name, model, kind), folder / "adapters.safetensors")
    model, _ = load_model(CHECKPOINTS / checkpoint)
    model = load_adapters(model, str(folder))
    model.eval()
    write_golden(folder, checkpoint, np.array(model(mx.array([TOKENS])).astype(mx.float32))[0])


def main():
    mx.set_default_device(mx.cpu)
    for name in sys.argv[1:] or [*PEFT, *MLX]:
        shutil.rmtree(OUT / name, ignore_errors=True)
        make_peft(name) if name in PEFT else make_mlx(name)
        print(f"wrote {name}", flush=True)


if __name__ == "__main__":
    main()
