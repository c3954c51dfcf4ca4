"""The parts transformers are made of, in float64, written as their papers state them."""

import math

import numpy as np


def rms_norm(x, weight, eps):
    return x / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + eps) * weight


def layer_norm(x, weight, bias, eps):
    centred = x - np.mean(x, axis=-1, keepdims=True)
    normed = centred / np.sqrt(np.mean(centred * centred, axis=-1, keepdims=True) + eps)
    return normed * weight + (0.0 if bias is None else bias)


def softmax(x):
    exps = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return exps / np.sum(exps, axis=-1, keepdims=True)


def sigmoid(x):
    return 0.5 * (1.0 + np.tanh(0.5 * x))  # the logistic function, without overflow


def silu(x):
    return x * sigmoid(x)


def gelu_tanh(x):
    """Hendrycks and Gimpel's approximation; GPT-2, Gemma and StarCoder2 are trained with it."""
    return 0.5 * x * (1.0 + np.tanh(np.sqrt(2.0 / np.pi) * (x + 0.044715 * x**3)))


_erf = np.vectorize(math.erf, otypes=[np.float64])


def gelu(x):
    """The exact one, x times the normal distribution function: what BERT is trained with."""
    return 0.5 * x * (1.0 + _erf(x / np.sqrt(2.0)))


def soft_cap(x, cap):
    return x if not cap else cap * np.tanh(x / cap)


def linear(x, weight, bias=None):
    """x: (tokens, in), weight: (out, in)."""
    out = x @ weight.T
    return out if bias is None else out + bias


def attention(q, k, v, scale, window=0, cap=0.0, causal=True):
    """Attention with grouped queries. q: (tokens, n_heads, head_dim), k and v: (tokens, n_kv_heads, head_dim).

    With a window a token sees itself and the window - 1 tokens before it; if not causal, it also sees those behind it.
    Returns (tokens, n_heads * head_dim).
    """
    n_tokens, n_heads, _ = q.shape
    queries_per_kv = n_heads // k.shape[1]
    query_pos, key_pos = np.arange(n_tokens)[:, None], np.arange(n_tokens)[None, :]
    visible = key_pos <= query_pos if causal else np.ones((n_tokens, n_tokens), bool)
    if window:
        visible &= query_pos - key_pos < window
    out = np.empty((n_tokens, n_heads, v.shape[2]))
    for head in range(n_heads):
        kv_head = head // queries_per_kv
        scores = soft_cap(q[:, head] @ k[:, kv_head].T * scale, cap)
        out[:, head] = softmax(np.where(visible, scores, -np.inf)) @ v[:, kv_head]
    return out.reshape(n_tokens, -1)


def mixture_of_experts(x, router, gate_exps, up_exps, down_exps, n_used, normalise, weights_scale, activation):
    """Each token goes through its n_used likeliest experts. *_exps: (n_experts, out, in)."""
    probabilities = softmax(linear(x, router))  # (tokens, n_experts)
    out = np.zeros_like(x)
    for token in range(x.shape[0]):
        chosen = np.argsort(-probabilities[token], kind="stable")[:n_used]
        weights = probabilities[token, chosen]
        if normalise:
            weights = weights / np.sum(weights)
        for expert, weight in zip(chosen, weights * weights_scale):
            hidden = activation(gate_exps[expert] @ x[token]) * (up_exps[expert] @ x[token])
            out[token] += weight * (down_exps[expert] @ hidden)
    return out
