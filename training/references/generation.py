"""A whole generation of the shipped checkpoint by diffusers, step by step: reference/generation/.

    python generation.py
Writes parameters.json, and tensors.safetensors with the latents after every step [1, C, F, h, w], the frames, uint8 [F, H, W, 3],
and `short`, the latents of a run of two steps.
"""

import json
import pathlib

import numpy
import torch
from diffusers import TextToVideoSDPipeline
from safetensors.torch import save_file

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHECKPOINT = ROOT / "public/models/moving-shapes"
OUT = ROOT / "reference/generation"
# for devices that take seconds a step
SHORT = 2
PARAMETERS = {
    "prompt": "a red circle moving right on a blue background",
    "negativePrompt": "",
    "seed": 0,
    "numInferenceSteps": 20,
    "guidanceScale": 4,
    "numFrames": 8,
    "height": 128,
    "width": 128,
    "scheduler": "DDIMScheduler",
}


def main() -> None:
    torch.set_num_threads(1)
    pipe = TextToVideoSDPipeline.from_pretrained(CHECKPOINT, variant="fp16", torch_dtype=torch.float32)
    pipe.set_progress_bar_config(disable=True)
    steps, frames = generate(pipe, PARAMETERS["numInferenceSteps"])
    short, _ = generate(pipe, SHORT)
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "parameters.json").write_text(json.dumps(PARAMETERS, indent=2) + "\n")
    tensors = {f"latents.{i}": latents.contiguous() for i, latents in enumerate(steps)}
    tensors["short"] = short[-1].contiguous()
    tensors["frames"] = torch.from_numpy((frames * 255).round().astype("uint8"))
    save_file(tensors, OUT / "tensors.safetensors")


def generate(pipe: TextToVideoSDPipeline, count: int) -> tuple[list[torch.Tensor], numpy.ndarray]:
    """Latents after each of `count` steps, and the frames [F, H, W, 3] from 0 to 1."""
    steps: list[torch.Tensor] = []
    frames = pipe(
        PARAMETERS["prompt"],
        negative_prompt=PARAMETERS["negativePrompt"],
        num_inference_steps=count,
        guidance_scale=PARAMETERS["guidanceScale"],
        num_frames=PARAMETERS["numFrames"],
        height=PARAMETERS["height"],
        width=PARAMETERS["width"],
        generator=torch.Generator("cpu").manual_seed(PARAMETERS["seed"]),
        callback=lambda step, timestep, latents: steps.append(latents.clone()),
        output_type="np",
    ).frames[0]
    return steps, frames


if __name__ == "__main__":
    main()
