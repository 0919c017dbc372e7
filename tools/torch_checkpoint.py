"""A tiny checkpoint in transformers with torch, for what PEFT computes with it."""
from transformers import AutoConfig, AutoModelForCausalLM


def load_checkpoint(folder, dtype):
    config = AutoConfig.from_pretrained(folder)
    config.pad_token_id = None  # defaults lie outside of tiny vocabularies
    return AutoModelForCausalLM.from_pretrained(folder, config=config, dtype=dtype, attn_implementation="eager")
