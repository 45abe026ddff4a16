"""CLIP's tokenizer files as a diffusers folder carries them, from the byte-pair merges that open_clip publishes (MIT licence).

    pip download --no-deps open_clip_torch && unzip -j open_clip_torch-*.whl '*/bpe_simple_vocab_16e6.txt.gz'
    python3 training/tokenizer_files.py bpe_simple_vocab_16e6.txt.gz public/models/moving-shapes/tokenizer
"""

import gzip
import json
import pathlib
import sys

from transformers.convert_slow_tokenizer import bytes_to_unicode

MERGES = 49152 - 256 - 2
START, END = "<|startoftext|>", "<|endoftext|>"


def main(source: pathlib.Path, folder: pathlib.Path) -> None:
    lines = gzip.decompress(source.read_bytes()).decode("utf-8").split("\n")
    merges = lines[1 : MERGES + 1]  # the first line is a version, the rest of the file is not used by CLIP
    # the order in which CLIP numbers the bytes: printable ones first
    symbols = list(bytes_to_unicode().values())
    tokens = [*symbols, *(symbol + "</w>" for symbol in symbols), *("".join(line.split()) for line in merges), START, END]
    vocab = {token: index for index, token in enumerate(tokens)}
    assert len(vocab) == len(tokens) == 49408

    def mark(content: str) -> dict:
        return {"content": content, "lstrip": False, "normalized": True, "rstrip": False, "single_word": False}

    # id 0 pads, as in ms-1.7b
    special = {"bos_token": mark(START), "eos_token": mark(END), "pad_token": "!", "unk_token": mark(END)}
    config = {
        "add_prefix_space": False,
        "bos_token": START,
        "do_lower_case": True,
        "eos_token": END,
        "errors": "replace",
        "model_max_length": 77,
        "pad_token": "!",
        "tokenizer_class": "CLIPTokenizer",
        "unk_token": END,
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps(vocab, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *merges, ""]), encoding="utf-8")
    (folder / "special_tokens_map.json").write_text(json.dumps(special, indent=2) + "\n")
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
