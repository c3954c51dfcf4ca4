"""Where pre-tokenizers cut texts, by Hugging Face's own engine: splits.json.

Each family is written here as its models' tokenizer.json has it (Split, Digits, Punctuation and ByteLevel of the
package `tokenizers`, whose regular expressions are Oniguruma's), not as the program's table has it. Run with
tokenizers 0.22 or later; deterministic.
"""

import json
import pathlib
import random

from tokenizers import Regex
from tokenizers.pre_tokenizers import ByteLevel, Digits, Punctuation, Sequence, Split


def split(pattern):
    return Split(Regex(pattern), "isolated")


def words():
    return ByteLevel(add_prefix_space=False, use_regex=True)


CONTRACTION = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
UPPER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"
LOWER = r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
PREFIX = r"[^\r\n\p{L}\p{N}]?"
DEEPSEEK3 = (
    r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"""
    r"""| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"""
)
KANJI = "[一-龥\u3040-ゟ゠-ヿ]+"


def cl100k(numbers):
    return (
        CONTRACTION + r"|[^\r\n\p{L}\p{N}]?\p{L}+|" + numbers
        + r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    )


def o200k(contraction, numbers):
    return (
        f"{PREFIX}{UPPER}*{LOWER}+{contraction}|{PREFIX}{UPPER}+{LOWER}*{contraction}|{numbers}"
        r"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    )


KIMI_UPPER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]"
KIMI_LOWER = r"[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]"
KIMI = (
    rf"[\p{{Han}}]+|{PREFIX}{KIMI_UPPER}*{KIMI_LOWER}+{CONTRACTION}?|{PREFIX}{KIMI_UPPER}+{KIMI_LOWER}*{CONTRACTION}?"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
JAIS2_SPACE = "|".join([rf"\s{{{width}}}(?!\S)" for width in (512, 256, 128, 64, 32, 16, 8, 4)])
DEEPSEEK_LETTERS = (
    "A-Za-z\u00b5À-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛὝ"
    "Ὗ-\u1f7dᾀ-ᾴᾶ-ᾼ\u1fbeῂ-ῄῆ-ῌῐ-\u1fd3ῖ-\u1fdbῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤ\u2126ℨ\u212a-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛ"
    "Ꜣ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃"
)
BLOOM = r" ?[^(\s|[.,!?…。，、।۔،])]+"

FAMILIES = {
    "gpt-2": [words()],
    "smollm": [Digits(individual_digits=True), words()],
    "llama-bpe": [split(cl100k(r"\p{N}{1,3}"))],
    "qwen2": [split(cl100k(r"\p{N}"))],
    "qwen35": [
        split(
            CONTRACTION + r"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*"
            r"|\s*[\r\n]+|\s+(?!\S)|\s+"
        )
    ],
    "gpt-4o": [split(o200k(CONTRACTION + "?", r"\p{N}{1,3}"))],
    "tekken": [split(o200k("", r"\p{N}"))],
    "tiny_aya": [split(r"\d{1,3}(?=(?:\d{3})*\b)"), split(o200k(CONTRACTION + "?", r"\p{N}{1,3}"))],
    "deepseek-v3": [split(r"\p{N}{1,3}"), split(KANJI), split(DEEPSEEK3)],
    "deepseek-llm": [
        split(r"[\r\n]"),
        split(rf"\s?[{DEEPSEEK_LETTERS}]+"),
        split(r"\s?[!-/:-~！-／：-～‘-‟　-。]+"),
        split(r"\s+$"),
        split("[一-龥ࠀ-一가-\ud7ff]+"),
        split(r"\p{N}+"),
    ],
    "deepseek-coder": [
        split(r"[\r\n]"),
        split(r"\s?\p{L}+"),
        split(r"\s?\p{P}+"),
        split("[一-龥ࠀ-一가-\ud7ff]+"),
        Digits(individual_digits=True),
    ],
    "falcon": [Punctuation("contiguous"), words(), split("[0-9][0-9][0-9]")],
    "bloom": [split(BLOOM)],
    "viking": [split(BLOOM), Digits(individual_digits=True)],
    "chameleon": [
        split("<sentinel:[0-9]+>"),
        split("(IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z"),
        split(r"([\t\n]|    |  )"),
        Digits(individual_digits=True),
        split(r"[\p{P}!-/:-@\[-`{-~]"),
        words(),
    ],
    "kimi-k2": [split(KIMI)],
    "jais-2": [
        split(
            CONTRACTION + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|"
            + JAIS2_SPACE + r"|\s{1,2}(?!\S)|\s{1}"
        )
    ],
    "superbpe": [split(r"\p{N}+"), split(r"(?=(\d{3})+(?!\d))")],
    "bailingmoe": [
        split(
            r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]"
            r"|\s+(?!\S)|\s+"
        )
    ],
    "seed-coder": [
        split(CONTRACTION + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+|\s*[\r\n]+|\s+(?!\S)|\s+")
    ],
    "exaone-moe": [
        split(
            CONTRACTION + r"|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]?"
            r"|\s*[\r\n]|\s+(?!\S)|\s+"
        )
    ],
    "minicpm5": [split(r"\p{N}{1,3}"), split(cl100k(r"\p{N}+"))],
    "youtu": [
        split("[가-힣ㄱ-ㆎ]+|[！…“”‘’—：；，、-〿︰-﹏]+|[ㄅ-ㄯ]+|" + KANJI),
        split(o200k(CONTRACTION + "?", r"\p{N}")),
    ],
    "laguna": [split(r"[^\n]+|[\n]+"), split(cl100k(r"\p{N}"))],
}

TEXTS = [
    "Hello world", " Hello  world ", "I'm sure they've DON'T, we'LL; 'tis o'clock 'S'", "it\u2019s \u017f'\u017f a'\u017fb",
    "a1b22c333d4444e55555f666666 7777777 88888888", "1234567 12,345,678.90 1e10 0x1F ½¾ ⅷ Ⅻ ٣٤٥٦ १२३४ ¹²³",
    "123abc 1234_5 abc1234 12345678x9", "x = [1, 2, 3]; y += f(x)->z // done\r\n\r\n\tif (a && !b) { return; }\n",
    "tab\there\t\ttwo\t \tmixed \t", "line\nline\n\nline\r\nline\r\r\n  \n \n  end\n", "trailing spaces   ", "   ", "\n", "\n\n\n",
    " \n \n\n  \n\n\n   x", "a     b      c\u00a0\u00a0d\u3000\u3000e\u2003f\u180eg\u2028h\u2029i\u0085j\u200bk\ufeffl",
    "CamelCase HTTPServer iPhone XMLHttpRequest don'tStop ÉcoleNormale ǅungla ΑΒγδ",
    "naïve cafe\u0301 e\u0301\u0300 \u0301start ि किताब हिन्दी में", "我想在apple工作1314151天～ 中文，标点。！？、「引号」 々〇〆",
    "日本語のテキスト、カタカナとひらがなABC123 ﾊﾝｶｸ ー", "한국어 문장입니다. ㄱㄴㄷ ㅏㅑ 가나다ABC 123", "ภาษาไทย ไม่มีช่องว่าง លេខ ភាសាខ្មែរ မြန်မာ ລາວ",
    "العربية ۱۲۳ سؤال؟ نعم، لا۔ עברית", "Привет, мир! Здравствуйте—это тест… «кавычки» №5", "Ελληνικά: αβγ ΔΕΖ ;",
    "🚀 (normal) 😶‍🌫️ ✅ 🦙🦙 👩‍👩‍👧 🇩🇪 1️⃣ a🚀b", "$100 €20 £3 ¥5 + - × ÷ = ≠ < > ^ ~ | ` ¬ ± §", "...!!!???---===___***###@@@ ''''' \"\"\"\" ````",
    "email@example.com https://a.b/c?d=e&f#g /usr/bin/x C:\\dir\\file.txt", "\x00\x01\x1f\x7f\x80\x9f control", "\ue000\uf8ff private \U000f0000",
    "<sentinel:12> IMGIMGABCZ IMGIMGAZ <|im_start|>user\nhi<|im_end|>", "a/b//c///\n/d !/\n\n x/ /", "'s 't 're 've 'm 'll 'd 'S 'T 'RE 'VE 'M 'LL 'D 'x",
    "word'sword can'tx 'll'll s's", "ªº ʰʱ ˀ modifier ʼn", "\u02bcapostrophe d\u02bcaccord", "a" * 40, "A" * 40, " " * 40, " " * 700 + "x", "\t" * 33, "!" * 40,
    "1" * 40, "中" * 20, "e\u0301" * 20, "\u0301" * 20, "aA" * 20, "\r\n" * 10, " \n" * 10, "a " * 20, "' " * 10, "मुझे १,२३,४५६ रुपये चाहिए।", "x\u00adsoft\u2060join\u200dzwj",
]

PARTS = list("abzABZ09 \t\n\r'.,!?-/_($") + [
    "  ", "   ", "\r\n", "'s", "'LL", "123", "é", "É", "ß", "\u0301", "中", "国", "あ", "ア", "한", "ㄱ", "ก", "ि", "क", "١", "½", "Ⅳ", "。", "，", "…",
    "“", "—", "€", "+", "🚀", "\u200d", "\u00a0", "\u3000", "\u2028", "\u0085", "ǅ", "ʰ", "ª", "々", "〇", "\x1f", "Ж", "ж",
]


def byte_ends(pre_tokenizer, text):
    """The ends of the pieces in bytes of UTF-8."""
    bytes_before = [0]
    for character in text:
        bytes_before.append(bytes_before[-1] + len(character.encode()))
    ends = []
    for _, (start, end) in pre_tokenizer.pre_tokenize_str(text):
        if end > start:
            ends.append(bytes_before[end])
    return ends


def save(name, content):
    """One line a key."""
    lines = [json.dumps(key) + ":" + json.dumps(value, separators=(",", ":")) for key, value in content.items()]
    (pathlib.Path(__file__).parent / name).write_text("{" + ",\n".join(lines) + "}\n")


def main():
    chance = random.Random(20260801)
    texts = TEXTS + ["".join(chance.choices(PARTS, k=chance.randint(1, 24))) for _ in range(120)]
    result = {"texts": texts, "ends": {}}
    for name, steps in FAMILIES.items():
        pre_tokenizer = Sequence(steps)
        result["ends"][name] = [byte_ends(pre_tokenizer, text) for text in texts]
    save("splits.json", result)


if __name__ == "__main__":
    main()
