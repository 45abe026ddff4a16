"""CLIP token ids exactly as the page makes them: 77, padded with id 0."""

import pathlib

from transformers import CLIPTokenizer

LENGTH = 77


def load_tokenizer(folder: pathlib.Path) -> CLIPTokenizer:
    return CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"), pad_token="!", model_max_length=LENGTH)


def token_ids(tokenizer: CLIPTokenizer, text: str) -> list[int]:
    ids = tokenizer(text, padding="max_length", truncation=True, max_length=LENGTH).input_ids
    assert len(ids) == LENGTH and ids[0] == 49406 and 49407 in ids
    return ids
