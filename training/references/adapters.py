"""LoRA adapters: random ones in every layout, and the videos that diffusers and peft make with them: reference/adapters/.

    python adapters.py

The checkpoint is the shipped one with the random UNet of reference/networks/unet-small in it. One LoRA is written three times: by peft
(unet/ and text_encoder/), by diffusers (pytorch_lora_weights.safetensors) and in kohya's layout (kohya.safetensors). Another is
T2V-Turbo's list without names (unet_lora.pt), which adds the embedding of the guidance scale. runs.json has what is made with them;
tensors.safetensors the final latents [1, C, F, h, w] and the frames, uint8 [F, H, W, 3].
"""

import json
import math
import pathlib

import diffusers
import torch
from diffusers import TextToVideoSDPipeline, UNet3DConditionModel
from peft import LoraConfig, get_peft_model, get_peft_model_state_dict, set_peft_model_state_dict
from safetensors.torch import load_file, save_file

from generation import CHECKPOINT, ROOT, generate

UNET = ROOT / "reference/networks/unet-small"
OUT = ROOT / "reference/adapters"
RUN = {
    "prompt": "a red circle moving right on a blue background",
    "negativePrompt": "a green square",
    "seed": 3,
    "numInferenceSteps": 4,
    "numFrames": 2,
    "height": 64,
    "width": 64,
}
LCM = {"scheduler": "LCMScheduler", "guidanceScale": 1}
DDIM = {"scheduler": "DDIMScheduler", "guidanceScale": 4}
W_DIM = 16
# of every kind of layer, in every kind of block; GEGLU's projection is read in two halves
UNET_MODULES = ["conv_in", "conv_out", "time_embedding.linear_1", "transformer_in.proj_in", "resnets.0.conv1"]
UNET_MODULES += ["conv_shortcut", "time_emb_proj", "temp_convs.0.conv1.2", "conv4.3", "attentions.0.proj_out"]
UNET_MODULES += ["attn2.to_k", "attn1.to_out.0", "ff.net.0.proj", "samplers.0.conv"]
TEXT_MODULES = ["q_proj", "fc2"]


def main() -> None:
    torch.set_num_threads(1)
    OUT.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(5)
    # patterns are for what diffusers and kohya write down otherwise: the rank is a shape there, and alpha a tensor
    unet_lora = LoraConfig(
        r=2,
        lora_alpha=3,
        target_modules=UNET_MODULES,
        rank_pattern={"conv_in": 3, "attn2.to_k": 1},
        alpha_pattern={"conv_in": 1.5, "attn2.to_k": 2},
        init_lora_weights=False,
    )
    text_lora = LoraConfig(r=2, lora_alpha=2, use_rslora=True, target_modules=TEXT_MODULES, init_lora_weights=False)
    runs, tensors = [], {}

    def record(pipe: TextToVideoSDPipeline, adapters: list, parameters: dict) -> None:
        pipe.scheduler = scheduler_of(pipe, parameters["scheduler"])
        steps, frames = generate(pipe, parameters)
        pixels = torch.from_numpy((frames * 255).round().astype("uint8"))
        tensors[f"latents.{len(runs)}"] = steps[-1].contiguous()
        tensors[f"frames.{len(runs)}"] = pixels
        runs.append({"adapters": adapters, "parameters": parameters})
        clamped = ((pixels == 0) | (pixels == 255)).float().mean()
        print(len(runs) - 1, adapters, parameters["scheduler"], f"clamped {clamped:.2f}, latents {steps[-1].std():.2f}")

    # without an adapter, so that tests can tell that one does something
    record(pipeline(), [], RUN | LCM)

    saved, metadata = {}, {}
    for name, config in [("unet", unet_lora), ("text_encoder", text_lora)]:
        model = get_peft_model(getattr(pipeline(), name), config)
        for key, parameter in model.named_parameters():
            if "lora_" in key:
                torch.nn.init.normal_(parameter, std=0.5 / math.sqrt(parameter.shape[1:].numel()) if "lora_A" in key else 0.35)
                parameter.data = parameter.data.half()
        model.save_pretrained(OUT / name)
        (OUT / name / "README.md").unlink()
        saved[name] = get_peft_model_state_dict(model)
        path = OUT / name / "adapter_config.json"
        written = json.loads(path.read_text())
        # where this machine keeps the checkpoint, and a set
        written |= {"base_model_name_or_path": None, "target_modules": sorted(written["target_modules"])}
        path.write_text(json.dumps(written, indent=1, sort_keys=True) + "\n")
        metadata[f"{name}_lora_adapter_metadata"] = written

    layers = {
        name: {key.removeprefix("base_model.model."): value.half().contiguous() for key, value in state.items()}
        for name, state in saved.items()
    }
    TextToVideoSDPipeline.save_lora_weights(
        OUT, unet_lora_layers=layers["unet"], text_encoder_lora_layers=layers["text_encoder"], **metadata
    )
    kohya = {}
    for name, prefix in [("unet", "lora_unet"), ("text_encoder", "lora_te")]:
        kohya |= to_kohya(layers[name], prefix, name)
    save_file(kohya, OUT / "kohya.safetensors")

    for parameters, unet_scale, text_scale in [(LCM, 1.0, 1.0), (DDIM, 0.75, -1.5)]:
        pipe = pipeline()
        for name, scale in [("unet", unet_scale), ("text_encoder", text_scale)]:
            model = getattr(pipe, name)
            model = get_peft_model(model, LoraConfig.from_pretrained(OUT / name))
            set_peft_model_state_dict(model, {k: v.float() for k, v in saved[name].items()})
            model = model.float().eval()
            for module in model.modules():
                if hasattr(module, "set_scale"):
                    module.set_scale("default", scale)
            setattr(pipe, name, model.base_model.model)
        record(pipe, [["unet", unet_scale], ["text_encoder", text_scale]], RUN | parameters)

    turbo(record)
    (OUT / "runs.json").write_text(json.dumps(runs, indent=1) + "\n")
    save_file(tensors, OUT / "tensors.safetensors")


