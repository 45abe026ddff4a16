"""Reference tensors of the networks: tiny random checkpoints, and what PyTorch in float32 makes of them.

    python3 training/references/networks.py [case …]

writes reference/networks/<case>/{config.json, weights.safetensors, io.safetensors} for every case (or the named ones). README.md
beside this file says what each of them is for. Every run writes the same bytes on the same versions of the packages.
"""

import json
import sys
import zlib
from pathlib import Path
from unittest import mock

import torch
from diffusers import AutoencoderKL, AutoencoderTiny, UNet3DConditionModel
from diffusers.models.unets import unet_3d_condition
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPTextModel

OUTPUT = Path(__file__).parents[2] / "reference" / "networks"

CROSS_DOWN, DOWN = "CrossAttnDownBlock3D", "DownBlock3D"
CROSS_UP, UP = "CrossAttnUpBlock3D", "UpBlock3D"

# `config` holds what the file spells out; keys that are left out take the class's defaults, as in ms-1.7b's own configs.
UNETS = {
    "unet-ms": {
        "config": {
            "act_fn": "silu",
            "attention_head_dim": 4,
            # four channels in the first block would amplify any rounding fifty times instead of fifteen
            "block_out_channels": [8, 12, 16, 16],
            "cross_attention_dim": 24,
            "down_block_types": [CROSS_DOWN, CROSS_DOWN, CROSS_DOWN, DOWN],
            "in_channels": 4,
            "layers_per_block": 2,
            "norm_eps": 1e-05,
            "norm_num_groups": 2,
            "out_channels": 4,
            "sample_size": 16,
            "up_block_types": [UP, CROSS_UP, CROSS_UP, CROSS_UP],
        },
        "dtype": torch.float16,
        "sample": (4, 4, 16, 16),
        "tokens": 77,
        "timestep": 999,
    },
    "unet-small": {
        "config": {
            "attention_head_dim": 4,
            "block_out_channels": [8, 20],
            "cross_attention_dim": 32,
            "down_block_types": [DOWN, CROSS_DOWN],
            "in_channels": 8,
            "layers_per_block": 1,
            "norm_num_groups": 4,
            "out_channels": 8,
            "sample_size": 8,
            "up_block_types": [CROSS_UP, UP],
        },
        "dtype": torch.float16,
        "sample": (8, 8, 8, 8),
        "tokens": 77,
        "timestep": 481,
    },
    "unet-odd": {
        "config": {
            "act_fn": "gelu",
            "attention_head_dim": [3, 4, 5],
            "block_out_channels": [8, 8, 12],
            "cross_attention_dim": 24,
            "down_block_types": [DOWN, CROSS_DOWN, CROSS_DOWN],
            "downsample_padding": 0,
            "in_channels": 5,
            "layers_per_block": 1,
            "mid_block_scale_factor": 1.5,
            "norm_eps": 1e-03,
            "norm_num_groups": 4,
            "out_channels": 3,
            "sample_size": [8, 16],
            "up_block_types": [CROSS_UP, CROSS_UP, UP],
        },
        "dtype": torch.float16,
        "sample": (5, 3, 8, 16),
        "tokens": 9,
        "timestep": 1,
    },
    "unet-ragged": {
        "config": {
            "attention_head_dim": 4,
            "block_out_channels": [8, 8, 16],
            "cross_attention_dim": 16,
            "down_block_types": [CROSS_DOWN, CROSS_DOWN, DOWN],
            "downsample_padding": 1,
            "layers_per_block": 1,
            "mid_block_scale_factor": 1,
            "norm_num_groups": 2,
            "up_block_types": [UP, CROSS_UP, CROSS_UP],
        },
        "dtype": torch.float16,
        "sample": (4, 2, 6, 10),
        "tokens": 77,
        "timestep": 959,
    },
    "unet-one-frame": {
        "config": {
            "act_fn": "mish",
            "attention_head_dim": 4,
            "block_out_channels": [8, 12],
            "cross_attention_dim": 16,
            "down_block_types": [CROSS_DOWN, CROSS_DOWN],
            "layers_per_block": 1,
            "norm_num_groups": 4,
            "up_block_types": [CROSS_UP, CROSS_UP],
        },
        "dtype": torch.float16,
        "sample": (4, 1, 8, 8),
        "tokens": 77,
        "timestep": 0,
    },
    "unet-thin": {
        "config": {
            "act_fn": "relu",
            "attention_head_dim": 3,
            "block_out_channels": [6, 10],
            "cross_attention_dim": 7,
            "down_block_types": [CROSS_DOWN, CROSS_DOWN],
            "layers_per_block": 1,
            "norm_num_groups": 2,
            "up_block_types": [CROSS_UP, CROSS_UP],
        },
        "dtype": torch.float32,
        "sample": (4, 5, 4, 6),
        "tokens": 3,
        "timestep": 250,
    },
}

