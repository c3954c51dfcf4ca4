"""Logits of RWKV-7 ("Goose", x070: Peng et al., 2025) and of ARWKV-7, its time mix in a Qwen-like model, in float64.

Per token and layer: x += time_mix(norm(x)); x += feed_forward(norm(x)). The time mix keeps a matrix per head: its rows
are value channels, its columns key channels. The recurrence runs token after token as the paper writes it: no chunks,
nothing folded. What a file lacks of the optional parts (gate, group norm) is left out.

ablations_rwkv7.py takes the parts away by name, which is why each is a function of this module.
"""

from dataclasses import dataclass

import numpy as np

import layers
from gguf_file import LayerTensors

ARCHITECTURES = ["rwkv7", "arwkv7"]
# A layer's inputs that are interpolated with the token before, in the order of time_mix_lerp_fused.
INTERPOLATED = "rwkvag"
TOKEN_SHIFTS = {"rwkv7": 2, "arwkv7": 1}  # ARWKV-7's feed-forward sees no token before


@dataclass
class Config:
    n_layers: int
    head_size: int
    layer_norm: bool       # with biases; else RMS norms
    norm_eps: float
    group_norm_eps: float  # no key: 1e-5 for each channel of a head


def read_config(file):
    layer_norm = file.architecture == "rwkv7"
    expected_shifts = TOKEN_SHIFTS[file.architecture]
    if file.get("token_shift_count", expected_shifts) != expected_shifts:
        raise NotImplementedError(f"{file.architecture} with token_shift_count {file.get('token_shift_count')}")
    head_size = file.get("wkv.head_size")
    return Config(n_layers=file.get("block_count"), head_size=head_size, layer_norm=layer_norm,
                  norm_eps=file.get("attention.layer_norm_epsilon" if layer_norm
                                    else "attention.layer_norm_rms_epsilon"),
                  group_norm_eps=head_size * 1e-5)


def logits(file, tokens, config=None, trace=None):
    """(tokens, vocabulary). trace: a dict that receives the hidden state after each layer."""
    config = config or read_config(file)
    x = file.tensor("token_embd.weight")[np.asarray(tokens)]  # (tokens, dim)
    if file.has_tensor("token_embd_norm.weight"):
        x = _norm(config, x, file.tensor("token_embd_norm.weight"), file.optional_tensor("token_embd_norm.bias"))
    values = []  # of the layers so far, each (tokens, dim)
    for layer in range(config.n_layers):
        tensors = LayerTensors(file, layer)
        mixed, value = _time_mix(tensors, config, _layer_norm(tensors, config, "attn_norm", x), values)
        values.append(value)
        x = x + mixed
        second_norm = "attn_norm_2" if tensors.has("attn_norm_2.weight") else "ffn_norm"
        x = x + _feed_forward(tensors, _layer_norm(tensors, config, second_norm, x))
        if trace is not None:
            trace[f"layer {layer}"] = x
    x = _norm(config, x, file.tensor("output_norm.weight"), file.optional_tensor("output_norm.bias"))
    return layers.linear(x, file.tensor("output.weight"))


def _norm(config, x, weight, bias):
    if config.layer_norm:
        return layers.layer_norm(x, weight, bias, config.norm_eps)
    return layers.rms_norm(x, weight, config.norm_eps)


def _layer_norm(tensors, config, name, x):
    return _norm(config, x, tensors.weight(name), tensors.bias(name))


