"""The tiny random checkpoints of the golden tests: configs and weights under Hugging Face's names, one case per family
and variant. Norms are multiples of 1/1024, so that adding 1 to them and taking it away again loses nothing.
"""
import zlib

import numpy as np

TOKENS = [1, 17, 3, 44, 9, 60, 2, 31, 5, 23, 8, 50, 12, 40, 6, 19, 33, 7, 58, 4, 27, 11, 62, 14]
BASE = {
    "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "vocab_size": 64, "max_position_embeddings": 64, "rope_theta": 10000.0,
    "torch_dtype": "float32", "bos_token_id": 1, "eos_token_id": 2,
}
CASES = {}


class Weights:
    """Random tensors by name."""

    def __init__(self, name):
        self.random = np.random.default_rng(zlib.crc32(name.encode()))
        self.tensors = {}

    def matrix(self, name, rows, columns, bias=False, transposed=False):
        values = self.random.normal(0, 1.2 / np.sqrt(columns), (rows, columns)).astype(np.float32)
        self.tensors[f"{name}.weight"] = np.ascontiguousarray(values.T) if transposed else values
        if bias:
            self.vector(f"{name}.bias", rows, 0)

    def vector(self, name, width, around):
        values = np.round((around + self.random.normal(0, 0.25, width)) * 1024) / 1024 + 0.0  # never -0
        self.tensors[name] = values.astype(np.float32)

    def norm(self, name, width, bias=False, around=1):
        self.vector(f"{name}.weight", width, around)
        if bias:
            self.vector(f"{name}.bias", width, 0)


class Case:
    def __init__(self, name, config, fill):
        self.name, self.config, self.fill = name, config, fill

    def weights(self):
        weights = Weights(self.name)
        self.fill(weights, self.config)
        return weights.tensors


def case(name, architecture, model_type, fill, changes):
    config = {"architectures": [architecture], "model_type": model_type, **BASE, **changes}
    CASES[name] = Case(name, {key: value for key, value in config.items() if value != "absent"}, fill)