DOWN_ENCODER, UP_DECODER = "DownEncoderBlock2D", "UpDecoderBlock2D"

VAES = {
    "vae-ms": {
        "config": {
            "act_fn": "silu",
            "block_out_channels": [4, 8, 12, 12],
            "down_block_types": [DOWN_ENCODER] * 4,
            "in_channels": 3,
            "latent_channels": 4,
            "layers_per_block": 2,
            "norm_num_groups": 2,
            "out_channels": 3,
            "sample_size": 512,
            "scaling_factor": 0.18215,
            "up_block_types": [UP_DECODER] * 4,
        },
        "dtype": torch.float16,
        "latents": (6, 6),
        "old_attention_names": True,
    },
    "vae-new": {
        "config": {
            "act_fn": "gelu",
            "block_out_channels": [4, 4, 8, 8, 8],
            "down_block_types": [DOWN_ENCODER] * 5,
            "latent_channels": 8,
            "layers_per_block": 1,
            "norm_num_groups": 2,
            "sample_size": [32, 48],
            "scaling_factor": 0.7,
            "up_block_types": [UP_DECODER] * 5,
        },
        "dtype": torch.float32,
        "latents": (2, 3),
    },
    "vae-bare": {
        "config": {
            "block_out_channels": [4, 8],
            "down_block_types": [DOWN_ENCODER] * 2,
            "latent_channels": 3,
            "layers_per_block": 1,
            "mid_block_add_attention": False,
            "norm_num_groups": 2,
            "up_block_types": [UP_DECODER] * 2,
            "use_post_quant_conv": False,
            "use_quant_conv": False,
        },
        "dtype": torch.float32,
        "latents": (6, 4),
    },
}

TINY_VAES = {
    "tiny-sd": {
        "config": {
            "act_fn": "relu",
            "block_out_channels": [8, 8, 8, 8],
            "decoder_block_out_channels": [8, 8, 8, 8],
            "encoder_block_out_channels": [8, 8, 8, 8],
            "force_upcast": False,
            "in_channels": 3,
            "latent_channels": 4,
            "latent_magnitude": 3,
            "latent_shift": 0.5,
            "num_decoder_blocks": [3, 3, 3, 1],
            "num_encoder_blocks": [1, 3, 3, 3],
            "out_channels": 3,
            "scaling_factor": 1.0,
            "upsampling_scaling_factor": 2,
        },
        "dtype": torch.float16,
        "latents": (6, 6),
    },
    "tiny-odd": {
        "config": {
            "act_fn": "gelu",
            "decoder_block_out_channels": [10, 10, 10],
            "encoder_block_out_channels": [6, 6],
            "latent_channels": 5,
            "num_decoder_blocks": [2, 0, 1],
            "num_encoder_blocks": [1, 2],
            "scaling_factor": 0.7,
            "upsampling_scaling_factor": 3,
        },
        "dtype": torch.float32,
        "latents": (3, 5),
    },
}

