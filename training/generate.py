"""Generates a list of prompts with diffusers itself, frames as PNG: what the page's videos are compared with.

    python generate.py ../public/models/moving-shapes prompts.jsonl OUT --steps 20 --guidance 1.5
writes OUT/000/000.png … for line 0, and so on. `--write-prompts N` makes the list first.
"""

import argparse
import json
import pathlib
import random

import numpy as np
import torch
from diffusers import DPMSolverMultistepScheduler, LCMScheduler, TextToVideoSDPipeline
from peft import PeftModel
from peft.tuners.lora import LoraLayer
from PIL import Image

from clips import FRAMES, SIZE, all_clips


def load_pipeline(checkpoint: pathlib.Path, lora: pathlib.Path | None = None, lora_scale: float = 1) -> TextToVideoSDPipeline:
    """The checkpoint in float32, with a folder in peft's layout merged into its UNet and that folder's scheduler."""
    pipe = TextToVideoSDPipeline.from_pretrained(checkpoint, variant="fp16", torch_dtype=torch.float32)
    pipe.set_progress_bar_config(disable=True)
    if lora:
        pipe.scheduler = LCMScheduler.from_pretrained(lora)
        unet = PeftModel.from_pretrained(pipe.unet, lora)
        for module in unet.modules():
            if isinstance(module, LoraLayer):
                module.scale_layer(lora_scale)
        pipe.unet = unet.merge_and_unload()
    return pipe


def generate(pipe: TextToVideoSDPipeline, prompt: str, seed: int, steps: int, guidance: float) -> np.ndarray:
    """uint8 [F, H, W, 3]."""
    frames = pipe(
        prompt,
        num_inference_steps=steps,
        guidance_scale=guidance,
        num_frames=FRAMES,
        height=SIZE,
        width=SIZE,
        generator=torch.Generator("cpu").manual_seed(seed),
        output_type="np",
    ).frames[0]
    return (frames * 255).round().astype("uint8")


def generation_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--lora", type=pathlib.Path, help="a folder with an adapter in peft's layout and its scheduler_config.json")
    parser.add_argument("--lora-scale", type=float, default=1)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--guidance", type=float, default=1.5)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("checkpoint", type=pathlib.Path)
    parser.add_argument("prompts", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    generation_arguments(parser)
    parser.add_argument("--dpm", action="store_true", help="DPMSolverMultistepScheduler instead of the checkpoint's own")
    parser.add_argument("--first", type=int, help="only this many prompts")
    parser.add_argument("--write-prompts", type=int, metavar="N")
    args = parser.parse_args()
    if args.write_prompts:
        chosen = random.Random(7).sample(all_clips(), args.write_prompts)
        lines = [json.dumps({"prompt": clip.caption(i % 3), "seed": i}) for i, clip in enumerate(chosen)]
        args.prompts.write_text("\n".join(lines) + "\n")
    pipe = load_pipeline(args.checkpoint, args.lora, args.lora_scale)
    if args.dpm:
        pipe.scheduler = DPMSolverMultistepScheduler.from_config(pipe.scheduler.config)
    for i, line in enumerate(args.prompts.read_text().splitlines()[: args.first]):
        item = json.loads(line)
        folder = args.out / f"{i:03}"
        folder.mkdir(parents=True, exist_ok=True)
        for j, frame in enumerate(generate(pipe, item["prompt"], item["seed"], args.steps, args.guidance)):
            Image.fromarray(frame).save(folder / f"{j:03}.png")


if __name__ == "__main__":
    main()
