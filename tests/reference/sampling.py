"""Sampling in NumPy and float64, dense over the vocabulary, written from the papers: a token that is out has -inf.

Each sampler is a function of logits (and its parameters) that gives logits. `distribution` applies a chain to them,
`Drawer` draws tokens with the random numbers that include/ingot/sampling.h promises.
"""
import numpy as np

DEFAULT_ORDER = ["penalties", "dry", "top_n_sigma", "top_k", "typ_p", "top_p", "min_p", "xtc", "temperature"]
DEFAULTS = dict(samplers=DEFAULT_ORDER, repeat=1.0, frequency=0.0, presence=0.0, last_n=64, dry_multiplier=0.0,
                dry_base=1.75, dry_allowed_length=2, dry_last_n=-1, top_n_sigma=0.0, top_k=40, typical_p=1.0, top_p=0.95,
                min_p=0.05, xtc_probability=0.0, xtc_threshold=0.1, temperature=0.8, dynatemp_range=0.0,
                dynatemp_exponent=1.0, mirostat=0, tau=5.0, eta=0.1)
BREAKERS = ["\n", ":", '"', "*"]


def softmax(logits):
    weights = np.exp(logits - logits.max())
    return weights / weights.sum()


def ranked(logits):
    """Ids, best first, of equal logits the lower one; those that are out left away."""
    order = np.lexsort((np.arange(len(logits)), -logits))
    return order[: np.isfinite(logits).sum()]


def keep(logits, ids):
    out = np.full_like(logits, -np.inf)
    out[ids] = logits[ids]
    return out


def penalties(logits, history, repeat, frequency, presence, last_n):
    recent = history if last_n < 0 else history[len(history) - min(last_n, len(history)):]
    out = logits.copy()
    for token in set(recent):
        out[token] = out[token] / repeat if out[token] > 0 else out[token] * repeat
        out[token] -= recent.count(token) * frequency + presence
    return out


def ends_breaker(texts, index):
    """Whether a breaker's last byte lies in texts[index], given all texts before it."""
    before, whole = "".join(texts[:index]), "".join(texts[: index + 1])
    return any(whole.find(breaker, max(0, len(before) - len(breaker) + 1)) >= 0 for breaker in BREAKERS)


def dry(logits, history, text_of, multiplier, base, allowed_length, last_n):
    """The definition, word by word: quadratic."""
    texts = [text_of(token) for token in history]
    free = 0  # tokens at the end of the history that no breaker ends in
    while free < len(history) and not ends_breaker(texts, len(history) - 1 - free):
        free += 1
    window = history if last_n < 0 else history[len(history) - min(last_n, len(history)):]
    longest = {}
    if len(window) <= allowed_length or free < allowed_length:
        return logits
    for place in range(1, len(window)):  # the token that came after window[:place]
        length = 0
        while length < min(place, free) and window[place - 1 - length] == window[-1 - length]:
            length += 1
        if length >= allowed_length:
            longest[window[place]] = max(longest.get(window[place], 0), length)
    out = logits.copy()
    for token, length in longest.items():
        if not ends_breaker(texts + [text_of(token)], len(texts)):
            out[token] -= multiplier * base ** (length - allowed_length)
    return out


def top_n_sigma(logits, n):
    there = logits[np.isfinite(logits)]
    return np.where(logits >= there.max() - n * there.std(), logits, -np.inf)


def top_k(logits, k):
    return keep(logits, ranked(logits)[:k])


def prefix(logits, ids, p):
    cumulative = np.cumsum(softmax(logits)[ids])
    return keep(logits, ids[: max(1, int(np.searchsorted(cumulative, p)) + 1)])


def top_p(logits, p):
    return prefix(logits, ranked(logits), p)


def typical(logits, p):
    probabilities = softmax(logits)
    ids = ranked(logits)
    surprise = -np.log(probabilities[ids])
    entropy = (probabilities[ids] * surprise).sum()
    return prefix(logits, ids[np.argsort(np.abs(surprise - entropy), kind="stable")], p)


def min_p(logits, p):
    probabilities = softmax(logits)
    return np.where(probabilities >= p * probabilities.max(), logits, -np.inf)


def xtc(logits, threshold):
    ids = ranked(logits)
    n_top = (softmax(logits)[ids] >= threshold).sum()
    return keep(logits, ids[max(0, n_top - 1):])


def temperature(logits, value):
    return (logits - logits.max()) / value


