"""SentencePiece's ModelProto read and written by hand: a few fields of protobuf's wire format, without its package."""

import struct

NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = range(1, 7)
UNIGRAM, BPE = 1, 2


def _varint(n):
    n &= (1 << 64) - 1
    out = bytearray()
    while n >= 0x80:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    return bytes(out) + bytes([n])


def _field(number, value):
    if isinstance(value, float):
        return _varint(number << 3 | 5) + struct.pack("<f", value)
    if isinstance(value, (bool, int)):
        return _varint(number << 3) + _varint(int(value))
    value = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def write_model(pieces, model_type, *, unknown_id, byte_fallback, add_dummy_prefix, remove_extra_whitespaces, charsmap=b""):
    """pieces: (text, score, type)."""
    out = b"".join(_field(1, _field(1, text) + _field(2, float(score)) + _field(3, kind)) for text, score, kind in pieces)
    trainer = _field(3, model_type) + _field(35, byte_fallback) + _field(40, unknown_id) + _field(45, pieces[unknown_id][0])
    normalizer = (_field(1, "custom") + _field(2, charsmap) + _field(3, add_dummy_prefix)
                  + _field(4, remove_extra_whitespaces) + _field(5, True))
    return out + _field(2, trainer) + _field(3, normalizer)


def _fields(data):
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        key = varint()
        if key & 7 == 0:
            yield key >> 3, varint()
            continue
        n = {1: 8, 5: 4}.get(key & 7) or varint()
        yield key >> 3, data[at:at + n]
        at += n


def read_model(data):
    """(pieces, charsmap)"""
    pieces, charsmap = [], b""
    for number, value in _fields(data):
        if number == 1:
            piece = dict(_fields(value))
            score = struct.unpack("<f", piece[2])[0] if 2 in piece else 0.0
            pieces.append((piece[1].decode(), score, piece.get(3, NORMAL)))
        elif number == 3:
            charsmap = dict(_fields(value)).get(2, b"")
    return pieces, charsmap