def head_size(config):
    return config.get("head_dim", config["hidden_size"] // config["num_attention_heads"])


class Decoder:
    """A decoder under the names that most of transformers' decoders use; options say how it differs from Llama."""

    def __init__(self, **options):
        defaults = {"qkv_bias": False, "output_bias": False, "mlp_bias": False, "norm_bias": False, "around": 1,
                    "norms": ("input_layernorm", "post_attention_layernorm"), "head_norm": None, "fused": False,
                    "mlp": None, "attention_output": "o_proj", "last_norm": "norm", "head_bias": False, "sinks": False}
        self.__dict__.update({**defaults, **options})

    def __call__(self, w, config):
        hidden = config["hidden_size"]
        w.matrix("model.embed_tokens", config["vocab_size"], hidden)
        for layer in range(config["num_hidden_layers"]):
            at = f"model.layers.{layer}"
            for name in self.norms:
                w.norm(f"{at}.{name}", hidden, self.norm_bias, self.around)
            self.attention(w, config, f"{at}.self_attn")
            (self.mlp or self.gated)(self, w, config, at)
        w.norm(f"model.{self.last_norm}", hidden, self.norm_bias, self.around)
        if not config.get("tie_word_embeddings", True):
            w.matrix("lm_head", config["vocab_size"], hidden, self.head_bias)

    def attention(self, w, config, at):
        size, hidden = head_size(config), config["hidden_size"]
        queries, keys = config["num_attention_heads"] * size, config["num_key_value_heads"] * size
        if self.fused:
            w.matrix(f"{at}.qkv_proj", queries + 2 * keys, hidden)
        else:
            for name, rows in (("q", queries), ("k", keys), ("v", keys)):
                w.matrix(f"{at}.{name}_proj", rows, hidden, self.qkv_bias)
        w.matrix(f"{at}.{self.attention_output}", hidden, queries, self.output_bias)
        if self.sinks:
            w.vector(f"{at}.sinks", config["num_attention_heads"], 0)
        if self.head_norm == "head":
            w.norm(f"{at}.q_norm", size, around=self.around)
            w.norm(f"{at}.k_norm", size, around=self.around)
        elif self.head_norm == "row":
            w.norm(f"{at}.q_norm", queries)
            w.norm(f"{at}.k_norm", keys)
        elif self.head_norm == "own":
            for part, heads in (("q", config["num_attention_heads"]), ("k", config["num_key_value_heads"])):
                for head in range(heads):
                    w.norm(f"{at}.{part}_layernorm.norms.{head}", size)

    @staticmethod
    def gated(self, w, config, at):
        hidden, inner = config["hidden_size"], config["intermediate_size"]
        if self.fused:
            w.matrix(f"{at}.mlp.gate_up_proj", 2 * inner, hidden)
        else:
            w.matrix(f"{at}.mlp.gate_proj", inner, hidden, self.mlp_bias)
            w.matrix(f"{at}.mlp.up_proj", inner, hidden, self.mlp_bias)
        w.matrix(f"{at}.mlp.down_proj", hidden, inner, self.mlp_bias)


def plain_mlp(up, down):
    def fill(_, w, config, at):
        w.matrix(f"{at}.mlp.{up}", config["intermediate_size"], config["hidden_size"], True)
        w.matrix(f"{at}.mlp.{down}", config["hidden_size"], config["intermediate_size"], True)
    return fill


def routed_mlp(router, experts, count, shared=False):
    """Experts one by one, the names of their gate, down and up projections."""
    def fill(self, w, config, at):
        hidden, inner = config["hidden_size"], config.get("moe_intermediate_size", config["intermediate_size"])
        w.matrix(f"{at}.{router}", config[count], hidden)
        for expert in range(config[count]):
            gate, down, up = (f"{at}.{experts[0]}.{expert}.{part}" for part in experts[1:])
            w.matrix(gate, inner, hidden)
            w.matrix(down, hidden, inner)
            w.matrix(up, inner, hidden)
        if shared:
            size = config["shared_expert_intermediate_size"]
            w.matrix(f"{at}.mlp.shared_expert.gate_proj", size, hidden)
            w.matrix(f"{at}.mlp.shared_expert.up_proj", size, hidden)
            w.matrix(f"{at}.mlp.shared_expert.down_proj", hidden, size)
            w.matrix(f"{at}.mlp.shared_expert_gate", 1, hidden)
    return fill


def add_llama():
    rms = {"rms_norm_eps": 1e-5, "tie_word_embeddings": True, "hidden_act": "silu"}

    def llama(name, changes, **options):
        case(f"llama_{name}", "LlamaForCausalLM", "llama", Decoder(**options), {**rms, **changes})

    llama("plain", {})
    llama("untied_wide_heads", {"tie_word_embeddings": False, "head_dim": 12, "num_key_value_heads": 4})
    llama("biases", {"attention_bias": True, "mlp_bias": True, "num_key_value_heads": 1}, qkv_bias=True,
          output_bias=True, mlp_bias=True)
    llama("rope_linear", {"rope_scaling": {"rope_type": "linear", "factor": 4.0}})
    llama("rope_yarn", {"rope_scaling": {"rope_type": "yarn", "factor": 4.0,
                                         "original_max_position_embeddings": 16}})
    llama("rope_llama3", {"head_dim": 32,
                          "rope_scaling": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0,
                                           "high_freq_factor": 4.0, "original_max_position_embeddings": 32}})
    case("mixtral", "MixtralForCausalLM", "mixtral",
         Decoder(mlp=routed_mlp("block_sparse_moe.gate", ("block_sparse_moe.experts", "w1", "w2", "w3"),
                                "num_local_experts")),
         {**rms, "tie_word_embeddings": False, "num_local_experts": 4, "num_experts_per_tok": 2})