def dynamic_temperature(logits, value, spread, exponent):
    probabilities = softmax(logits)
    probabilities = probabilities[np.isfinite(logits)]
    if len(probabilities) < 2:
        return logits
    entropy = -(probabilities[probabilities > 0] * np.log(probabilities[probabilities > 0])).sum()
    low, high = max(0.0, value - spread), value + spread
    return temperature(logits, low + (high - low) * (entropy / np.log(len(probabilities))) ** exponent)


def mirostat_1(logits, mu):
    ids = ranked(logits)
    best = logits[ids[:100]]
    steps = np.log((np.arange(len(best) - 1) + 2) / (np.arange(len(best) - 1) + 1))
    s = (steps * -np.diff(best)).sum() / (steps ** 2).sum()
    k = ((s - 1) * 2 ** mu / (1 - len(logits) ** (1 - s))) ** (1 / s)
    return keep(logits, ids[: max(1, int(k))])


def mirostat_2(logits, mu):
    ids = ranked(logits)
    return keep(logits, ids[: max(1, (-np.log2(softmax(logits)[ids]) <= mu).sum())])


class Random:
    """SplitMix64."""

    def __init__(self, seed):
        self.state = seed

    def unit(self):
        mask = (1 << 64) - 1
        self.state = (self.state + 0x9E3779B97F4A7C15) & mask
        mixed = self.state
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & mask
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & mask
        return ((mixed ^ (mixed >> 31)) >> 11) * 2.0 ** -53


class Drawer:
    def __init__(self, n_vocab, text_of, seed=0, **params):
        unknown = set(params) - set(DEFAULTS)
        assert not unknown, unknown
        self.params = {**DEFAULTS, **params}
        self.text_of, self.random, self.mu = text_of, Random(seed), 2 * self.params["tau"]
        self.sorted = False

    def step(self, name, logits, history):
        p, mirostat = self.params, self.params["mirostat"]
        if name == "penalties":
            return penalties(logits, history, p["repeat"], p["frequency"], p["presence"], p["last_n"])
        if name == "dry":
            if p["dry_multiplier"] == 0 or p["dry_last_n"] == 0:
                return logits
            return dry(logits, history, self.text_of, p["dry_multiplier"], p["dry_base"], p["dry_allowed_length"],
                       p["dry_last_n"])
        if name == "temperature":
            if p["dynatemp_range"] > 0:
                return dynamic_temperature(logits, p["temperature"], p["dynatemp_range"], p["dynatemp_exponent"])
            return temperature(logits, p["temperature"])
        if mirostat:
            return logits
        if name == "top_n_sigma":
            return top_n_sigma(logits, p["top_n_sigma"]) if p["top_n_sigma"] > 0 else logits
        if name == "top_k" and p["top_k"] > 0:
            self.sorted = True
            return top_k(logits, p["top_k"])
        if name == "typ_p" and p["typical_p"] < 1:
            self.sorted = True
            return typical(logits, p["typical_p"])
        if name == "top_p" and p["top_p"] < 1:
            self.sorted = True
            return top_p(logits, p["top_p"])
        if name == "min_p" and p["min_p"] > 0:
            return min_p(logits, p["min_p"])
        if name == "xtc" and p["xtc_probability"] > 0 and p["xtc_threshold"] <= 0.5:
            return xtc(logits, p["xtc_threshold"]) if self.random.unit() < p["xtc_probability"] else logits
        return logits

    def distribution(self, logits, history):
        """Probabilities of the last draw; takes XTC's random number."""
        logits = np.asarray(logits, np.float64)
        self.sorted = False
        for name in self.params["samplers"]:
            logits = self.step(name, logits, history)
        if self.params["mirostat"]:
            logits = (mirostat_1 if self.params["mirostat"] == 1 else mirostat_2)(logits, self.mu)
        return softmax(logits)

    def draw(self, logits, history):
        if self.params["temperature"] == 0:
            for name in ("penalties", "dry"):
                logits = self.step(name, np.asarray(logits, np.float64), history) if name in self.params["samplers"] else logits
            return int(np.argmax(logits))
        probabilities = self.distribution(logits, history)
        # The list that the draw walks is sorted by what selects the best, else it is in the order of ids.
        there = np.flatnonzero(probabilities)
        order = there[np.lexsort((there, -probabilities[there]))] if self.sorted else there
        index = int(np.searchsorted(np.cumsum(probabilities[order]), self.random.unit(), side="right"))
        token = int(order[min(index, len(order) - 1)])
        self.mu -= self.params["eta"] * (-np.log2(probabilities[token]) - self.params["tau"])
        return token
