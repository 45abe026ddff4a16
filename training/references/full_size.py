"""What `npm run test:full` needs: text-to-video-ms-1.7b without its weights, and what PyTorch makes of weights that anyone can compute.

    python3 training/references/full_size.py [folder]

writes training/work/full-size/, or the named folder: checkpoint/ with the model's small files and tensors.json (for each weight file its
tensors, name → [dtype, shape]), and <network>.safetensors with inputs and outputs in float32. Takes 12 GB of memory and some minutes.
"""

import json
import shutil
import sys
import zlib
from pathlib import Path

import numpy
import torch
from diffusers import AutoencoderKL, DDIMScheduler, UNet3DConditionModel
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPTextModel

ROOT = Path(__file__).parents[2]
TOKENIZER = ROOT / "public/models/moving-shapes/tokenizer"

# the values of the files at revision 8227dddca75a8561bf858d604cc5dae52b954d01 that are not the classes' defaults
TEXT_ENCODER = {
    "hidden_act": "gelu",
    "hidden_size": 1024,
    "intermediate_size": 4096,
    "num_attention_heads": 16,
    "num_hidden_layers": 23,
}
UNET = {"sample_size": 32}
VAE = {
    "block_out_channels": [128, 256, 512, 512],
    "down_block_types": ["DownEncoderBlock2D"] * 4,
    "latent_channels": 4,
    "layers_per_block": 2,
    "sample_size": 512,
    "up_block_types": ["UpDecoderBlock2D"] * 4,
}
SCHEDULER = {
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "clip_sample": False,
    "set_alpha_to_one": False,
    "steps_offset": 1,
}
# the VAE's file has the names that attention had when it was written
OLD_NAMES = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}


def hashed(name: str, count: int) -> numpy.ndarray:
    """Numbers between -0.5 and 0.5, float64: see scripts/full-size/synthetic.ts, which computes the same."""
    with numpy.errstate(over="ignore"):
        x = numpy.arange(count, dtype=numpy.uint32) + numpy.uint32(zlib.crc32(name.encode()) * 0x9E3779B1 & 0xFFFFFFFF)
        for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
            x = (x ^ x >> numpy.uint32(shift)) * numpy.uint32(factor)
    return (x ^ x >> numpy.uint32(16)) / 2.0**32 - 0.5


def weight(name: str, shape: torch.Size) -> torch.Tensor:
    u = hashed(name, shape.numel())
    if len(shape) == 1:
        u = 1 + 0.2 * u if name.endswith(".weight") else 0.1 * u
    elif not name.endswith("_embedding.weight"):
        u *= numpy.sqrt(12 / shape[1:].numel())
    return torch.from_numpy(u.astype(numpy.float16)).float().reshape(shape)


def unit(name: str, *shape: int) -> torch.Tensor:
    """An input of unit variance, in numbers that float16 holds."""
    u = hashed(name, int(numpy.prod(shape))) * numpy.sqrt(12)
    return torch.from_numpy(u.astype(numpy.float16)).float().reshape(shape)


def file_name(name: str) -> str:
    for new, old in OLD_NAMES.items():
        name = name.replace(f"attentions.0.{new}.", f"attentions.0.{old}.")
    return name


def fill(network: torch.nn.Module, file_names: dict[str, str]) -> dict:
    """Gives every parameter its weights; returns the tensors that the file has."""
    tensors = {}
    for name, parameter in network.named_parameters():
        stored = file_names[name]
        parameter.data = weight(stored, parameter.shape)
        tensors[stored] = ["F16", list(parameter.shape)]
    return tensors


def main(folder: Path) -> None:
    checkpoint = folder / "checkpoint"
    shutil.copytree(TOKENIZER, checkpoint / "tokenizer", dirs_exist_ok=True)
    parts = {
        "scheduler": ["diffusers", "DDIMScheduler"],
        "text_encoder": ["transformers", "CLIPTextModel"],
        "tokenizer": ["transformers", "CLIPTokenizer"],
        "unet": ["diffusers", "UNet3DConditionModel"],
        "vae": ["diffusers", "AutoencoderKL"],
    }
    (checkpoint / "model_index.json").write_text(json.dumps({"_class_name": "TextToVideoSDPipeline", **parts}, indent=2))
    DDIMScheduler(**SCHEDULER).save_pretrained(checkpoint / "scheduler")

    lists = {}
    with torch.no_grad():
        encoder = CLIPTextModel(CLIPTextConfig(**TEXT_ENCODER)).eval()
        encoder.config.save_pretrained(checkpoint / "text_encoder")
        # transformers has dropped the prefix and the positions that files of then have
        names = {name: f"text_model.{name.removeprefix('text_model.')}" for name, _ in encoder.named_parameters()}
        tensors = {"text_model.embeddings.position_ids": ["I64", [1, 77]], **fill(encoder, names)}
        lists["text_encoder/model.fp16.safetensors"] = {"tensors": tensors}
        tokens = torch.zeros(1, 77, dtype=torch.int64)
        tokens[0, :5] = torch.tensor([49406, 18427, 533, 15762, 49407])  # marks around three words
        save(folder, "text_encoder", input_ids=tokens, last_hidden_state=encoder(tokens).last_hidden_state)
        del encoder

        unet = UNet3DConditionModel(**UNET).eval()
        unet.save_config(checkpoint / "unet")
        tensors = fill(unet, {name: name for name, _ in unet.named_parameters()})
        lists["unet/diffusion_pytorch_model.fp16.safetensors"] = {"tensors": tensors}
        sample, prompt = unit("input.sample", 1, 4, 2, 8, 8), unit("input.encoder_hidden_states", 1, 77, 1024)
        timestep = torch.tensor(959)
        out = unet(sample, timestep, prompt).sample
        save(folder, "unet", sample=sample, timestep=timestep, encoder_hidden_states=prompt, out=out)
        del unet

        vae = AutoencoderKL(**VAE).eval()
        vae.save_config(checkpoint / "vae")
        tensors = fill(vae, {name: file_name(name) for name, _ in vae.named_parameters()})
        lists["vae/diffusion_pytorch_model.fp16.safetensors"] = {"tensors": tensors}
        latents = unit("input.latents", 1, 4, 8, 8)
        save(folder, "vae", latents=latents, sample=vae.decode(latents).sample)
    (checkpoint / "tensors.json").write_text(json.dumps(lists))


def save(folder: Path, network: str, **tensors: torch.Tensor) -> None:
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, folder / f"{network}.safetensors")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "training/work/full-size")
