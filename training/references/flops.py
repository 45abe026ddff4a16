"""What PyTorch counts as the floating-point operations of text-to-video-ms-1.7b's networks, and of a tiny decoder: reference/flops.json.

    python3 training/references/flops.py

One run each, for one prompt and one frame of 256×256; the UNet also for 16 frames, for which diffusers computes the keys and values of the
prompt sixteen times. Nothing is computed here: the tensors have shapes only.
"""

import json
from pathlib import Path

import torch
from diffusers import AutoencoderKL, AutoencoderTiny, UNet3DConditionModel
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode
from transformers import CLIPTextConfig, CLIPTextModel

from full_size import TEXT_ENCODER, UNET, VAE

OUTPUT = Path(__file__).parents[2] / "reference/flops.json"
LATENTS, TOKENS = 32, 77


def count(run) -> int:
    # the fused attention of CPUs is not among what the counter knows; its formula is made of products, which are
    with torch.device("meta"), torch.no_grad(), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        run()
    return counter.get_total_flops()


def main() -> None:
    def text_encoder():
        CLIPTextModel(CLIPTextConfig(**TEXT_ENCODER))(torch.zeros(1, TOKENS, dtype=torch.int64))

    def unet(frames: int = 1):
        sample, prompt = torch.zeros(1, 4, frames, LATENTS, LATENTS), torch.zeros(1, TOKENS, 1024)
        UNet3DConditionModel(**UNET)(sample, torch.tensor(1), prompt)

    def vae():
        AutoencoderKL(**VAE).decode(torch.zeros(1, 4, LATENTS, LATENTS))

    def tiny():
        AutoencoderTiny().decode(torch.zeros(1, 4, LATENTS, LATENTS))

    networks = {"text_encoder": (TEXT_ENCODER, text_encoder), "unet": (UNET, unet), "vae": (VAE, vae), "decoder": ({}, tiny)}
    counted = {name: {"config": config, "flops": count(run)} for name, (config, run) in networks.items()}
    counted["unet"]["flopsOf16Frames"] = count(lambda: unet(16))
    OUTPUT.write_text(json.dumps(counted, indent=2) + "\n")


if __name__ == "__main__":
    main()
