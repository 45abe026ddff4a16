"""How long PyTorch and diffusers take for the video that bench.ts makes in the browser, on the same machine's CPU, in float32.

    python3 bench/pytorch.py --model DIR --prompt TEXT --steps N --guidance X --frames N --seed N --repeat N

Prints JSON: threads, and for every repetition the milliseconds of its stages. The first one is warm-up and left out.
"""

import argparse
import json
import time
from pathlib import Path

import torch
from diffusers import TextToVideoSDPipeline
from diffusers.utils import logging


def generate(pipeline: TextToVideoSDPipeline, options: argparse.Namespace) -> dict[str, float]:
    """Calls the pipeline up to the latents, then its own decoding, so that each can be timed."""
    marks = []

    def after_step(*_) -> None:
        marks.append(time.perf_counter())

    start = time.perf_counter()
    latents = pipeline(
        options.prompt,
        num_inference_steps=options.steps,
        guidance_scale=options.guidance,
        num_frames=options.frames,
        generator=torch.Generator().manual_seed(options.seed),
        output_type="latent",
        callback=after_step,
    ).frames
    denoised = time.perf_counter()
    with torch.no_grad():
        pipeline.video_processor.postprocess_video(pipeline.decode_latents(latents), output_type="np")
    end = time.perf_counter()
    # the first step is between the text encoder and the first mark, and takes as long as the others
    step = (marks[-1] - marks[0]) / (len(marks) - 1)
    seconds = {"denoise": step * len(marks), "decode": end - denoised, "total": end - start}
    return {stage: 1000 * value for stage, value in seconds.items()}


def main() -> None:
    parser = argparse.ArgumentParser()
    for name, kind in {"model": Path, "prompt": str, "steps": int, "guidance": float, "frames": int, "seed": int, "repeat": int}.items():
        parser.add_argument(f"--{name}", type=kind, required=True)
    options = parser.parse_args()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    variant = "fp16" if any(options.model.glob("unet/*.fp16.safetensors")) else None
    pipeline = TextToVideoSDPipeline.from_pretrained(options.model, variant=variant, dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    runs = [generate(pipeline, options) for _ in range(options.repeat + 1)]
    print(json.dumps({"threads": torch.get_num_threads(), "torch": torch.__version__, "runs": runs[1:]}))


if __name__ == "__main__":
    main()
