"""Writes the trained networks as a diffusers folder in float16, the way the page loads it.

    python export.py --work DIR --out ../public/models/moving-shapes
The tokenizer's files are written by tokenizer_files.py.
"""

import argparse
import json
import pathlib
import random

import diffusers
import torch
from diffusers import AutoencoderKL, DDIMScheduler, UNet3DConditionModel
from safetensors.torch import load_file, save_file
from transformers import CLIPTextModel

from clips import all_clips, draw
from train_unet import SCHEDULER

LIMIT = 16_000_000
MODEL_INDEX = {
    "_class_name": "TextToVideoSDPipeline",
    "_diffusers_version": diffusers.__version__,
    "scheduler": ["diffusers", "DDIMScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "unet": ["diffusers", "UNet3DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
}


def latent_rgb_factors(vae: AutoencoderKL, clips: int = 24) -> list[list[float]]:
    """Least squares from scaled latents to the mean colour of the pixels they stand for: C rows and an offset, each [r, g, b]."""
    rng = random.Random(0)
    pixels = torch.cat([draw(rng.choice(all_clips()), rng) for _ in range(clips)])
    with torch.no_grad():
        latents = vae.encode(pixels).latent_dist.mean * vae.config.scaling_factor
    colours = torch.nn.functional.adaptive_avg_pool2d(pixels, latents.shape[-2:])
    x = latents.movedim(1, -1).flatten(0, 2)
    x = torch.cat([x, torch.ones(len(x), 1)], dim=1)
    solution = torch.linalg.lstsq(x, colours.movedim(1, -1).flatten(0, 2)).solution
    return [[round(value, 4) for value in row] for row in solution.tolist()]


def write_json(path: pathlib.Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path("work"))
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("../public/models/moving-shapes"))
    args = parser.parse_args()
    vae = AutoencoderKL.from_pretrained(args.work / "vae")
    write_json(args.out / "vae" / "latent_rgb_factors.json", latent_rgb_factors(vae))
    vae.half().save_pretrained(args.out / "vae", variant="fp16")
    UNet3DConditionModel.from_pretrained(args.work / "unet").half().save_pretrained(args.out / "unet", variant="fp16")
    text = CLIPTextModel.from_pretrained(args.work / "text_encoder").half()
    text.config.save_pretrained(args.out / "text_encoder")
    # under the names of the checkpoints on the hub, whatever the installed transformers calls them in memory
    tensors = {("" if name.startswith("text_model.") else "text_model.") + name: t.contiguous() for name, t in text.state_dict().items()}
    save_file({name: t for name, t in tensors.items() if not name.endswith("position_ids")}, args.out / "text_encoder" / "model.fp16.safetensors", {"format": "pt"})
    DDIMScheduler(**SCHEDULER).save_pretrained(args.out / "scheduler")
    write_json(args.out / "model_index.json", MODEL_INDEX)
    for file in sorted(args.out.rglob("config.json")):
        # diffusers notes the folder that the weights were read from
        write_json(file, {key: value for key, value in json.loads(file.read_text()).items() if key != "_name_or_path"})
    for file in sorted(args.out.rglob("*.safetensors")):
        assert all(t.isfinite().all() for t in load_file(file).values()), file
    total = sum(file.stat().st_size for file in args.out.rglob("*") if file.is_file())
    print(f"{total:,} bytes in {args.out}")
    assert total <= LIMIT, f"more than {LIMIT:,} bytes"


if __name__ == "__main__":
    main()