def alpha_of(component: str, module: str, rank: int) -> float:
    """peft's scale for the configs above, as an alpha that is divided by the rank: kohya's layout knows nothing of rsLoRA."""
    if component == "text_encoder":
        return 2 / math.sqrt(rank) * rank
    return 1.5 if module == "conv_in" else 2.0 if module.endswith("attn2.to_k") else 3.0


def to_kohya(state: dict, prefix: str, component: str) -> dict:
    """The names of kohya-ss/sd-scripts, networks/lora.py: the module's with underscores; transformers' with the prefix that it had."""
    result = {}
    for key, value in state.items():
        module, part = key.rsplit(".lora_", 1)
        text = "text_model." if component == "text_encoder" and not module.startswith("text_model.") else ""
        name = f"{prefix}_{(text + module).replace('.', '_')}"
        result[f"{name}.lora_{'down' if part.startswith('A') else 'up'}.weight"] = value
        if part.startswith("A"):
            result[f"{name}.alpha"] = torch.tensor(alpha_of(component, module, value.shape[0]))
    return result


def turbo(record) -> None:
    """T2V-Turbo: every Linear, Conv2d and Conv3d of the UNet in the order of named_modules(), up before down, merged by
    utils/lora.py's formula (github.com/Ji4chenLi/t2v-turbo); without a weight of its own, cond_proj begins with zeros."""
    pipe = pipeline(time_cond_proj_dim=W_DIM)
    unet = pipe.unet
    unet.time_embedding.cond_proj.weight.data.zero_()
    kinds = (torch.nn.Linear, torch.nn.Conv2d, torch.nn.Conv3d)
    modules = [module for _, module in unet.named_modules() if isinstance(module, kinds)]
    shapes = []
    for module in modules:
        out, *inner = module.weight.shape
        rank = min(2, out, inner[0])
        shapes += [[out, rank] + [1] * len(inner[1:]), [rank, *inner]]
    numbers = [torch.Size(shape).numel() for shape in shapes]
    # one storage for all: a file for each would be larger than what is in it
    storage = torch.randn(sum(numbers)).half()
    pairs = [part.view(shape) for part, shape in zip(storage.split(numbers), shapes)]
    for up, down in zip(pairs[::2], pairs[1::2]):
        down.mul_(0.5 / math.sqrt(down.shape[1:].numel()))
        up.mul_(0.25)
    torch.save(pairs, OUT / "unet_lora.pt")
    for module, up, down in zip(modules, pairs[::2], pairs[1::2]):
        module.weight.data += (up.float().flatten(1) @ down.float().flatten(1)).reshape(module.weight.shape)
    parameters = RUN | LCM | {"guidanceScale": 7.5}
    w = guidance_embedding(torch.tensor([parameters["guidanceScale"]]), W_DIM)
    forward = unet.forward
    unet.forward = lambda *args, **options: forward(*args, **options | {"timestep_cond": w})
    # the guidance is in the embedding: diffusers is told that there is none
    run = pipe.__call__

    class Unguided:
        scheduler = pipe.scheduler

        def __getattr__(self, name):
            return getattr(pipe, name)

        def __setattr__(self, name, value):
            setattr(pipe, name, value)

        def __call__(self, *args, **options):
            return run(*args, **options | {"guidance_scale": 1})

    record(Unguided(), [["unet_lora.pt", 1.0]], parameters)


def guidance_embedding(w: torch.Tensor, dim: int) -> torch.Tensor:
    """utils/utils.py of T2V-Turbo: guidance_scale_embedding."""
    half = dim // 2
    emb = torch.exp(torch.arange(half, dtype=torch.float32) * -(math.log(10000.0) / (half - 1)))
    emb = (w * 1000.0)[:, None] * emb[None, :]
    return torch.cat([torch.sin(emb), torch.cos(emb)], dim=1)


def pipeline(**change) -> TextToVideoSDPipeline:
    config = json.loads((UNET / "config.json").read_text())
    unet = UNet3DConditionModel.from_config(config | change)
    missing, unexpected = unet.load_state_dict(load_file(UNET / "weights.safetensors"), strict=not change)
    assert not unexpected and set(missing) <= {"time_embedding.cond_proj.weight"}
    pipe = TextToVideoSDPipeline.from_pretrained(CHECKPOINT, variant="fp16", torch_dtype=torch.float32, unet=unet.float().eval())
    pipe.set_progress_bar_config(disable=True)
    return pipe


def scheduler_of(pipe: TextToVideoSDPipeline, name: str):
    return getattr(diffusers, name).from_config(pipe.scheduler.config)


if __name__ == "__main__":
    main()
