"""Does a golden prove what it claims? Each feature of a model is taken away in turn, and the logits must change.

A forward that forgets a window, a soft cap, a bias or a scale would pass a golden on which that feature does not show.
"""

import copy
import re

import numpy as np

import ablations_bert
import ablations_rwkv7
import bert
import rope as rope_module
import rwkv7
from config import read_config
from forward import hidden, logits
from gguf_file import WithoutTensors

# A change has to be this much of the logits' deviation, well above what any honest rounding does.
VISIBLE = 0.02


def _changed_configs(file, config):
    def changed(**fields):
        other = copy.deepcopy(config)
        for name, value in fields.items():
            setattr(other, name, value)
        return other

    if any(config.windows):
        yield "window", changed(windows=[0] * config.n_layers)
        yield "window one shorter", changed(windows=[max(window - 1, 0) for window in config.windows])
        if not all(config.windows):
            yield "layers of the window", changed(windows=config.windows[1:] + config.windows[:1])
            yield "window everywhere", changed(windows=[max(config.windows)] * config.n_layers)
    for name, neutral in (("attention_cap", 0.0), ("final_cap", 0.0), ("embedding_scale", 1.0),
                          ("residual_scale", 1.0), ("logit_divisor", 1.0), ("expert_weights_scale", 1.0),
                          ("attention_scale", config.head_dim**-0.5)):
        if abs(getattr(config, name) - neutral) > 1e-9:
            yield name, changed(**{name: neutral})
    if config.n_experts:
        yield "normalised experts", changed(normalise_expert_weights=not config.normalise_expert_weights)
        yield "experts used", changed(n_experts_used=config.n_experts_used - 1)
    yield "activation", changed(gelu=not config.gelu)
    yield from _changed_ropes(file, config, changed)


def _changed_ropes(file, config, changed):
    if config.ropes[0] is None:
        if file.get("rope.scaling.finetuned", True) is False:
            rope = rope_module.Rope(rope_module.plain_inv_freq(config.head_dim, 10000.0), 1.0, True)
            yield "no rope", changed(ropes=[rope] * config.n_layers)
        return
    plain = rope_module.plain_inv_freq(2 * config.ropes[0].inv_freq.size, file.get("rope.freq_base", 10000.0))

    def ropes(**fields):
        others = copy.deepcopy(config.ropes)
        for rope in others:
            for name, value in fields.items():
                setattr(rope, name, value)
        return changed(ropes=others)

    yield "rope layout", ropes(interleaved=not config.ropes[0].interleaved)
    if any(np.max(np.abs(rope.inv_freq - plain)) > 1e-9 for rope in config.ropes):
        yield "rope frequencies", ropes(inv_freq=plain)
    if any(rope.magnitude != 1.0 for rope in config.ropes):
        yield "rope magnitude", ropes(magnitude=1.0)
    if any(np.any(rope.inv_freq != config.ropes[0].inv_freq) for rope in config.ropes):
        for layer in (0, -1):
            yield f"rope of layer {layer} everywhere", changed(ropes=[config.ropes[layer]] * config.n_layers)


def _removable_tensors(file):
    names = file.tensor_names()
    for pattern in (r"attn_(q|k|v|qkv)\.bias", r"attn_output\.bias", r"ffn_(up|down)\.bias", r"norm\.bias",
                    r"attn_q_norm", r"attn_k_norm", r"post_attention_norm", r"post_ffw_norm", r"shexp", r"^output\.weight",
                    r"rope_freqs", r"position_embd"):
        if any(re.search(pattern, name) for name in names):
            yield pattern, WithoutTensors(file, pattern)


def changes(file, tokens, positions, expected):
    """[(feature, largest change of an output relative to the outputs' deviation)] with each feature taken away."""
    says = logits
    if file.architecture in bert.ARCHITECTURES:
        says, found = hidden, list(ablations_bert.changed_hidden(file, tokens))
    elif file.architecture in rwkv7.ARCHITECTURES:
        found = list(ablations_rwkv7.changed_logits(file, tokens))
    else:
        config = read_config(file)
        found = [(name, logits(file, tokens, other)) for name, other in _changed_configs(file, config)]
        for pattern, other in _removable_tensors(file):
            found.append((pattern, logits(other, tokens, read_config(other))))
    other_tokens = [tokens[0] + 1 if tokens[0] + 1 not in tokens else tokens[0] - 1] + list(tokens[1:])
    found.append(("first token", says(file, other_tokens)))
    return [(name, np.max(np.abs(other[positions] - expected)) / np.std(expected)) for name, other in found]


def require_every_feature_to_show(file, tokens, positions, expected):
    unseen = [name for name, change in changes(file, tokens, positions, expected)
              if change < ablations_bert.BARELY_VISIBLE.get(name, VISIBLE)]
    if unseen:
        raise AssertionError(f"{file.metadata.get('general.name')}: no visible effect of {', '.join(unseen)}")
