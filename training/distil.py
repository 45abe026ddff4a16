"""Distils the small checkpoint into a LoRA that makes a video in four steps without guidance, in peft's layout.

A variant of latent consistency distillation (arXiv 2310.04378) for a network that is small enough to let the teacher finish: the target
at each timestep that LCMScheduler visits is not what a moving average of the student says one step further down, but where the
teacher's own guided DDIM arrives from there. README.md says what else differs.
    python distil.py --work work/distil
Both parts go on where they were stopped, and give the same weights however often that was:
DIR/trajectories/*.safetensors, the teacher's trajectories that the judge finds right, then DIR/state.pt, the student's training.
"""

import argparse
import json
import math
import pathlib
import random

import numpy as np
import torch
from diffusers import LCMScheduler, TextToVideoSDPipeline
from diffusers.models.attention_processor import Attention
from peft import LoraConfig, get_peft_model, get_peft_model_state_dict
from safetensors.torch import load_file, save_file

from clips import FRAMES, TEMPLATES, all_clips
from generate import load_pipeline
from judge import judge
from tokenize_captions import token_ids
from train_unet import MOTION_WEIGHT, SCHEDULER, PlainAttention

# timestep_scaling 10 is the paper's: its boundary condition then hardly matters at the timesteps that are visited
LCM = SCHEDULER | dict(original_inference_steps=50, timestep_scaling=10.0)
STEPS, SUBSTEPS, GUIDANCE = 4, 4, 1.5
RANK, BATCH, LIMIT = 10, 16, 1_500_000


class Teacher:
    """The checkpoint as it is, on the timesteps that the student visits and SUBSTEPS of DDIM from each to the next."""

    def __init__(self, pipe: TextToVideoSDPipeline, scheduler: LCMScheduler):
        self.pipe, self.alphas = pipe, scheduler.alphas_cumprod.tolist()
        scheduler.set_timesteps(STEPS)
        # −1 stands for the end, where no noise is left
        self.visited = scheduler.timesteps.tolist()
        corners = [*self.visited, -1]
        self.timesteps = [round(a + (b - a) * i / SUBSTEPS) for a, b in zip(corners, corners[1:]) for i in range(SUBSTEPS)]

    def encode(self, texts: list[str]) -> torch.Tensor:
        ids = torch.tensor([token_ids(self.pipe.tokenizer, text) for text in texts])
        return self.pipe.text_encoder(ids).last_hidden_state

    @torch.no_grad()
    def trajectories(self, texts: list[str], noise: torch.Tensor) -> dict[str, torch.Tensor]:
        """Latents where the student will stand, [B, STEPS, C, F, h, w], where they end, [B, C, F, h, w], and what the texts say."""
        x, context, visited = noise, self.encode(texts), []
        contexts = torch.cat([self.encode([""]).expand_as(context), context])
        for t, after in zip(self.timesteps, [*self.timesteps[1:], -1]):
            if t in self.visited:
                visited.append(x)
            with torch.autocast("cpu", torch.bfloat16):
                without, with_text = self.pipe.unet(x.repeat(2, 1, 1, 1, 1), t, contexts).sample.float().chunk(2)
            v = without + GUIDANCE * (with_text - without)
            alpha, alpha_after = self.alphas[t], 1.0 if after < 0 else self.alphas[after]
            clean = math.sqrt(alpha) * x - math.sqrt(1 - alpha) * v
            rest = math.sqrt(alpha) * v + math.sqrt(1 - alpha) * x
            x = math.sqrt(alpha_after) * clean + math.sqrt(1 - alpha_after) * rest
        return {"visited": torch.stack(visited, 1).half(), "end": x.half(), "context": context}

    @torch.no_grad()
    def frames(self, latents: torch.Tensor) -> np.ndarray:
        """uint8 [F, H, W, 3] of latents [C, F, h, w]."""
        pixels = self.pipe.vae.decode(latents.float().transpose(0, 1) / self.pipe.vae.config.scaling_factor).sample
        return ((pixels.movedim(1, -1) + 1) * 127.5).round().clamp(0, 255).byte().numpy()


def collect(teacher: Teacher, folder: pathlib.Path, shards: int, seed: int) -> dict[str, torch.Tensor]:
    """Shards of BATCH trajectories each, without those whose video does not match the prompt: the student need not learn the teacher's mistakes."""
    folder.mkdir(parents=True, exist_ok=True)
    captions = [(clip, clip.caption(i)) for clip in all_clips() for i in range(len(TEMPLATES))]
    for shard in range(shards):
        file = folder / f"{shard:04}.safetensors"
        if file.exists():
            continue
        rng = random.Random(f"{seed} {shard}")
        drawn = [rng.choice(captions) for _ in range(BATCH)]
        shape = (BATCH, teacher.pipe.unet.config.in_channels, FRAMES, teacher.pipe.unet.config.sample_size, teacher.pipe.unet.config.sample_size)
        noise = torch.randn(shape, generator=torch.Generator().manual_seed(rng.getrandbits(63)))
        made = teacher.trajectories([caption for _, caption in drawn], noise)
        right = torch.tensor([judge(teacher.frames(end)) == clip for (clip, _), end in zip(drawn, made["end"])])
        save_file({name: tensor[right].contiguous() for name, tensor in made.items()}, file.with_suffix(".tmp"))
        file.with_suffix(".tmp").replace(file)
        print(f"trajectories {shard + 1} of {shards}: {int(right.sum())} of {BATCH} right", flush=True)
    parts = [load_file(folder / f"{shard:04}.safetensors") for shard in range(shards)]
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}


