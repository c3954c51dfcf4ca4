"""A GGUF file as plain Python: metadata as a dict, tensors as float64 arrays.

Decoding is that of the package `gguf` (the reference implementation of the formats), in float32; everything after it
runs in float64, so that the only roundings left in an expected value are those of the file itself.
"""

import re

import gguf
import numpy as np
from gguf.quants import dequantize

import layers


class GgufFile:
    def __init__(self, path):
        reader = gguf.GGUFReader(path)
        self.metadata = {name: field.contents() for name, field in reader.fields.items()
                         if not name.startswith("GGUF.")}
        self.architecture = self.metadata["general.architecture"]
        self._tensors = {tensor.name: tensor for tensor in reader.tensors}
        self._decoded = {}

    def get(self, key, default=None):
        """Value of "<architecture>.<key>", or the default; without a default the key is required."""
        full_key = f"{self.architecture}.{key}"
        if default is None and full_key not in self.metadata:
            raise KeyError(f"missing metadata key {full_key}")
        return self.metadata.get(full_key, default)

    def has_key(self, key):
        return f"{self.architecture}.{key}" in self.metadata

    def has_tensor(self, name):
        return name in self._tensors

    def tensor_names(self):
        return list(self._tensors)

    def tensor_type(self, name):
        return self._tensors[name].tensor_type

    def tensor(self, name):
        """float64, in row-major math order: a weight is (out, in), experts are (n_experts, out, in)."""
        if name not in self._decoded:
            tensor = self._tensors[name]
            self._decoded[name] = dequantize(tensor.data, tensor.tensor_type).astype(np.float64)
        return self._decoded[name]

    def optional_tensor(self, name):
        return self.tensor(name) if self.has_tensor(name) else None


class LayerTensors:
    """The tensors of one layer, by the names that follow "blk.<layer>."."""

    def __init__(self, file, layer):
        self._file, self._prefix = file, f"blk.{layer}."

    def has(self, name):
        return self._file.has_tensor(self._prefix + name)

    def weight(self, name):
        return self._file.tensor(f"{self._prefix}{name}.weight")

    def bias(self, name):
        return self._file.optional_tensor(f"{self._prefix}{name}.bias")

    def linear(self, name, x):
        return layers.linear(x, self.weight(name), self.bias(name))


class WithoutTensors:
    """A file in which some tensors are not there."""

    def __init__(self, file, pattern):
        self._file, self._pattern = file, re.compile(pattern)

    def __getattr__(self, name):
        return getattr(self._file, name)

    def has_tensor(self, name):
        return not self._pattern.search(name) and self._file.has_tensor(name)

    def optional_tensor(self, name):
        return self._file.tensor(name) if self.has_tensor(name) else None


class ChangedTensors:
    """A file in which the tensors that match have other values."""

    def __init__(self, file, pattern, change):
        self._file, self._pattern, self._change = file, re.compile(pattern), change

    def __getattr__(self, name):
        return getattr(self._file, name)

    def tensor(self, name):
        values = self._file.tensor(name)
        return self._change(values) if self._pattern.search(name) else values

    def optional_tensor(self, name):
        return self.tensor(name) if self.has_tensor(name) else None