TEXT_ENCODERS = {
    "text-gelu": {
        "config": {
            "bos_token_id": 0,
            "eos_token_id": 2,
            "hidden_act": "gelu",
            "hidden_size": 32,
            "intermediate_size": 128,
            "layer_norm_eps": 1e-05,
            "max_position_embeddings": 77,
            "num_attention_heads": 4,
            "num_hidden_layers": 3,
            "pad_token_id": 1,
            "projection_dim": 32,
            "vocab_size": 120,
        },
        "dtype": torch.float16,
        "position_ids": True,
    },
    "text-quick-gelu": {
        "config": {
            "hidden_act": "quick_gelu",
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_attention_heads": 2,
            "num_hidden_layers": 2,
            "vocab_size": 120,
        },
        "dtype": torch.float32,
    },
    "text-odd": {
        "config": {
            "hidden_act": "gelu",
            "hidden_size": 40,
            "intermediate_size": 56,
            "layer_norm_eps": 1e-02,
            "max_position_embeddings": 21,
            "num_attention_heads": 5,
            "num_hidden_layers": 1,
            "vocab_size": 90,
        },
        "dtype": torch.float16,
    },
}

OLD_ATTENTION_NAMES = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}


def randomise(model: torch.nn.Module, generator: torch.Generator, dtype: torch.dtype) -> None:
    """Redraws every parameter, so that activations stay of order one and none is zero, and rounds it to `dtype`."""
    for name, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        if name.endswith("embedding.weight"):
            value = noise
        elif parameter.ndim > 1:
            value = noise / parameter[0].numel() ** 0.5
        elif name.endswith("weight"):
            value = 1 + 0.2 * noise
        else:
            value = 0.1 * noise
        parameter.data = value.to(dtype).float()


def check_that_all_matters(model: torch.nn.Module, outputs: list[torch.Tensor], frames: int = 0) -> None:
    """A parameter without influence would hide a mistake. Keys' biases have none, since softmax cancels them; nor do the
    queries and keys of attention over a single frame."""
    sum((output * torch.randn(output.shape, generator=torch.Generator().manual_seed(0))).sum() for output in outputs).backward()
    for name, parameter in model.named_parameters():
        over_one_frame = frames == 1 and ("temp_attentions" in name or "transformer_in" in name)
        if name.endswith(("to_k.bias", "k_proj.bias")) or over_one_frame and ".to_q." in name or over_one_frame and ".to_k." in name:
            continue
        assert parameter.grad is not None and parameter.grad.abs().max() > 1e-4, f"{name} has no influence"


def draw(generator: torch.Generator, *shape: int) -> torch.Tensor:
    """Inputs are numbers that float16 holds, so that a float16 run sees the same ones."""
    return torch.randn(shape, generator=generator).half().float()


def unet(case: dict, generator: torch.Generator):
    head_dim = case["config"]["attention_head_dim"]

    def transformer_in(**arguments):
        # The class accepts one head size per block, but then hands the whole list to transformer_in, which fails on it:
        # its head size is taken to be the first block's, whose channels it shares.
        return transformer(**{**arguments, "attention_head_dim": head_dim if isinstance(head_dim, int) else head_dim[0]})

    transformer = unet_3d_condition.TransformerTemporalModel
    with mock.patch.object(unet_3d_condition, "TransformerTemporalModel", transformer_in):
        model = UNet3DConditionModel(**case["config"]).eval()
    randomise(model, generator, case["dtype"])
    sample = draw(generator, 1, *case["sample"])
    timestep = torch.tensor([case["timestep"]])
    states = draw(generator, 1, case["tokens"], model.config.cross_attention_dim)
    out = model(sample, timestep, states).sample
    check_that_all_matters(model, [out], case["sample"][1])
    tensors = {"sample": sample, "timestep": timestep.float(), "encoder_hidden_states": states, "out": out}
    return "UNet3DConditionModel", model.state_dict(), tensors