def add_lora(unet: torch.nn.Module, seed: int) -> torch.nn.Module:
    """On every product and convolution of the UNet; the sequence of random numbers is torch's own."""
    kinds = (torch.nn.Linear, torch.nn.Conv2d, torch.nn.Conv3d)
    names = [name for name, module in unet.named_modules() if isinstance(module, kinds)]
    torch.manual_seed(seed)
    return get_peft_model(unet, LoraConfig(r=RANK, lora_alpha=RANK, target_modules=names))


def train(unet: torch.nn.Module, teacher: Teacher, data: dict[str, torch.Tensor], args: argparse.Namespace) -> None:
    parameters = [parameter for parameter in unet.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=args.rate, betas=(0.9, 0.99), weight_decay=0.0)
    state_file, first, running = args.work / "state.pt", 0, []
    if state_file.exists():
        state = torch.load(state_file)
        for parameter, value in zip(parameters, state["parameters"], strict=True):
            parameter.data.copy_(value)
        optimizer.load_state_dict(state["optimizer"])
        first = state["step"]
    timesteps = torch.tensor(teacher.visited)
    alphas = torch.tensor(teacher.alphas)[timesteps].view(-1, 1, 1, 1, 1)
    for step in range(first, args.steps):
        # drawn from seed and step alone, so that an interrupted training continues with the same numbers
        generator = torch.Generator().manual_seed(args.seed * 1_000_003 + step)
        rows = torch.randint(len(data["end"]), (BATCH,), generator=generator)
        at = torch.arange(BATCH) % STEPS
        x, end, alpha = data["visited"][rows, at].float(), data["end"][rows].float(), alphas[at]
        with torch.autocast("cpu", torch.bfloat16):
            v = unet(x, timesteps[at], data["context"][rows]).sample.float()
        # of the network's own output, as in its training: near the end of the noise an error of v is a small one of the clip
        error = v - (alpha.sqrt() * x - end) / (1 - alpha).sqrt()
        still = error.mean(2, keepdim=True)
        loss = still.square().mean() + MOTION_WEIGHT * (error - still).square().mean()
        for group in optimizer.param_groups:
            group["lr"] = args.rate * min(1, (step + 1) / 50) * (1 + math.cos(math.pi * step / args.steps)) / 2
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        running.append(loss.item())
        if (step + 1) % 50 == 0 or step + 1 == args.steps:
            print(f"step {step + 1} of {args.steps}: loss {sum(running) / len(running):.4f}", flush=True)
            running = []
            state = dict(parameters=parameters, optimizer=optimizer.state_dict(), step=step + 1)
            torch.save(state, state_file.with_suffix(".tmp"))
            state_file.with_suffix(".tmp").replace(state_file)


def export(unet: torch.nn.Module, scheduler: LCMScheduler, out: pathlib.Path) -> None:
    """peft's adapter_model.safetensors in float16 and adapter_config.json, and the scheduler that it is for."""
    tensors = {name: tensor.detach().half().contiguous() for name, tensor in get_peft_model_state_dict(unet).items()}
    assert all(tensor.isfinite().all() for tensor in tensors.values())
    scheduler.save_pretrained(out)
    config = unet.peft_config["default"]
    config.inference_mode = True
    config.save_pretrained(out)
    file = out / "adapter_config.json"
    written = json.loads(file.read_text())
    # peft keeps a set, in an order of its own
    file.write_text(json.dumps(written | {"target_modules": sorted(written["target_modules"])}, indent=2) + "\n")
    save_file(tensors, out / "adapter_model.safetensors", {"format": "pt"})
    total = sum(file.stat().st_size for file in out.iterdir())
    print(f"{len(tensors) // 2} modules, {total:,} bytes in {out}")
    assert total <= LIMIT, f"more than {LIMIT:,} bytes"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--checkpoint", type=pathlib.Path, default=pathlib.Path("../public/models/moving-shapes"))
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("../public/models/moving-shapes-lcm"))
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path("work/distil"))
    parser.add_argument("--shards", type=int, default=40, help=f"of {BATCH} trajectories each")
    parser.add_argument("--steps", type=int, default=600, help=f"of {BATCH} pairs each")
    parser.add_argument("--rate", type=float, default=1e-3, help="peak learning rate")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    pipe, scheduler = load_pipeline(args.checkpoint), LCMScheduler(**LCM)
    pipe.unet.requires_grad_(False)
    for module in pipe.unet.modules():
        if isinstance(module, Attention):
            module.processor = PlainAttention()
    teacher = Teacher(pipe, scheduler)
    data = collect(teacher, args.work / "trajectories", args.shards, args.seed)
    unet = add_lora(pipe.unet, args.seed)
    train(unet, teacher, data, args)
    export(unet, scheduler, args.out)


if __name__ == "__main__":
    main()
