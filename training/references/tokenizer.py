"""The output of Python's CLIPTokenizer for many texts → reference/tokenizer/{ids,special-tokens}.json.

    python3 training/references/tokenizer.py

ids.json: ids without padding, and the count before truncation, with CLIP's vocabulary.
special-tokens.json: a small vocabulary with tokenizer_config.json and special_tokens_map.json as checkpoints of various ages have them.
"""

import json
import random
import tempfile
from pathlib import Path

from transformers import CLIPTokenizer

ROOT = Path(__file__).parents[2]
LENGTH = 77

PROMPTS = """Spiderman is surfing
An astronaut riding a horse, cinematic, 4k
a red circle moving left on a black background
A panda bear driving a car!
it's we're they've I'm you'll he'd DON'T IT'S O'Neill rock'n'roll
''s 's'S ' '' 'tis
<|endoftext|>
a<|endoftext|>b <|startoftext|> c <|EndOfText|> < |endoftext| >
<|endoftext
!
wow!!! really!? ¡hola! a!b ! !̸
naïve café Café résumé Ångström Ångström ẞ ß Ǆ ǆ
İstanbul Iğdır ıI ŞĞÜ
ΟΔΥΣΣΕΥΣ Σ ΑΣ ΑΣ. ΣΑΣ
Привет, мир! Ёлка
一只熊猫在吃竹子
東京タワーで踊るロボット ガギグ ガギグ ﾊﾝｶｸ
한국어 텍스트 각
مرحبا بالعالم ١٢٣
שָׁלוֹם עולם
नमस्ते दुनिया १२३
สวัสดีชาวโลก
😀 😀😀 👩‍👩‍👧‍👦 🏳️‍🌈 🇩🇪 ☃️ 👍🏽
① ½ ² Ⅷ ⅷ ﬁ ﬃ １２３ 3.14159 1,000,000 2026-11-23
𝔊𝔬𝔱𝔥𝔦𝔠 𝟙𝟚𝟛 𐐀𐐨 𒀀
a_b-c/d\\e{f}[g](h)<i>&amp;&lt;"quoted"«»„“
e-mail: someone@example.com https://example.com/a?b=c#d
... …… —–- --- ~~~ *** $$$ €£¥ %%%
antidisestablishmentarianism supercalifragilisticexpialidocious
MiXeD CaSe ALLCAPS camelCaseWord x86_64 RTX4090 10x
zalgo: Z̸̡̢a̷l̵g̶o̴""".split("\n") + ["\ufeffmarked\ufeff —\ufeff! ...\ufeff", "ΌΣΟΣ! ΣΣ Σ́Σ", "x\u0085y\u2028z", "'\u017f \u017fs it\u2019s", "e\u0301\u0327 \u1e69 s\u0307\u0323"]

# one of each kind of white space and control character, by code point
CODES = [*range(0x00, 0x21), *range(0x7F, 0xA1), 0xAD, 0x345, 0x1680, 0x180E, *range(0x2000, 0x2010), 0x2028, 0x2029, 0x202F, 0x205F,
         0x2060, 0x3000, 0xFE0F, 0xFEFF, 0xFFFC, 0xFFFD, 0xFFFE, 0xE000, 0x10FFFF, 0x378, 0x1E9E, 0x0130, 0x03A3, 0x2126, 0x212B]
RANGES = [(0x20, 0x7E), (0xA0, 0x24F), (0x370, 0x3FF), (0x400, 0x4FF), (0x4E00, 0x4FFF), (0x1F600, 0x1F64F), (0x300, 0x32F)]


def texts() -> list[str]:
    rng = random.Random(0)
    found = ["", " ", "\n\t  \r\n", "  padded  ", "two\nlines", *PROMPTS]
    found += [f"a{chr(code)}b {chr(code)}" for code in CODES]
    for length in (1, 2, 3, 5, 8, 20, 40) * 10:
        low, high = rng.choice(RANGES)
        found.append("".join(chr(rng.randint(low, high)) if rng.random() < 0.8 else rng.choice(" 'sS.,!9") for _ in range(length)))
    found += [" ".join(["cat"] * count) for count in (74, 75, 76, 77, 500)]  # around the limit, and far beyond
    found += ["x" * 300, "!" * 100, "😀" * 60, "cat " * 74 + "<|endoftext|> dog"]
    return found


START, END = "<|startoftext|>", "<|endoftext|>"
MERGES = ["c a", "ca t</w>", "! !</w>", "e n", "en d"]
SPECIAL_TEXTS = ["", f"a {END.upper()} cat", "<|StartOfText|>x", f"cat! !! {END}!{START}", "<Cat-Toy> <cat-toy>", "a<|ENDOFTEXT|>!!<|endoftext|>>"]


