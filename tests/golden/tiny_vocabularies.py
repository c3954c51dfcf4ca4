"""Small but complete vocabularies: every byte can be encoded, so any prompt goes through a tiny model."""

import gguf

_WORDS = "the of and to in is was he for it with as his on be at by had not are but from or have an they".split()


def _byte_alphabet():
    """GPT-2's printable stand-ins for the 256 bytes: printable Latin-1 stays, the rest moves to U+0100 and up."""
    kept = list(range(0x21, 0x7F)) + list(range(0xA1, 0xAD)) + list(range(0xAE, 0x100))
    moved = [byte for byte in range(256) if byte not in kept]
    return {byte: chr(byte) for byte in kept} | {byte: chr(0x100 + rank) for rank, byte in enumerate(moved)}


def byte_level_bpe(writer, pre, add_bos=False):
    alphabet = _byte_alphabet()
    tokens = [alphabet[byte] for byte in range(256)]
    merges = []
    for word in _WORDS:
        pieces = [alphabet[byte] for byte in (" " + word).encode()]
        while len(pieces) > 1:
            joined = pieces[0] + pieces[1]
            if joined not in tokens:
                merges.append(f"{pieces[0]} {pieces[1]}")
                tokens.append(joined)
            pieces = [joined] + pieces[2:]
        if len(tokens) >= 285:
            break
    tokens = tokens[:285]
    merges = merges[: 285 - 256]
    types = [gguf.TokenType.NORMAL] * len(tokens)
    for special in ("<|endoftext|>", "<|im_start|>", "<|im_end|>"):
        tokens.append(special)
        types.append(gguf.TokenType.CONTROL)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre)
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_token_merges(merges)
    writer.add_bos_token_id(285)
    writer.add_eos_token_id(285)
    writer.add_add_bos_token(add_bos)
    return len(tokens)


def sentencepiece_bpe(writer, add_space_prefix=True):
    tokens = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    scores = [0.0] * len(tokens)
    types = ([gguf.TokenType.UNKNOWN] + [gguf.TokenType.CONTROL] * 2 + [gguf.TokenType.BYTE] * 256)
    pieces = []
    for word in _WORDS[:9]:
        for end in range(2, len(word) + 2):
            pieces.append(("\u2581" + word)[:end])
    pieces = list(dict.fromkeys(pieces)) + ["\u2581"] + list("etaoinsrh")
    pieces = pieces[:29]
    tokens += pieces
    scores += [-1.0 - rank for rank in range(len(pieces))]
    types += [gguf.TokenType.NORMAL] * len(pieces)
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    writer.add_token_scores(scores)
    writer.add_token_types(types)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_add_bos_token(True)
    writer.add_add_space_prefix(add_space_prefix)
    return len(tokens)


def rwkv(writer):
    """A small RWKV World: byte b is id b + 1, then longer tokens for a greedy match, written as Python writes bytes."""
    longer = ["\n\n", "\r\n", "  ", "'s", "\"'", "\\n", "\u00e9", "\u4e2d", "\U0001f600"]
    longer = [token.encode() for token in longer] + [b"\x00\x00", b"\xe4\xb8", b"\xff\xfe"]
    for word in _WORDS[:5]:  # some prefixes of a longer token are missing, so that the match has to look further
        longer += [(" " + word).encode(), word.encode()]
    longer += [b"the of", b" they have", b"an", b"and they", b"User:", b"<s"]
    tokens = ["<s>"] + [repr(token)[2:-1] for token in [bytes([byte]) for byte in range(256)] + longer]
    types = [gguf.TokenType.CONTROL] + [gguf.TokenType.NORMAL] * (len(tokens) - 1)
    while len(tokens) < 288:
        tokens.append(f"[PAD{len(tokens)}]")
        types.append(gguf.TokenType.UNUSED)
    writer.add_tokenizer_model("rwkv")
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(0)
    writer.add_eot_token_id(257)
    return len(tokens)


# What WordPiece puts at both ends of a text.
WORDPIECE_CLS, WORDPIECE_SEP = 2, 3


def wordpiece(writer):
    """Lower case: every ASCII letter, digit and sign starts a word, letters and digits also continue one; the rest is
    [UNK]. A word's start carries U+2581, a continuation is bare."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    letters = [chr(code) for code in range(0x21, 0x7F) if not chr(code).isupper()]
    continued = [letter for letter in letters if letter.isalnum()]
    parts = "ing ed er ly es ion al en re is at on an ar or it st nd th ent ate est ers able ness ment".split()
    starts = "un re de in dis pre con com pro ex some with quick brown lazy dog fox jump over world hello".split()
    cjk = ["\u4e2d", "\u6587", "\u65e5", "\u672c", "\u4eba"]
    tokens = special + ["\u2581" + start for start in dict.fromkeys(letters + _WORDS + starts + cjk)]
    pairs = [consonant + vowel for vowel in "aeiou" for consonant in "bcdfghklmnprstvw"]
    tokens += (continued + list(dict.fromkeys(parts + pairs)))[: 285 - len(tokens)]
    types = [gguf.TokenType.CONTROL] * len(special) + [gguf.TokenType.NORMAL] * (len(tokens) - len(special))
    while len(tokens) < 288:
        tokens.append(f"[PAD{len(tokens)}]")
        types.append(gguf.TokenType.UNUSED)
    writer.add_tokenizer_model("bert")
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_token_type_count(2)
    writer.add_bos_token_id(WORDPIECE_CLS)  # where newer converters state [CLS]
    writer.add_uint32("tokenizer.ggml.cls_token_id", WORDPIECE_CLS)
    writer.add_sep_token_id(WORDPIECE_SEP)
    writer.add_unk_token_id(1)
    writer.add_pad_token_id(0)
    writer.add_mask_token_id(4)
    return len(tokens)
