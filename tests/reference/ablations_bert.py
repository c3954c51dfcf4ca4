"""The encoders' part of ablations.py: what is taken away, and what is easily mistaken for something else.

Not tried: the key's bias. It adds the same number to all scores of a query, which softmax does not see.
"""

import copy
import re
from unittest import mock

import numpy as np

import bert
import layers
import rope as rope_module
from gguf_file import ChangedTensors, WithoutTensors

# The two GELUs differ by at most 5e-4: below what a quantised golden can show, but a lot in F32.
BARELY_VISIBLE = {"gelu by tanh": 2e-4}


def changed_hidden(file, tokens):
    """[(feature, hidden states without it)]"""
    for name, other in _changed_files(file):
        yield name, bert.hidden(other, tokens)
    for name, config in _changed_configs(file):
        yield name, bert.hidden(file, tokens, config)
    for name, module, part, replacement in _replaced_parts(file):
        with mock.patch.object(module, part, replacement):
            yield name, bert.hidden(file, tokens)
    # Only a token that sees what follows it can notice another last token.
    other_tokens = list(tokens[:-1]) + [tokens[-1] + 1]
    seen_from_first = bert.hidden(file, tokens)
    seen_from_first[0] = bert.hidden(file, other_tokens)[0]
    yield "last token, seen from the first", seen_from_first


def _changed_files(file):
    def filled(pattern, value):
        return ChangedTensors(file, pattern, lambda values: np.full_like(values, value))

    names = file.tensor_names()
    yield "token types", filled("token_types", 0.0)
    yield "row 0 of the token types", ChangedTensors(file, "token_types", lambda values: values[::-1])
    if file.has_tensor("position_embd.weight"):
        yield "positions", filled("position_embd", 0.0)
        yield "position of the first token", ChangedTensors(file, "position_embd", lambda v: np.roll(v, -1, axis=0))
    for name in ("token_embd_norm", "attn_output_norm", "layer_output_norm"):
        yield f"weight of {name}", filled(rf"{name}\.weight", 1.0)
        yield f"bias of {name}", WithoutTensors(file, rf"{name}\.bias")
    for name in ("attn_q", "attn_v", "attn_output", "ffn_up", "ffn_down"):
        if f"blk.0.{name}.bias" in names:
            yield f"bias of {name}", WithoutTensors(file, rf"\.{name}\.bias")
    for layer in range(file.get("block_count")):
        for name in ("attn_output", "ffn_down"):
            yield f"{name} of layer {layer}", filled(rf"blk\.{layer}\.{name}\.", 0.0)


def _changed_configs(file):
    config = bert.read_config(file)

    def changed(**fields):
        other = copy.deepcopy(config)
        for name, value in fields.items():
            setattr(other, name, value)
        return other

    yield "attention to what follows", changed(causal=True)
    yield "scale by head_dim", changed(attention_scale=config.dim**-0.5)
    for eps in (1e-12, 1e-5):
        if not np.isclose(eps, config.norm_eps, rtol=1e-3):
            yield f"norm with epsilon {eps}", changed(norm_eps=eps)
    if config.rope is not None:
        yield "rope", changed(rope=None)
        yield "rope layout", changed(rope=rope_module.Rope(config.rope.inv_freq, 1.0, interleaved=True))
        usual = rope_module.plain_inv_freq(config.head_dim, 10000.0)
        yield "rope base", changed(rope=rope_module.Rope(usual, 1.0, interleaved=False))


def _replaced_parts(file):
    """(feature, module, part of it, what stands in its place)"""
    for name in ("token_embd_norm", "attn_output_norm", "layer_output_norm"):
        yield name, bert, "norm", _norm_without(file, name)
    yield "norm before, not behind", bert, "encoder_layer", _layer_that_norms_first
    yield "feed-forward's residual", bert, "encoder_layer", _layer_without_second_residual
    if file.has_tensor("blk.0.ffn_gate.weight"):
        yield "activation", layers, "silu", layers.gelu
        yield "gate and up", bert, "feed_forward", _feed_forward_swapped
    else:
        yield "activation", layers, "gelu", layers.silu
        yield "gelu by tanh", layers, "gelu", layers.gelu_tanh
    if file.has_tensor("blk.0.attn_qkv.weight"):
        n_heads = file.get("attention.head_count")
        yield "query and key", bert, "query_key_value", lambda tensors, x: _whole(tensors, x, [1, 0, 2])
        yield "key and value", bert, "query_key_value", lambda tensors, x: _whole(tensors, x, [0, 2, 1])
        yield "fused rows, not by head", bert, "query_key_value", lambda tensors, x: _by_head(tensors, x, n_heads)


def _norm_without(file, name):
    """A norm of that name passes its input on; the arrays themselves say which norm it is."""
    names = [full for full in file.tensor_names() if re.search(rf"{name}\.weight", full)]
    passed = {id(file.tensor(full)) for full in names}
    whole = bert.norm
    return lambda weight, bias, config, x: x if id(weight) in passed else whole(weight, bias, config, x)


def _layer_that_norms_first(tensors, config, x):
    x = x + bert.attention(tensors, config, bert._layer_norm(tensors, "attn_output_norm", config, x))
    return x + bert.feed_forward(tensors, bert._layer_norm(tensors, "layer_output_norm", config, x))


def _layer_without_second_residual(tensors, config, x):
    x = bert._layer_norm(tensors, "attn_output_norm", config, x + bert.attention(tensors, config, x))
    return bert._layer_norm(tensors, "layer_output_norm", config, bert.feed_forward(tensors, x))


def _feed_forward_swapped(tensors, x):
    return tensors.linear("ffn_down", layers.silu(tensors.linear("ffn_up", x)) * tensors.linear("ffn_gate", x))


def _whole(tensors, x, order):
    parts = np.split(tensors.linear("attn_qkv", x), 3, axis=-1)
    return [parts[index] for index in order]


def _by_head(tensors, x, n_heads):
    fused = tensors.linear("attn_qkv", x).reshape(len(x), n_heads, 3, -1)
    return [fused[:, :, part].reshape(len(x), -1) for part in range(3)]