def token(content: str, normalized: bool = True, **more) -> dict:
    return {"content": content, "lstrip": False, "normalized": normalized, "rstrip": False, "single_word": False, **more}


def added_tokens(*tokens: tuple[int, dict]) -> dict:
    return {"added_tokens_decoder": {str(index): {"special": True, **value} for index, value in tokens}}


def special_token_files(start: int, end: int):
    """tokenizer_config.json and special_tokens_map.json; None where there is no such file."""
    named = {"bos_token": token(START), "eos_token": token(END), "unk_token": token(END)}
    typed = {name: {"__type": "AddedToken", **value} for name, value in named.items()}
    plain = {"bos_token": START, "eos_token": END, "unk_token": END}
    yield None, None
    yield typed | {"pad_token": END}, named | {"pad_token": "!"}  # ms-1.7b
    yield typed | {"pad_token": END}, named | {"pad_token": END}  # Stable Diffusion 1
    yield typed | {"pad_token": "!"}, None
    yield plain | {"pad_token": "!"}, None
    yield None, named | {"pad_token": token("!", False)}
    yield None, named | {"pad_token": token("!", True), "eos_token": token(END, False)}
    yield {"pad_token": "!"}, plain | {"pad_token": END}
    yield {"pad_token": "!"}, {"bos_token": START}
    yield None, {"pad_token": {"content": "!"}, "bos_token": {"content": START}}
    yield None, {"eos_token": END, "unk_token": token(END), "pad_token": "!"}
    yield None, {"eos_token": token(END), "unk_token": token(END, False), "pad_token": token(END)}
    # added_tokens_decoder: special_tokens_map.json is not read
    yield plain | {"pad_token": "!"} | added_tokens((0, token("!", False)), (start, token(START)), (end, token(END))), {"pad_token": END}
    yield plain | {"pad_token": END} | added_tokens((start, token(START)), (end, token(END, False))), named | {"pad_token": "!"}
    yield added_tokens((start, token(START)), (end, token(END)), (end + 1, token("<Cat-Toy>", special=False))), None
    yield {"pad_token": "!"} | added_tokens((end + 1, token("<cat-toy>", False, special=False))), None


def special_tokens(full_vocab: dict[str, int]) -> dict:
    entries = [text for text, index in full_vocab.items() if index < 512] + [merge.replace(" ", "") for merge in MERGES] + [START, END]
    vocab = {text: index for index, text in enumerate(entries)}
    merges = "\n".join(["#version: 0.2", *MERGES, ""])
    variants = []
    for config, token_map in special_token_files(vocab[START], vocab[END]):
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "vocab.json").write_text(json.dumps(vocab))
            (Path(folder) / "merges.txt").write_text(merges)
            for name, content in (("tokenizer_config.json", config), ("special_tokens_map.json", token_map)):
                if content is not None:
                    (Path(folder) / name).write_text(json.dumps(content))
            tokenizer = CLIPTokenizer.from_pretrained(folder)
            ids = [tokenizer(text).input_ids for text in SPECIAL_TEXTS]
            variants.append({"tokenizerConfig": config, "specialTokensMap": token_map, "padding": tokenizer.pad_token_id, "ids": ids})
    return {"vocab": vocab, "merges": merges, "texts": SPECIAL_TEXTS, "variants": variants}


def main() -> None:
    tokenizer = CLIPTokenizer.from_pretrained(ROOT / "public/models/moving-shapes/tokenizer")
    cases = []
    for text in texts():
        padded = tokenizer(text, padding="max_length", truncation=True, max_length=LENGTH).input_ids
        full = tokenizer(text).input_ids
        kept = min(len(full), LENGTH)
        assert len(padded) == LENGTH and set(padded[kept:]) <= {tokenizer.pad_token_id}
        cases.append({"text": text, "ids": padded[:kept], "tokens": len(full)})
    result = {"length": LENGTH, "padding": tokenizer.pad_token_id, "cases": cases}
    folder = ROOT / "reference" / "tokenizer"
    folder.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
    head = json.dumps({key: result[key] for key in ("length", "padding")})[:-1]
    (folder / "ids.json").write_text(f'{head}, "cases": [\n{lines}\n]}}\n')
    result = special_tokens(json.loads((ROOT / "public/models/moving-shapes/tokenizer/vocab.json").read_text()))
    variants = ",\n".join(json.dumps(variant, separators=(",", ":")) for variant in result.pop("variants"))
    head = json.dumps(result, separators=(",", ":"))[:-1]
    (folder / "special-tokens.json").write_text(f'{head},"variants":[\n{variants}\n]}}\n')
    print(len(cases), "texts,", variants.count("\n") + 1, "sets of special tokens")


if __name__ == "__main__":
    main()