def vae(case: dict, generator: torch.Generator):
    model = AutoencoderKL(**case["config"]).eval()
    randomise(model, generator, case["dtype"])
    height, width = case["latents"]
    scale = 2 ** (len(case["config"]["block_out_channels"]) - 1)
    latents = draw(generator, 1, model.config.latent_channels, height, width)
    image = draw(generator, 1, 3, height * scale, width * scale).clamp(-1, 1)
    sample = model.decode(latents).sample
    moments = model._encode(image)
    check_that_all_matters(model, [sample, moments])
    weights = model.state_dict()
    if case.get("old_attention_names"):
        for new, old in OLD_ATTENTION_NAMES.items():
            weights = {name.replace(f"attentions.0.{new}.", f"attentions.0.{old}."): weight for name, weight in weights.items()}
    return "AutoencoderKL", weights, {"latents": latents, "sample": sample, "image": image, "moments": moments}


def tiny_vae(case: dict, generator: torch.Generator):
    config = {key: value for key, value in case["config"].items() if key not in ("block_out_channels", "force_upcast")}
    model = AutoencoderTiny(**config).eval()
    randomise(model, generator, case["dtype"])
    height, width = case["latents"]
    scale = model.config.upsampling_scaling_factor ** (len(model.config.decoder_block_out_channels) - 1)
    latents = draw(generator, 1, model.config.latent_channels, height, width)
    image = draw(generator, 1, 3, height * scale, width * scale).clamp(-1, 1)
    sample, encoded = model.decode(latents).sample, model.encode(image).latents
    check_that_all_matters(model, [sample, encoded])
    return "AutoencoderTiny", model.state_dict(), {"latents": latents, "sample": sample, "image": image, "encoded": encoded}


def text_encoder(case: dict, generator: torch.Generator):
    # transformers warns of start and end marks outside such a small vocabulary; they do not enter last_hidden_state.
    config = CLIPTextConfig(**case["config"])
    model = CLIPTextModel(config).eval()
    randomise(model, generator, case["dtype"])
    input_ids = torch.randint(config.vocab_size, (1, config.max_position_embeddings), generator=generator)
    # every row of the vocabulary's table cannot occur, but its first and last ones do
    input_ids[0, 1], input_ids[0, 2] = 0, config.vocab_size - 1
    last_hidden_state = model(input_ids).last_hidden_state
    check_that_all_matters(model, [last_hidden_state])
    # the names in a file of CLIPTextModel, which newer versions of transformers no longer use inside the class
    weights = {f"text_model.{name.removeprefix('text_model.')}": weight for name, weight in model.state_dict().items()}
    if case.get("position_ids"):
        weights["text_model.embeddings.position_ids"] = torch.arange(config.max_position_embeddings)[None]
    return "CLIPTextModel", weights, {"input_ids": input_ids, "last_hidden_state": last_hidden_state}


def header_of(class_name: str) -> dict:
    if class_name == "CLIPTextModel":
        return {"architectures": [class_name], "model_type": "clip_text_model"}
    return {"_class_name": class_name, "_diffusers_version": "0.15.0.dev0"}


def write(name: str, class_name: str, case: dict, weights: dict, tensors: dict) -> None:
    folder = OUTPUT / name
    folder.mkdir(parents=True, exist_ok=True)
    config = {**header_of(class_name), **case["config"]}
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    stored = {key: weight.to(case["dtype"]) if weight.is_floating_point() else weight for key, weight in weights.items()}
    save_file({key: weight.contiguous() for key, weight in stored.items()}, folder / "weights.safetensors", {"format": "pt"})
    save_file({key: tensor.detach().contiguous() for key, tensor in tensors.items()}, folder / "io.safetensors")
    spreads = ", ".join(f"{key} {tuple(t.shape)} std {t.detach().float().std():.3g}" for key, t in tensors.items() if t.numel() > 1)
    print(f"{name}: {sum(w.numel() for w in weights.values()):,} parameters; {spreads}")


def main() -> None:
    torch.set_num_threads(1)
    wanted = sys.argv[1:]
    for build, cases in ((unet, UNETS), (vae, VAES), (tiny_vae, TINY_VAES), (text_encoder, TEXT_ENCODERS)):
        for name, case in cases.items():
            if not wanted or name in wanted:
                generator = torch.Generator().manual_seed(zlib.crc32(name.encode()))
                class_name, weights, tensors = build(case, generator)
                write(name, class_name, case, weights, tensors)


if __name__ == "__main__":
    main()
