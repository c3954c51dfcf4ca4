"""A GGUF file as plain Python: metadata as a dict, tensors as float64 arrays.

Decoding is that of the package `gguf` (the reference implementation of the formats), in float32; everything after it
runs in float64, so that the only roundings left in an expected value are those of the file itself.
"""

import gguf
import numpy as np
from gguf.quants import dequantize


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
