"""RWKV-7's part of ablations.py: a feature's tensors become neutral, or a part of the forward does something else.

Not only what is missing is tried, but also what is easily mistaken: the order of two steps, a norm over all heads, an
activation inside a low-rank product.
"""

import re
from unittest import mock

import numpy as np

import layers
import rwkv7
from gguf_file import ChangedTensors, WithoutTensors

# A decay, rate or share whose bias is this far out is exactly 0 or 1 behind the sigmoid.
SATURATED = 1e4
RESET_AT = 24  # far enough from the last token that only slow decays remember


def changed_logits(file, tokens):
    """[(feature, logits)]: rows in which the feature must show; the others hold what the model says."""
    whole = rwkv7.logits(file, tokens)
    for name, other in _changed_files(file):
        yield name, rwkv7.logits(other, tokens)
    for name, config in _changed_configs(file):
        yield name, rwkv7.logits(file, tokens, config)
    for name, part, replacement in _replaced_parts(file):
        with mock.patch.object(layers if hasattr(layers, part) else rwkv7, part, replacement):
            yield name, rwkv7.logits(file, tokens)
    forgetful = whole.copy()
    with mock.patch.object(rwkv7, "recurrence", _forgetful_recurrence):
        forgetful[-1] = rwkv7.logits(file, tokens)[-1]
    yield f"state before token {RESET_AT} at the last token", forgetful


def _changed_files(file):
    def filled(pattern, value):
        return ChangedTensors(file, pattern, lambda values: np.full_like(values, value))

    names = file.tensor_names()
    n_slices = file.tensor("blk.0.time_mix_lerp_fused.weight").shape[0]
    for index, name in enumerate(rwkv7.INTERPOLATED[:n_slices]):
        yield f"interpolation of {name}", ChangedTensors(
            file, "lerp_fused", lambda values, index=index: _with_row(values, index, 0.0))
        yield f"interpolation of {name} by its neighbour's share", ChangedTensors(
            file, "lerp_fused", lambda values, index=index: _with_row(values, index, values[(index + 1) % n_slices]))
    yield "token shift of the time mix", filled("lerp_fused", 0.0)
    yield "decay", filled("time_mix_w0", -SATURATED)
    yield "decay's dependence on the token", filled("time_mix_w2", 0.0)
    yield "decay's bias", filled("time_mix_w0", 0.0)
    yield "in-context rate", filled("time_mix_a0", SATURATED)
    yield "in-context rate's dependence on the token", filled("time_mix_a2", 0.0)
    yield "in-context rate's bias", filled("time_mix_a0", 0.0)
    yield "value residual", filled(r"blk\.[1-9]\d*\.time_mix_v0", -SATURATED)
    yield "value residual's dependence on the token", filled(r"blk\.[1-9]\d*\.time_mix_v2", 0.0)
    yield "value residual's bias", filled(r"blk\.[1-9]\d*\.time_mix_v0", 0.0)
    yield "k_k", filled("time_mix_k_k", 1.0)
    yield "k_a", filled("time_mix_k_a", 0.0)
    yield "r_k's bonus", filled("time_mix_r_k", 0.0)
    if any("channel_mix" in name for name in names):
        yield "token shift of the channel mix", filled("channel_mix_lerp_k", 0.0)
    for pattern in (r"time_mix_g[12]", r"time_mix_ln", r"time_mix_ln\.bias", r"norm(_2)?\.bias", r"token_embd_norm"):
        if any(re.search(pattern, name) for name in names):
            yield f"tensors {pattern}", WithoutTensors(file, pattern)


def _with_row(values, index, row):
    values = values.copy()
    values[index] = row
    return values


def _changed_configs(file):
    for eps in (1e-5, 64e-5, 32e-5):
        config = rwkv7.read_config(file)
        if file.has_tensor("blk.0.time_mix_ln.weight") and abs(eps - config.group_norm_eps) > 1e-9:
            config.group_norm_eps = eps
            yield f"group norm with epsilon {eps}", config


def _replaced_parts(file):
    """(feature, part of rwkv7.py or layers.py, what stands in its place)"""
    yield "zeros before the first token", "token_before", lambda x: np.concatenate([x[:1], x[:-1]])
    yield "tanh inside the decay", "decay", _decay_without_tanh
    yield "order of removal key and rate", "removal_and_write_keys", _keys_in_wrong_order
    yield "removal key's norm per head", "unit_length", _unit_length_over_heads
    yield "state read after the update", "recurrence", _recurrence_that_reads_first
    yield "removal from the state", "step", lambda state, w, k, v, a, b: _step(state, w, k, v, 0.0 * a, b)
    yield "removal before the decay", "step", lambda state, w, k, v, a, b: _step(state, w, k, v, a * w, b)
    if file.get("block_count") > 2:
        yield "value of layer 0, not of the layer before", "value_to_return_to", lambda values: values[-1]
    if file.has_tensor("blk.0.time_mix_g1.weight"):
        yield "sigmoid inside the gate", "gate", _gate_without_sigmoid
    if file.has_tensor("blk.0.time_mix_ln.weight"):
        yield "group norm per head", "group_norm", _group_norm_over_heads
    if file.has_tensor("blk.0.channel_mix_key.weight"):
        yield "squared relu", "squared_relu", lambda x: np.maximum(x, 0.0)
    else:
        yield "activation", "silu", layers.gelu_tanh


def _decay_without_tanh(tensors, x):
    raw = tensors.linear("time_mix_w2", tensors.linear("time_mix_w1", x)) + tensors.weight("time_mix_w0")
    return np.exp(-np.exp(-0.5) * layers.sigmoid(raw))


def _gate_without_sigmoid(tensors, x):
    return tensors.linear("time_mix_g2", tensors.linear("time_mix_g1", x))


def _keys_in_wrong_order(tensors, k, a):
    k = k * (1.0 + (a - 1.0) * tensors.weight("time_mix_k_a"))
    return k * tensors.weight("time_mix_k_k"), k


def _unit_length_over_heads(x):
    return x / np.sqrt(np.sum(x * x, axis=(-2, -1), keepdims=True) / x.shape[-2])


def _group_norm_over_heads(y, weight, bias, eps):
    flat = [None if values is None else values.reshape(*values.shape[:-2], -1) for values in (y, weight, bias)]
    return layers.layer_norm(*flat, eps).reshape(y.shape)


_step = rwkv7.step


def _recurrence(r, w, k, v, a, b, reads_first=False, reset_at=None):
    n_tokens, n_heads, head_size = r.shape
    state, y = np.zeros((n_heads, head_size, head_size)), np.empty_like(r)
    for token in range(n_tokens):
        if token == reset_at:
            state = np.zeros_like(state)
        after = _step(state, w[token], k[token], v[token], a[token], b[token])
        y[token] = np.einsum("hij,hj->hi", state if reads_first else after, r[token])
        state = after
    return y


def _recurrence_that_reads_first(*inputs):
    return _recurrence(*inputs, reads_first=True)


def _forgetful_recurrence(*inputs):
    return _recurrence(*inputs, reset_at=RESET_AT)