def add_qwen():
    rms = {"rms_norm_eps": 1e-6, "tie_word_embeddings": True, "hidden_act": "silu"}
    case("qwen2", "Qwen2ForCausalLM", "qwen2", Decoder(qkv_bias=True), {**rms, "use_sliding_window": False})
    case("qwen2_untied", "Qwen2ForCausalLM", "qwen2", Decoder(qkv_bias=True), {**rms, "tie_word_embeddings": False})
    case("qwen3", "Qwen3ForCausalLM", "qwen3", Decoder(head_norm="head"),
         {**rms, "head_dim": 16, "attention_bias": False})
    experts = ("mlp.experts", "gate_proj", "down_proj", "up_proj")
    routed = {**rms, "tie_word_embeddings": False, "moe_intermediate_size": 16, "num_experts": 6,
              "num_experts_per_tok": 3, "decoder_sparse_step": 1, "mlp_only_layers": []}
    case("qwen2_moe", "Qwen2MoeForCausalLM", "qwen2_moe",
         Decoder(qkv_bias=True, mlp=routed_mlp("mlp.gate", experts, "num_experts", shared=True)),
         {**routed, "shared_expert_intermediate_size": 32, "norm_topk_prob": False})
    case("qwen3_moe", "Qwen3MoeForCausalLM", "qwen3_moe",
         Decoder(head_norm="head", mlp=routed_mlp("mlp.gate", experts, "num_experts")),
         {**routed, "head_dim": 16, "norm_topk_prob": True})


def add_phi():
    rms = {"rms_norm_eps": 1e-5, "tie_word_embeddings": False, "hidden_act": "silu",
           "original_max_position_embeddings": 64}
    case("phi3", "Phi3ForCausalLM", "phi3", Decoder(fused=True), {**rms, "sliding_window": None})
    factors = {"type": "longrope", "short_factor": [1.0, 1.25, 1.5, 2.0], "long_factor": [1.5, 2.5, 4.0, 8.0]}
    case("phi3_long_context", "Phi3ForCausalLM", "phi3", Decoder(fused=True),
         {**rms, "original_max_position_embeddings": 16, "rope_scaling": factors})
    case("phi2", "PhiForCausalLM", "phi",
         Decoder(qkv_bias=True, output_bias=True, norm_bias=True, norms=("input_layernorm",), head_bias=True,
                 attention_output="dense", last_norm="final_layernorm", mlp=plain_mlp("fc1", "fc2")),
         {"layer_norm_eps": 1e-5, "tie_word_embeddings": False, "hidden_act": "gelu_new", "intermediate_size": 128,
          "num_key_value_heads": 4, "partial_rotary_factor": 0.5, "qk_layernorm": False})


def add_gemma():
    common = {"rms_norm_eps": 1e-6, "hidden_activation": "gelu_pytorch_tanh", "head_dim": 16}
    four = ("input_layernorm", "post_attention_layernorm", "pre_feedforward_layernorm", "post_feedforward_layernorm")
    case("gemma", "GemmaForCausalLM", "gemma", Decoder(around=0), {**common, "hidden_act": "gelu_pytorch_tanh"})
    capped = {**common, "sliding_window": 32, "attn_logit_softcapping": 5.0, "final_logit_softcapping": 3.0,
              "query_pre_attn_scalar": 16}  # mlx-lm has no window here
    case("gemma2", "Gemma2ForCausalLM", "gemma2", Decoder(around=0, norms=four), capped)
    case("gemma2_query_scalar", "Gemma2ForCausalLM", "gemma2", Decoder(around=0, norms=four),
         {**capped, "query_pre_attn_scalar": 24})
    case("gemma3", "Gemma3ForCausalLM", "gemma3_text", Decoder(around=0, norms=four, head_norm="head"),
         {**common, "sliding_window": 8, "query_pre_attn_scalar": 16, "num_hidden_layers": 7, "rope_theta": 1000000.0,
          "rope_local_base_freq": 10000.0, "sliding_window_pattern": 6,
          "hidden_size": 64})  # mlx-lm rounds its root to bfloat16, which loses nothing


