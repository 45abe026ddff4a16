"""Generates a list of prompts with diffusers itself, frames as PNG: what the page's videos are compared with.

    python generate.py ../public/models/moving-shapes prompts.jsonl OUT --steps 20 --guidance 1.5
writes OUT/000/000.png … for line 0, and so on. `--write-prompts N` makes the list first.
"""

import argparse
import json
import pathlib
import random

import torch
from diffusers import DPMSolverMultistepScheduler, TextToVideoSDPipeline
from PIL import Image

from clips import FRAMES, SIZE, all_clips


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("checkpoint", type=pathlib.Path)
    parser.add_argument("prompts", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--guidance", type=float, default=1.5)
    parser.add_argument("--dpm", action="store_true", help="DPMSolverMultistepScheduler instead of the checkpoint's own")
    parser.add_argument("--first", type=int, help="only this many prompts")
    parser.add_argument("--write-prompts", type=int, metavar="N")
    args = parser.parse_args()
    if args.write_prompts:
        chosen = random.Random(7).sample(all_clips(), args.write_prompts)
        lines = [json.dumps({"prompt": clip.caption(i % 3), "seed": i}) for i, clip in enumerate(chosen)]
        args.prompts.write_text("\n".join(lines) + "\n")
    pipe = TextToVideoSDPipeline.from_pretrained(args.checkpoint, variant="fp16", torch_dtype=torch.float32)
    if args.dpm:
        pipe.scheduler = DPMSolverMultistepScheduler.from_config(pipe.scheduler.config)
    pipe.set_progress_bar_config(disable=True)
    for i, line in enumerate(args.prompts.read_text().splitlines()[: args.first]):
        item = json.loads(line)
        frames = pipe(
            item["prompt"],
            num_inference_steps=args.steps,
            guidance_scale=args.guidance,
            num_frames=FRAMES,
            height=SIZE,
            width=SIZE,
            generator=torch.Generator("cpu").manual_seed(item["seed"]),
            output_type="np",
        ).frames[0]
        folder = args.out / f"{i:03}"
        folder.mkdir(parents=True, exist_ok=True)
        for j, frame in enumerate((frames * 255).round().astype("uint8")):
            Image.fromarray(frame).save(folder / f"{j:03}.png")


if __name__ == "__main__":
    main()
