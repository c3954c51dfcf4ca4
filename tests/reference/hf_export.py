"""Writes a Hugging Face model of one of our architectures as a GGUF file, by the conventions of llama.cpp's converter.

What the converter changes beside names: llama and granite get the rows of query and key permuted so that pairs that
turn together are neighbours; Gemma's norms, stored around zero, get 1 added; GPT-2's transposed matrices are turned;
fused experts are split into gate and up; Llama 3.1's frequency factors become a tensor.
"""

import re

import gguf
import numpy as np
import torch

_NAMES = {
    "model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output",
    "transformer.wte": "token_embd", "transformer.wpe": "position_embd", "transformer.ln_f": "output_norm",
}
_LAYER_NAMES = {
    "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output", "self_attn.qkv_proj": "attn_qkv", "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm", "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down", "mlp.gate_up_proj": "ffn_up",
    "mlp.gate": "ffn_gate_inp", "mlp.experts.down_proj": "ffn_down_exps", "mlp.shared_expert_gate": "ffn_gate_inp_shexp",
    "mlp.shared_expert.gate_proj": "ffn_gate_shexp", "mlp.shared_expert.up_proj": "ffn_up_shexp",
    "mlp.shared_expert.down_proj": "ffn_down_shexp", "mlp.c_fc": "ffn_up", "mlp.c_proj": "ffn_down",
    "ln_1": "attn_norm", "ln_2": "ffn_norm", "attn.c_attn": "attn_qkv", "attn.c_proj": "attn_output",
}
# Where four norms stand around two blocks, or two behind them, the same Hugging Face name means another place.
_POST_NORM_NAMES = {"post_attention_layernorm": "post_attention_norm", "pre_feedforward_layernorm": "ffn_norm",
                    "post_feedforward_layernorm": "post_ffw_norm"}


def gguf_tensors(model, architecture):
    """name -> float32 array."""
    config, out = model.config, {}
    for name, parameter in model.state_dict().items():
        if name == "lm_head.weight" and config.tie_word_embeddings:
            continue
        values = parameter.detach().numpy()
        match = re.fullmatch(r"(?:model\.layers|transformer\.h)\.(\d+)\.(.*?)(?:\.(weight|bias))?", name)
        if not match:
            stem, suffix = name.rsplit(".", 1)
            out[f"{_NAMES[stem]}.{suffix}"] = _shifted(values, name, architecture)
            continue
        layer, stem, suffix = match[1], match[2], match[3] or "weight"
        if stem == "mlp.experts.gate_up_proj":
            gate, up = np.split(values, 2, axis=1)
            out[f"blk.{layer}.ffn_gate_exps.weight"], out[f"blk.{layer}.ffn_up_exps.weight"] = gate, up
            continue
        names = _LAYER_NAMES | (_POST_NORM_NAMES if architecture in ("gemma2", "gemma3", "olmo2") else {})
        if architecture == "gpt2" and values.ndim == 2:
            values = values.T
        if architecture in ("llama", "granite") and stem.endswith(("q_proj", "k_proj")):
            values = _interleave_pairs(values, config, stem)
        if stem == "mlp.shared_expert_gate":
            values = values.reshape(-1)
        out[f"blk.{layer}.{names[stem]}.{suffix}"] = _shifted(values, name, architecture)
    return {name: np.ascontiguousarray(values, dtype=np.float32) for name, values in out.items()}


def _shifted(values, name, architecture):
    return values + 1.0 if architecture.startswith("gemma") and name.endswith("norm.weight") else values


def _interleave_pairs(values, config, stem):
    """Rows (half, pair) of each head become (pair, half)."""
    n_heads = config.num_attention_heads if stem.endswith("q_proj") else config.num_key_value_heads
    rows = values.reshape(n_heads, 2, -1, *values.shape[1:])
    return rows.swapaxes(1, 2).reshape(values.shape)


def llama3_factors(config):
    """The divisor that Llama 3.1's rule amounts to, taken from the model's own frequencies."""
    from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

    scaled, _ = ROPE_INIT_FUNCTIONS["llama3"](config, torch.device("cpu"))
    pairs = torch.arange(0, config.head_dim, 2, dtype=torch.float32)
    return (config.rope_parameters["rope_theta"] ** (-pairs / config.head_dim) / scaled).numpy()


def write(path, architecture, metadata, tensors):
    writer = gguf.GGUFWriter(path, architecture)
    for key, value in metadata.items():
        add = {bool: writer.add_bool, int: writer.add_uint32, float: writer.add_float32, str: writer.add_string,
               list: writer.add_array}[type(value)]
        add(f"{architecture}.{key}", value)
    for name, values in tensors.items():
        writer.add_tensor(name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