def _time_mix(tensors, config, x, earlier_values):
    """x: (tokens, dim), normed. Returns what is added to the residual stream, and this layer's value."""
    shares = tensors.weight("time_mix_lerp_fused").reshape(-1, x.shape[1])  # (6, or 5 without a gate, dim)
    change = token_before(x) - x
    mixed = {name: x + change * share for name, share in zip(INTERPOLATED, shares)}
    r = tensors.linear("time_mix_receptance", mixed["r"])
    k = tensors.linear("time_mix_key", mixed["k"])
    v = tensors.linear("time_mix_value", mixed["v"])
    w = decay(tensors, mixed["w"])
    a = in_context_rate(tensors, mixed["a"])
    if earlier_values:  # layer 0 may hold these tensors too, as dummies
        v = v + (value_to_return_to(earlier_values) - v) * value_share(tensors, mixed["v"])

    def heads(channels):  # (..., dim) -> (..., n_heads, head_size)
        return channels.reshape(*channels.shape[:-1], -1, config.head_size)

    removed_key, k = removal_and_write_keys(tensors, k, a)
    removed_key = unit_length(heads(removed_key))
    y = recurrence(heads(r), heads(w), heads(k), heads(v), -removed_key, removed_key * heads(a))
    if tensors.has("time_mix_ln.weight"):
        bias = tensors.bias("time_mix_ln")
        y = group_norm(y, heads(tensors.weight("time_mix_ln")), None if bias is None else heads(bias),
                       config.group_norm_eps)
    bonus = np.sum(heads(r) * heads(k) * heads(tensors.weight("time_mix_r_k").reshape(-1)), axis=-1, keepdims=True)
    y = (y + bonus * heads(v)).reshape(x.shape)
    if tensors.has("time_mix_g1.weight"):
        y = y * gate(tensors, mixed["g"])
    return tensors.linear("time_mix_output", y), v


def token_before(x):
    return np.concatenate([np.zeros_like(x[:1]), x[:-1]])


def decay(tensors, x):
    """In (exp(-exp(-0.5)), 1) = (0.545, 1), per channel."""
    raw = tensors.linear("time_mix_w2", np.tanh(tensors.linear("time_mix_w1", x))) + tensors.weight("time_mix_w0")
    return np.exp(-np.exp(-0.5) * layers.sigmoid(raw))


def in_context_rate(tensors, x):
    return layers.sigmoid(_low_rank(tensors, "a", x) + tensors.weight("time_mix_a0"))


def value_share(tensors, x):
    return layers.sigmoid(_low_rank(tensors, "v", x) + tensors.weight("time_mix_v0"))


def gate(tensors, x):
    return tensors.linear("time_mix_g2", layers.sigmoid(tensors.linear("time_mix_g1", x)))


def _low_rank(tensors, name, x):
    return tensors.linear(f"time_mix_{name}2", tensors.linear(f"time_mix_{name}1", x))


def value_to_return_to(earlier_values):
    return earlier_values[0]


def removal_and_write_keys(tensors, k, a):
    """The key whose value is removed from the state comes from the projection, before the rate scales it."""
    return k * tensors.weight("time_mix_k_k"), k * (1.0 + (a - 1.0) * tensors.weight("time_mix_k_a"))


def unit_length(x):
    return x / np.maximum(np.sqrt(np.sum(x * x, axis=-1, keepdims=True)), 1e-12)


def recurrence(r, w, k, v, a, b):
    """All (tokens, n_heads, head_size), and so is the result. S <- S (diag(w) + a b^T) + v k^T; y = S r."""
    n_tokens, n_heads, head_size = r.shape
    state = np.zeros((n_heads, head_size, head_size))  # (head, value channel, key channel)
    y = np.empty_like(r)
    for token in range(n_tokens):
        state = step(state, w[token], k[token], v[token], a[token], b[token])
        y[token] = np.einsum("hij,hj->hi", state, r[token])
    return y


def step(state, w, k, v, a, b):
    removed = np.einsum("hij,hj->hi", state, a)
    return state * w[:, None, :] + removed[:, :, None] * b[:, None, :] + v[:, :, None] * k[:, None, :]


def group_norm(y, weight, bias, eps):
    """One group per head."""
    return layers.layer_norm(y, weight, bias, eps)


def _feed_forward(tensors, x):
    if tensors.has("ffn_gate.weight"):
        return tensors.linear("ffn_down", layers.silu(tensors.linear("ffn_gate", x)) * tensors.linear("ffn_up", x))
    mixed = x + (token_before(x) - x) * tensors.weight("channel_mix_lerp_k").reshape(-1)
    return tensors.linear("channel_mix_value", squared_relu(tensors.linear("channel_mix_key", mixed)))


def squared_relu(x):
    return np.maximum(x, 0.0) ** 2