def add_llama_relatives():
    rms = {"rms_norm_eps": 1e-5, "tie_word_embeddings": True, "hidden_act": "silu"}
    case("smollm3", "SmolLM3ForCausalLM", "smollm3", Decoder(),
         {**rms, "num_hidden_layers": 5, "no_rope_layer_interval": 4, "no_rope_layers": [1, 1, 1, 0, 1],
          "attention_bias": False, "mlp_bias": False})
    case("granite", "GraniteForCausalLM", "granite", Decoder(),
         {**rms, "attention_multiplier": 0.25, "embedding_multiplier": 3.0, "residual_multiplier": 0.5,
          "logits_scaling": 2.0, "attention_bias": False, "mlp_bias": False})
    case("olmo2", "Olmo2ForCausalLM", "olmo2",
         Decoder(norms=("post_attention_layernorm", "post_feedforward_layernorm"), head_norm="row"),
         {**rms, "attention_bias": False, "tie_word_embeddings": False})
    layer = {"layer_norm_eps": 1e-5, "tie_word_embeddings": False, "hidden_act": "silu",
             "partial_rotary_factor": 0.25, "hidden_size": 64, "use_qkv_bias": True, "use_parallel_residual": False}
    case("stablelm", "StableLmForCausalLM", "stablelm", Decoder(norm_bias=True, qkv_bias=True), layer)
    case("stablelm_parallel", "StableLmForCausalLM", "stablelm",
         Decoder(norms=("input_layernorm",), norm_bias=True, head_norm="own"),
         {**layer, "use_qkv_bias": False, "use_parallel_residual": True, "qk_layernorm": True})
    case("starcoder2", "Starcoder2ForCausalLM", "starcoder2",
         Decoder(norm_bias=True, qkv_bias=True, output_bias=True, mlp=plain_mlp("c_fc", "c_proj")),
         {"norm_epsilon": 1e-5, "tie_word_embeddings": True, "hidden_act": "gelu_pytorch_tanh", "use_bias": True})


