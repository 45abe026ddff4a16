"""A tiny decoder for the shipped checkpoint, and a video that diffusers makes with it: reference/decoder/, reference/generation/.

    python3 training/references/decoder.py

writes reference/decoder/ as a repository with an AutoencoderTiny lies on the hub: config.json and diffusion_pytorch_model.safetensors, random,
in half precision; and reference/generation/decoder.safetensors with frames that it makes as vae, uint8 [F, H, W, 3]: of `RUN` in generation.py,
and `short`, of two steps without guidance.
"""

import numpy
import torch
from diffusers import AutoencoderTiny, TextToVideoSDPipeline
from generation import CHECKPOINT, OUT, ROOT, RUN, generate
from networks import randomise
from safetensors.torch import save_file

FOLDER = ROOT / "reference/decoder"


def decoder() -> AutoencoderTiny:
    """Random, with the latents and the scale of the shipped VAE, and pictures of medium contrast."""
    levels = 5
    model = AutoencoderTiny(
        latent_channels=8,
        encoder_block_out_channels=(8,) * levels,
        decoder_block_out_channels=(8,) * levels,
        num_encoder_blocks=(0, 0, 0, 0, 1),
        num_decoder_blocks=(1, 1, 1, 0, 1),
        scaling_factor=0.8,
    )
    randomise(model, torch.Generator().manual_seed(0), torch.float16)
    last = model.decoder.layers[-1]
    last.weight.data *= 1.25
    last.bias.data += 0.3
    return model.half()


def main() -> None:
    torch.set_num_threads(1)
    decoder().save_pretrained(FOLDER)
    pipe = TextToVideoSDPipeline.from_pretrained(CHECKPOINT, variant="fp16", torch_dtype=torch.float32)
    pipe.set_progress_bar_config(disable=True)
    pipe.vae = AutoencoderTiny.from_pretrained(FOLDER, torch_dtype=torch.float32)
    runs = {"frames": RUN, "short": RUN | {"numInferenceSteps": 2, "guidanceScale": 1}}
    tensors = {name: pixels(generate(pipe, run)[1]) for name, run in runs.items()}
    for name, frames in tensors.items():
        edges = ((frames == 0) | (frames == 255)).float().mean()
        print(f"{name}: {tuple(frames.shape)}, std {frames.float().std():.1f}, {edges:.1%} at the ends of the range")
    save_file(tensors, OUT / "decoder.safetensors")


def pixels(frames: numpy.ndarray) -> torch.Tensor:
    return torch.from_numpy((frames * 255).round().astype("uint8")).contiguous()


if __name__ == "__main__":
    main()
