"""Texts that the tokenizer goldens are made of: scripts, code, white space, emojis, and bytes that are no text."""

TEXTS = [
    "", " ", "  ", "   ", "\n", "\n\n", "\n \n", "\t", "\t\t\t", " \t\n\r ", "a", " a", "a ", "  a  b   c    d  ",
    "Hello, world!", "Hello  world", " Hello World", "The quick brown fox jumps over the lazy dog.",
    "It's we'll I'd they've don't can't O'Neill's 'quoted'", "UPPER lower MiXeD camelCase snake_case kebab-case",
    "1 12 123 1234 12345 123456789 3.14159 -1e-10 0xFF 1,000,000 50% $9.99",
    "def f(x):\n    if x > 0:\n        return x ** 2\n\telse:\n\t\treturn None\n",
    "#include <vector>\nint main() { std::vector<int> v{1, 2, 3}; return v[0] & ~0x7f; }\n",
    "for (int i = 0; i < n; ++i) {\n\n\n\n    a[i] += b[i] * c[i];  // sum\n}\n",
    "<html><body><h1>Title</h1><p>Some <b>bold</b> text.</p></body></html>",
    "https://example.com/path?query=1&other=a%20b#fragment mail@example.org",
    "| a | b |\n|---|---|\n| 1 | 2 |\n", "***bold*** __init__ ~~~~~~~~ ======== -------- ........",
    "Ünïcödé àccénts: naïve café, Žluťoučký kůň, São Paulo, Übergrößenträger, Ångström, ﬁnance, ①②③, ½",
    "Cafe\u0301 nai\u0308ve \u1e9b\u0323 A\u030a \u212b e\u0301\u0302\u0303", "İstanbul ıspanak ŞIK ğ Ǆ ǅ ǆ ß ẞ ΑΣ Σίσυφος",
    "Быстрая коричневая лиса прыгает через ленивую собаку. Ёлка, їжак.",
    "Η γρήγορη αλεπού πηδάει πάνω από το τεμπέλικο σκυλί. ᾳ ῷ Ὠ",
    "快速的棕色狐狸跳过懒狗。我能吞下玻璃而不伤身体。", "素早い茶色の狐がのろまな犬を飛び越える。ｱｲｳ カタカナ ㍿ ㌔",
    "빠른 갈색 여우가 게으른 개를 뛰어넘는다. ᄀ가각", "الثعلب البني السريع يقفز فوق الكلب الكسول ﷺ ﷽ ١٢٣",
    "השועל החום המהיר קופץ מעל הכלב העצלן שָׁלוֹם", "तेज़ भूरी लोमड़ी आलसी कुत्ते पर कूदती है। क्षि ज़", "สุนัขจิ้งจอกสีน้ำตาลกระโดดข้ามสุนัขขี้เกียจ",
    "🙂 👍🏽 👨‍👩‍👧‍👦 🇩🇪🇫🇷 ❤️ 🏳️‍🌈 1️⃣ ☃ ⛄", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𝐛𝐨𝐥𝐝 𝟙𝟚𝟛 𠀀𠀁 𪚥 \U0002b820\U0002b920",
    "a\u00a0b\u2003c\u3000d\u2028e\u2029f\u200bg\ufeffh\u00adi\u200ej", "\u2581 \u2581\u2581a a\u2581b",
    "x\x00y\x01z\x07\x08\x0b\x0c\x1b[31m\x7f\x85\ue000\ufffd\uffff\U0010ffff",
    "<s> </s> <unk> <pad> [CLS] [SEP] [UNK] [MASK] <bos><eos> <start_of_turn>user\nhi<end_of_turn> <0x41> [PAD70000]",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "ababababababababababababababababab",
    "antidisestablishmentarianism pneumonoultramicroscopicsilicovolcanoconiosis " + "Donaudampfschifffahrtsgesellschaft" * 4,
    "We hold these truths to be self-evident, that all men are created equal, that they are endowed by their Creator"
    " with certain unalienable Rights, that among these are Life, Liberty and the pursuit of Happiness.",
    " " * 33 + "x" + "\n" * 40 + "y" + "\t" * 35 + "z" + " \n" * 5, "e" * 99 + " " + "e" * 100 + " " + "e" * 101, "!!!???...,,,;;;:::---",
    "a->b -> c<sep> d <sep>e <sep>",
]

JUNK = [
    b"\x80", b"\xff\xfe", b"a\xc3", b"a\xc3(b", b"\xe2\x82", b"\xe2\x28\xa1", b"\xf0\x9f\x99", b"\xed\xa0\x80x", b"\xc0\xaf",
    b"\xf4\x90\x80\x80", b" \x80 \x81  \xfe\xff ", bytes(range(256)), bytes(range(255, -1, -1)),
]

# All of one or two letters.
REPETITIVE = [text for text in TEXTS if len(text) > 20 and len(set(text) - {" "}) <= 2]
