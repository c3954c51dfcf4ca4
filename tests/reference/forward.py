"""A model in float64: the decoders of config.py here, the recurrent ones in rwkv7.py, the encoders in bert.py.

One loop over the layers; what differs between architectures is either data of the config or a tensor that is there or
not. Everything is computed for all tokens at once, without a cache: nothing to get wrong but the mathematics.
"""

import numpy as np

import bert
import layers
import rwkv7
from config import read_config
from gguf_file import GgufFile, LayerTensors
from rope import rotate


def logits(file, tokens, config=None, context=None, trace=None):
    """(tokens, vocabulary), float64.

    trace: a dict that receives the hidden state after each layer, and the smallest ratio of probabilities between an
    expert that was taken and one that was not ("router margin").
    """
    if file.architecture in rwkv7.ARCHITECTURES:
        return rwkv7.logits(file, tokens, config, trace)
    if file.architecture in bert.ARCHITECTURES:
        raise ValueError(f"{file.architecture} is an encoder and has no logits: ask for hidden()")
    config = config or read_config(file, context)
    tokens = np.asarray(tokens)
    x = file.tensor("token_embd.weight")[tokens] * config.embedding_scale
    if file.has_tensor("position_embd.weight"):
        x = x + file.tensor("position_embd.weight")[: len(tokens)]
    for layer in range(config.n_layers):
        x = _layer(LayerTensors(file, layer), config, layer, x, trace)
        if trace is not None:
            trace[f"layer {layer}"] = x
    x = _norm(config, x, file.tensor("output_norm.weight"), file.optional_tensor("output_norm.bias"))
    output = file.tensor("output.weight" if file.has_tensor("output.weight") else "token_embd.weight")
    out = layers.linear(x, output, file.optional_tensor("output.bias")) / config.logit_divisor
    return layers.soft_cap(out, config.final_cap)


def hidden(file, tokens, config=None, trace=None):
    """(tokens, dim), float64: what an encoder says of each token, without pooling."""
    if file.architecture not in bert.ARCHITECTURES:
        raise ValueError(f"{file.architecture} is no encoder: ask for logits()")
    return bert.hidden(file, tokens, config, trace)


def _norm(config, x, weight, bias=None):
    if config.layer_norm:
        return layers.layer_norm(x, weight, bias, config.norm_eps)
    return layers.rms_norm(x, weight, config.norm_eps)


def _norm_if_present(tensors, config, name, x):
    """Pre-norm architectures lack the norms after a block, OLMo 2 the ones before: an absent norm is the identity."""
    return _norm(config, x, tensors.weight(name), tensors.bias(name)) if tensors.has(f"{name}.weight") else x


def _layer(tensors, config, layer, x, trace):
    attended = _attention(tensors, config, layer, _norm_if_present(tensors, config, "attn_norm", x))
    x = x + config.residual_scale * _norm_if_present(tensors, config, "post_attention_norm", attended)
    fed = _feed_forward(tensors, config, _norm_if_present(tensors, config, "ffn_norm", x), trace)
    return x + config.residual_scale * _norm_if_present(tensors, config, "post_ffw_norm", fed)


def _attention(tensors, config, layer, x):
    n_tokens = x.shape[0]
    q_dim, kv_dim = config.n_heads * config.head_dim, config.n_kv_heads * config.head_dim
    if tensors.has("attn_qkv.weight"):
        q, k, v = np.split(tensors.linear("attn_qkv", x), [q_dim, q_dim + kv_dim], axis=-1)
    else:
        q, k, v = (tensors.linear(f"attn_{name}", x) for name in "qkv")
    q, k = _query_key_norm(tensors, config, "attn_q_norm", q), _query_key_norm(tensors, config, "attn_k_norm", k)
    q = q.reshape(n_tokens, config.n_heads, config.head_dim)
    k = k.reshape(n_tokens, config.n_kv_heads, config.head_dim)
    v = v.reshape(n_tokens, config.n_kv_heads, config.head_dim)
    if config.ropes[layer] is not None:
        positions = np.arange(n_tokens)
        q, k = rotate(q, positions, config.ropes[layer]), rotate(k, positions, config.ropes[layer])
    mixed = layers.attention(q, k, v, config.attention_scale, config.windows[layer], config.attention_cap)
    return tensors.linear("attn_output", mixed)


def _query_key_norm(tensors, config, name, x):
    """Per head where the weight has head_dim values (Qwen 3, Gemma 3), over all heads where it has more (OLMo 2)."""
    if not tensors.has(f"{name}.weight"):
        return x
    weight = tensors.weight(name)
    return layers.rms_norm(x.reshape(x.shape[0], -1, weight.size), weight, config.norm_eps).reshape(x.shape)


def _feed_forward(tensors, config, x, trace):
    activation = layers.gelu_tanh if config.gelu else layers.silu
    if config.n_experts:
        return _experts(tensors, config, x, activation, trace)
    if config.architecture == "phi3":  # one matrix holds the gate's rows, then those of the up projection
        gate, up = np.split(tensors.linear("ffn_up", x), 2, axis=-1)
        return tensors.linear("ffn_down", activation(gate) * up)
    if tensors.has("ffn_gate.weight"):
        return tensors.linear("ffn_down", activation(tensors.linear("ffn_gate", x)) * tensors.linear("ffn_up", x))
    return tensors.linear("ffn_down", activation(tensors.linear("ffn_up", x)))


def _experts(tensors, config, x, activation, trace):
    if trace is not None:
        ranked = -np.sort(-layers.softmax(tensors.linear("ffn_gate_inp", x)), axis=-1)
        margin = np.min(ranked[:, config.n_experts_used - 1] / ranked[:, config.n_experts_used])
        trace["router margin"] = min(margin, trace.get("router margin", np.inf))
    out = layers.mixture_of_experts(
        x, tensors.weight("ffn_gate_inp"), tensors.weight("ffn_gate_exps"), tensors.weight("ffn_up_exps"),
        tensors.weight("ffn_down_exps"), config.n_experts_used, config.normalise_expert_weights,
        config.expert_weights_scale, activation)
    if tensors.has("ffn_up_shexp.weight"):
        shared = tensors.linear("ffn_down_shexp",
                                activation(tensors.linear("ffn_gate_shexp", x)) * tensors.linear("ffn_up_shexp", x))
        gate = layers.sigmoid(x @ tensors.weight("ffn_gate_inp_shexp").reshape(-1))  # (tokens,)
        out = out + shared * gate[:, None]
    return out


def main():
    import argparse

    parser = argparse.ArgumentParser(description="Logits of a GGUF model, or an encoder's embedding, in float64.")
    parser.add_argument("model")
    parser.add_argument("tokens", nargs="+", type=int)
    parser.add_argument("--trace", action="store_true", help="the last token's hidden state after each layer")
    args = parser.parse_args()
    trace, file = {}, GgufFile(args.model)
    if file.architecture in bert.ARCHITECTURES:
        print(" ".join(f"{value:.6f}" for value in bert.embedding(file, args.tokens)))
        return
    last = logits(file, args.tokens, trace=trace)[-1]
    for name, value in trace.items():
        if args.trace and name.startswith("layer"):
            head = " ".join(f"{number:.6f}" for number in value[-1, :6])
            print(f"{name}: {head} ... norm {np.linalg.norm(value[-1]):.6f}")
    for token in np.argsort(-last)[:10]:
        print(f"{token:8d} {last[token]:.6f}")


if __name__ == "__main__":
    main()