class StackedExperts:
    """The experts of gpt-oss, each weight in one tensor, gate and up in turns; as floats [in, out] or in MXFP4."""

    def __init__(self, packed):
        self.packed = packed

    def __call__(self, _, w, config, at):
        hidden, inner, count = config["hidden_size"], config["intermediate_size"], config["num_local_experts"]
        w.matrix(f"{at}.mlp.router", count, hidden, True)
        for name, rows, columns in (("gate_up_proj", 2 * inner, hidden), ("down_proj", hidden, inner)):
            (self.blocks if self.packed else self.floats)(w, f"{at}.mlp.experts.{name}", (count, rows, columns))
            w.vector(f"{at}.mlp.experts.{name}_bias", (count, rows), 0)

    @staticmethod
    def floats(w, name, shape):
        count, rows, columns = shape
        w.tensors[name] = w.random.normal(0, 1.2 / np.sqrt(columns), (count, columns, rows)).astype(np.float32)

    @staticmethod
    def blocks(w, name, shape):
        count, rows, columns = shape
        w.tensors[f"{name}_blocks"] = w.random.integers(0, 256, (count, rows, columns // 32, 16)).astype(np.uint8)
        w.tensors[f"{name}_scales"] = w.random.integers(122, 126, (count, rows, columns // 32)).astype(np.uint8)


def add_gpt_oss():
    common = {"hidden_size": 64, "head_dim": 16, "intermediate_size": 32, "num_hidden_layers": 4,
              "num_local_experts": 4, "num_experts_per_tok": 2, "experts_per_token": 2, "sliding_window": 8,
              "rms_norm_eps": 1e-5, "hidden_act": "silu", "swiglu_limit": 7.0, "attention_bias": True,
              "tie_word_embeddings": False, "rope_theta": 150000.0,
              "layer_types": ["sliding_attention", "full_attention"] * 2}
    yarn = {"rope_type": "yarn", "factor": 4.0, "beta_fast": 32.0, "beta_slow": 1.0,
            "original_max_position_embeddings": 16}
    options = {"qkv_bias": True, "output_bias": True, "sinks": True}
    case("gpt_oss", "GptOssForCausalLM", "gpt_oss", Decoder(mlp=StackedExperts(True), **options),
         {**common, "rope_scaling": yarn, "quantization_config": {
             "modules_to_not_convert": ["model.layers.*.self_attn", "model.layers.*.mlp.router", "model.embed_tokens",
                                        "lm_head"], "quant_method": "mxfp4"}})
    case("gpt_oss_floats", "GptOssForCausalLM", "gpt_oss", Decoder(mlp=StackedExperts(False), **options),
         {**common, "hidden_size": 32, "head_dim": 8, "intermediate_size": 16,
          "rope_scaling": {**yarn, "truncate": False}})


class LatentAttention(Decoder):
    """DeepSeek's: keys and values of all heads made of one row, dense layers first, then experts beside shared ones."""

    def attention(self, w, config, at):
        hidden, heads, latent = config["hidden_size"], config["num_attention_heads"], config["kv_lora_rank"]
        plain, rotated, value = config["qk_nope_head_dim"], config["qk_rope_head_dim"], config["v_head_dim"]
        if config["q_lora_rank"]:
            w.matrix(f"{at}.q_a_proj", config["q_lora_rank"], hidden)
            w.norm(f"{at}.q_a_layernorm", config["q_lora_rank"])
            w.matrix(f"{at}.q_b_proj", heads * (plain + rotated), config["q_lora_rank"])
        else:
            w.matrix(f"{at}.q_proj", heads * (plain + rotated), hidden)
        w.matrix(f"{at}.kv_a_proj_with_mqa", latent + rotated, hidden)
        w.norm(f"{at}.kv_a_layernorm", latent)
        w.matrix(f"{at}.kv_b_proj", heads * (plain + value), latent)
        w.matrix(f"{at}.o_proj", hidden, heads * value)

    @staticmethod
    def gated(self, w, config, at):
        if int(at.split(".")[2]) < config["first_k_dense_replace"]:
            return Decoder.gated(self, w, config, at)
        routed_mlp("mlp.gate", ("mlp.experts", "gate_proj", "down_proj", "up_proj"), "n_routed_experts")(
            self, w, config, at)
        if config["scoring_func"] == "sigmoid":
            w.vector(f"{at}.mlp.gate.e_score_correction_bias", config["n_routed_experts"], 0)
        hidden, inner = config["hidden_size"], config["moe_intermediate_size"] * config["n_shared_experts"]
        w.matrix(f"{at}.mlp.shared_experts.gate_proj", inner, hidden)
        w.matrix(f"{at}.mlp.shared_experts.up_proj", inner, hidden)
        w.matrix(f"{at}.mlp.shared_experts.down_proj", hidden, inner)


def add_deepseek():
    yarn = {"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16, "beta_fast": 32, "beta_slow": 1}
    common = {"rms_norm_eps": 1e-6, "hidden_act": "silu", "tie_word_embeddings": False, "attention_bias": False,
              "num_attention_heads": 4, "num_key_value_heads": 4, "kv_lora_rank": 32, "q_lora_rank": None,
              "qk_nope_head_dim": 32, "qk_rope_head_dim": 8, "v_head_dim": 24, "first_k_dense_replace": 1,
              "moe_layer_freq": 1, "moe_intermediate_size": 16, "n_routed_experts": 8, "num_experts_per_tok": 3,
              "n_shared_experts": 2}
    second = {**common, "scoring_func": "softmax", "norm_topk_prob": False,
              "rope_scaling": {**yarn, "mscale": 0.707, "mscale_all_dim": 0.707}}
    case("deepseek_v2_lite", "DeepseekV2ForCausalLM", "deepseek_v2", LatentAttention(),
         {**second, "topk_method": "greedy", "n_group": 1, "topk_group": 1, "routed_scaling_factor": 1.0})
    case("deepseek_v2", "DeepseekV2ForCausalLM", "deepseek_v2", LatentAttention(),
         {**second, "q_lora_rank": 32, "topk_method": "group_limited_greedy", "n_group": 4, "topk_group": 2,
          "routed_scaling_factor": 16.0})
    case("deepseek_v3", "DeepseekV3ForCausalLM", "deepseek_v3", LatentAttention(),
         {**common, "q_lora_rank": 32, "scoring_func": "sigmoid", "norm_topk_prob": True, "topk_method": "noaux_tc",
          "n_group": 4, "topk_group": 2, "routed_scaling_factor": 2.5,
          "rope_scaling": {**yarn, "mscale": 1.0, "mscale_all_dim": 1.0}})


def gpt2(w, config):
    hidden = config["n_embd"]
    w.matrix("wte", config["vocab_size"], hidden)
    w.matrix("wpe", config["n_positions"], hidden)
    for layer in range(config["n_layer"]):
        at = f"h.{layer}"
        for norm in ("ln_1", "ln_2"):
            w.norm(f"{at}.{norm}", hidden, True)
        for name, rows, columns in (("attn.c_attn", 3 * hidden, hidden), ("attn.c_proj", hidden, hidden),
                                    ("mlp.c_fc", 4 * hidden, hidden), ("mlp.c_proj", hidden, 4 * hidden)):
            w.matrix(f"{at}.{name}", rows, columns, True, transposed=True)
    w.norm("ln_f", hidden, True)


def gpt_neox(w, config):
    hidden, inner = config["hidden_size"], config["intermediate_size"]
    w.matrix("gpt_neox.embed_in", config["vocab_size"], hidden)
    for layer in range(config["num_hidden_layers"]):
        at = f"gpt_neox.layers.{layer}"
        for norm in ("input_layernorm", "post_attention_layernorm"):
            w.norm(f"{at}.{norm}", hidden, True)
        w.matrix(f"{at}.attention.query_key_value", 3 * hidden, hidden, True)
        w.matrix(f"{at}.attention.dense", hidden, hidden, True)
        w.matrix(f"{at}.mlp.dense_h_to_4h", inner, hidden, True)
        w.matrix(f"{at}.mlp.dense_4h_to_h", hidden, inner, True)
    w.norm("gpt_neox.final_layer_norm", hidden, True)
    w.matrix("embed_out", config["vocab_size"], hidden)


def falcon(w, config):
    hidden, size = config["hidden_size"], config["hidden_size"] // config["num_attention_heads"]
    w.matrix("transformer.word_embeddings", config["vocab_size"], hidden)
    for layer in range(config["num_hidden_layers"]):
        at = f"transformer.h.{layer}"
        for norm in ("ln_attn", "ln_mlp") if config["new_decoder_architecture"] else ("input_layernorm",):
            w.norm(f"{at}.{norm}", hidden, True)
        heads = config["num_attention_heads"] + 2 * config["num_kv_heads"]
        w.matrix(f"{at}.self_attention.query_key_value", heads * size, hidden)
        w.matrix(f"{at}.self_attention.dense", hidden, hidden)
        w.matrix(f"{at}.mlp.dense_h_to_4h", 4 * hidden, hidden)
        w.matrix(f"{at}.mlp.dense_4h_to_h", hidden, 4 * hidden)
    w.norm("transformer.ln_f", hidden, True)
    w.matrix("lm_head", config["vocab_size"], hidden)


def add_falcon():
    common = {"intermediate_size": "absent", "num_key_value_heads": "absent", "max_position_embeddings": "absent",
              "layer_norm_epsilon": 1e-5, "alibi": False, "bias": False, "parallel_attn": True,
              "tie_word_embeddings": False}
    case("falcon", "FalconForCausalLM", "falcon", falcon,
         {**common, "multi_query": True, "num_kv_heads": 1, "new_decoder_architecture": False})
    case("falcon_two_norms", "FalconForCausalLM", "falcon", falcon,
         {**common, "multi_query": False, "num_kv_heads": 2, "new_decoder_architecture": True})


def mamba2(w, config):
    hidden, heads, inner = config["hidden_size"], config["num_heads"], config["intermediate_size"]
    rows = inner + 2 * config["n_groups"] * config["state_size"]
    w.matrix("backbone.embeddings", config["vocab_size"], hidden)
    for layer in range(config["num_hidden_layers"]):
        at = f"backbone.layers.{layer}"
        w.norm(f"{at}.norm", hidden)
        w.matrix(f"{at}.mixer.in_proj", inner + rows + heads, hidden)
        kernels = w.random.normal(0, 0.5, (rows, 1, config["conv_kernel"]))
        w.tensors[f"{at}.mixer.conv1d.weight"] = kernels.astype(np.float32)
        w.vector(f"{at}.mixer.conv1d.bias", rows, 0)
        w.vector(f"{at}.mixer.dt_bias", heads, -1)
        # Logarithms that come back from e^x unchanged.
        w.tensors[f"{at}.mixer.A_log"] = np.log(1 + np.arange(heads) / 8).astype(np.float32)
        w.vector(f"{at}.mixer.D", heads, 1)
        w.norm(f"{at}.mixer.norm", inner)
        w.matrix(f"{at}.mixer.out_proj", hidden, inner)
    w.norm("backbone.norm_f", hidden)
    if not config["tie_word_embeddings"]:
        w.matrix("lm_head", config["vocab_size"], hidden)


def add_mamba():
    common = {**{key: "absent" for key in ("num_attention_heads", "num_key_value_heads", "max_position_embeddings",
                                           "rope_theta")},
              "layer_norm_epsilon": 1e-5, "hidden_act": "silu", "conv_kernel": 4, "expand": 2, "chunk_size": 256,
              "use_bias": False, "use_conv_bias": True, "residual_in_fp32": True, "time_step_limit": [0.0, 3.4028234663852886e+38],
              "time_step_rank": 2, "time_step_min": 0.001, "time_step_max": 0.1, "time_step_floor": 0.0001,
              "rescale_prenorm_residual": False}
    case("mamba2", "Mamba2ForCausalLM", "mamba2", mamba2,
         {**common, "intermediate_size": 64, "num_heads": 4, "head_dim": 16, "state_size": 24, "n_groups": 1,
          "tie_word_embeddings": True})
    case("mamba2_groups", "Mamba2ForCausalLM", "mamba2", mamba2,
         {**common, "hidden_size": 48, "intermediate_size": 96, "num_heads": 8, "head_dim": 12, "state_size": 16,
          "n_groups": 2, "tie_word_embeddings": False})


def add_gpt():
    absent = {key: "absent" for key in ("hidden_size", "intermediate_size", "num_hidden_layers", "rope_theta",
                                        "num_attention_heads", "num_key_value_heads", "max_position_embeddings")}
    case("gpt2", "GPT2LMHeadModel", "gpt2", gpt2,
         {**absent, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 64, "n_ctx": 64, "n_inner": None,
          "layer_norm_epsilon": 1e-5, "activation_function": "gelu_new"})
    neox = {"rope_theta": "absent", "num_key_value_heads": "absent", "layer_norm_eps": 1e-5, "hidden_act": "gelu",
            "rotary_pct": 0.25, "rotary_emb_base": 10000, "tie_word_embeddings": False, "hidden_size": 64,
            "intermediate_size": 256}
    case("gptneox", "GPTNeoXForCausalLM", "gpt_neox", gpt_neox, {**neox, "use_parallel_residual": True})
    case("gptneox_sequential", "GPTNeoXForCausalLM", "gpt_neox", gpt_neox, {**neox, "use_parallel_residual": False})


add_llama()
add_qwen()
add_phi()
add_gemma()
add_llama_relatives()
add_gpt()
add_falcon()
add_gpt_oss()
add_deepseek()
add_mamba()
