"""Trains UNet3DConditionModel and CLIPTextModel of the small checkpoint together, on latents of clips that never run out.

v-prediction with zero terminal SNR (Lin et al., arXiv 2305.08891): the last timestep is pure noise, so the prompt alone decides
background and colour, the same for every frame. The learning rate is a function of the minutes that have passed; a second run
with the same --work goes on from the saved state. In bfloat16, without dropout (no clip comes twice) and with `PlainAttention`
a step takes 0.4 of the time; one process a core wastes less than threads do, which wait for each other in every small operator.
    OMP_NUM_THREADS=1 torchrun --nproc-per-node 2 train_unet.py --work DIR --minutes 60
reads DIR/vae/ and the tokenizer, writes DIR/state.pt, DIR/unet/ and DIR/text_encoder/ (the moving average).
"""

import argparse
import copy
import dataclasses
import math
import pathlib
import random
import time

import torch
import torch.distributed
from diffusers import AutoencoderKL, DDIMScheduler, UNet3DConditionModel
from diffusers.models.attention_processor import Attention
from transformers import CLIPTextConfig, CLIPTextModel

from clips import COLOURS, FRAMES, MOTIONS, SHAPES, TEMPLATES, Clip, all_clips, draw
from tokenize_captions import load_tokenizer, token_ids

WIDTH = 32
UNET = dict(
    sample_size=8,
    in_channels=8,
    out_channels=8,
    block_out_channels=(48, 96),
    down_block_types=("CrossAttnDownBlock3D", "CrossAttnDownBlock3D"),
    up_block_types=("CrossAttnUpBlock3D", "CrossAttnUpBlock3D"),
    layers_per_block=1,
    attention_head_dim=16,
    cross_attention_dim=WIDTH,
    norm_num_groups=8,
)
TEXT = dict(
    vocab_size=49408,
    hidden_size=WIDTH,
    intermediate_size=4 * WIDTH,
    num_hidden_layers=2,
    num_attention_heads=4,
    max_position_embeddings=77,
    hidden_act="gelu",
    bos_token_id=49406,
    eos_token_id=49407,
    pad_token_id=0,
)
SCHEDULER = dict(
    beta_start=0.00085,
    beta_end=0.012,
    beta_schedule="scaled_linear",
    prediction_type="v_prediction",
    rescale_betas_zero_snr=True,
    timestep_spacing="trailing",
    clip_sample=False,
    set_alpha_to_one=True,
)
SIDEWAYS = ("moving right", "moving left")
OPPOSITES = (SIDEWAYS, ("moving up", "moving down"), ("growing", "shrinking"))
BATCH, CAPTIONS_DROPPED, EMA_DECAY, MOTION_WEIGHT, FAMILY_WEIGHT = 16, 0.1, 0.998, 3, 5


class PlainAttention:
    """softmax(QKᵀ/√d)V written out: PyTorch's fused version is slow on a CPU in bfloat16 and for rows of 8.

    All frames of a clip attend to the same caption, so its keys and values are computed once for them.
    """

    def __call__(self, attn, hidden_states, encoder_hidden_states=None, **_):
        rows = hidden_states
        context = rows
        if encoder_hidden_states is not None:
            context = encoder_hidden_states[::FRAMES]
            rows = rows.reshape(len(context), -1, rows.shape[-1])
        query, key, value = (
            project(x).unflatten(-1, (attn.heads, -1)).transpose(1, 2)
            for project, x in ((attn.to_q, rows), (attn.to_k, context), (attn.to_v, context))
        )
        weights = (query * attn.scale @ key.transpose(-1, -2)).softmax(-1)
        out = (weights.to(value.dtype) @ value).transpose(1, 2).flatten(2)
        return attn.to_out[0](out).reshape(*hidden_states.shape[:2], -1)


class Clips:
    """Latents [FRAMES, C, h, w] of one clip of every kind; one is replaced by a new one at every step."""

    def __init__(self, vae: AutoencoderKL, rng: random.Random):
        self.vae, self.rng, self.kinds = vae, rng, all_clips()
        self.latents: dict[Clip, torch.Tensor] = {}
        for at in range(0, len(self.kinds), 4):
            self.encode(self.kinds[at : at + 4])

    @torch.no_grad()
    def encode(self, kinds: list[Clip]) -> None:
        pixels = torch.cat([draw(kind, self.rng) for kind in kinds]).contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            latents = self.vae.encode(pixels).latent_dist.mean.float() * self.vae.config.scaling_factor
        self.latents.update(zip(kinds, latents.unflatten(0, (len(kinds), FRAMES))))

    def batch(self, count: int, family: bool, still: bool) -> tuple[list[Clip], torch.Tensor]:
        """Clips of any kind, or a family: all motions, colours or shapes of one kind, or the same kinds going opposite ways.

        `still`: what moves sideways stands where it starts, and everything else is off the middle.
        """
        self.encode([self.rng.choice(self.kinds)])
        kinds = [self.rng.choice(self.kinds) for _ in range(count)]
        if family:
            families = (("motion", MOTIONS), ("motion", self.rng.choice(OPPOSITES)), ("colour", COLOURS), ("colour", COLOURS), ("shape", SHAPES))
            varied, values = ("motion", SIDEWAYS) if still else self.rng.choice(families)
            if varied == "colour" and self.rng.random() < 0.5:
                kinds[0] = dataclasses.replace(kinds[0], background="white")
            kinds = [dataclasses.replace(kind, **{varied: value}) for kind in kinds for value in values]
            kinds = [kind for kind in kinds if kind in self.latents][:count]
        latents = [self.latents[kind] for kind in kinds]
        if still:
            latents = [x[:1].expand_as(x) if kind.motion in SIDEWAYS else x.roll(-3, -1) for kind, x in zip(kinds, latents)]
        # [B, C, F, h, w]
        return kinds, torch.stack(latents).transpose(1, 2)


def average_over_processes(modules: torch.nn.Module, *numbers: float) -> list[float]:
    """Averages the gradients, and some numbers, over all processes."""
    gradients = [parameter.grad for parameter in modules.parameters()]
    flat = torch.cat([gradient.flatten() for gradient in gradients] + [torch.tensor(numbers)])
    torch.distributed.all_reduce(flat)
    flat /= torch.distributed.get_world_size()
    *parts, averaged = flat.split([gradient.numel() for gradient in gradients] + [len(numbers)])
    for gradient, part in zip(gradients, parts):
        gradient.copy_(part.view_as(gradient))
    return averaged.tolist()


def save(work: pathlib.Path, modules, average, optimizer, step: int) -> None:
    state = dict(modules=modules.state_dict(), average=average.state_dict(), optimizer=optimizer.state_dict(), step=step)
    torch.save(state, work / "state.tmp")
    (work / "state.tmp").replace(work / "state.pt")
    average["unet"].save_pretrained(work / "unet")
    average["text"].save_pretrained(work / "text_encoder")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path("work"))
    parser.add_argument("--tokenizer", type=pathlib.Path, default=pathlib.Path("../public/models/moving-shapes/tokenizer"))
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--rate", type=float, default=1.5e-3, help="peak learning rate")
    parser.add_argument("--start", type=pathlib.Path, help="a checkpoint to start from where there is no saved state")
    parser.add_argument("--still", action="store_true", help="a phase of minutes that teaches left and right, see README.md")
    args = parser.parse_args()
    torch.distributed.init_process_group("gloo")
    main_process, batch = torch.distributed.get_rank() == 0, BATCH // torch.distributed.get_world_size()
    rng = random.Random(time.time_ns())
    if args.start:
        networks = dict(
            unet=UNet3DConditionModel.from_pretrained(args.start, subfolder="unet", variant="fp16", torch_dtype=torch.float32),
            text=CLIPTextModel.from_pretrained(args.start, subfolder="text_encoder", variant="fp16", dtype=torch.float32),
        )
    else:
        networks = dict(unet=UNet3DConditionModel(**UNET), text=CLIPTextModel(CLIPTextConfig(**TEXT)))
    modules = torch.nn.ModuleDict(networks)
    for module in networks["unet"].modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
        elif isinstance(module, Attention):
            module.processor = PlainAttention()
    average = copy.deepcopy(modules).requires_grad_(False)
    optimizer = torch.optim.AdamW(modules.parameters(), lr=args.rate, betas=(0.9, 0.99), weight_decay=0.01)
    step = 0
    if (args.work / "state.pt").exists():
        state = torch.load(args.work / "state.pt")
        modules.load_state_dict(state["modules"])
        average.load_state_dict(state["average"])
        optimizer.load_state_dict(state["optimizer"])
        step = state["step"]
    torch.distributed.barrier()
    # every process starts from the same weights, and sees clips and noise of its own
    for parameter in [*modules.parameters(), *average.parameters()]:
        torch.distributed.broadcast(parameter.data, 0)
    torch.manual_seed(rng.getrandbits(63))
    print({name: f"{sum(p.numel() for p in module.parameters()):,}" for name, module in modules.items()}, "step", step, flush=True)

    schedule = DDIMScheduler(**SCHEDULER)
    tokenizer = load_tokenizer(args.tokenizer)
    ids = {text: token_ids(tokenizer, text) for text in [""] + [clip.caption(i) for clip in all_clips() for i in range(len(TEMPLATES))]}
    clips = Clips(AutoencoderKL.from_pretrained(args.work / "vae").eval().to(memory_format=torch.channels_last), rng)
    print("clips encoded", flush=True)
    start, saved, first, running = time.time(), time.time(), step, None
    done = 0.0
    while done < 1:
        # half of the batches are families under the same noise: only the caption distinguishes their clips
        family = rng.random() < 0.5
        kinds, latents = clips.batch(batch, family, args.still)
        texts = ["" if rng.random() < CAPTIONS_DROPPED else kind.caption(rng.randrange(len(TEMPLATES))) for kind in kinds]
        noise = torch.randn_like(latents[:1] if family else latents).expand_as(latents)
        # more often at high noise: above t = 700 the caption decides motion, colour and background
        timesteps = (1000 * torch.rand(1 if family else len(kinds)) ** 0.4).long().clamp(max=999).expand(len(kinds))
        with torch.autocast("cpu", torch.bfloat16):
            context = modules["text"](torch.tensor([ids[text] for text in texts])).last_hidden_state
            predicted = modules["unet"](schedule.add_noise(latents, noise, timesteps), timesteps, context).sample
        error = predicted.float() - schedule.get_velocity(latents, noise, timesteps)
        # what changes from frame to frame is the smaller part of a clip, and the harder one
        still = error.mean(2, keepdim=True)
        loss = still.square().mean() + MOTION_WEIGHT * (error - still).square().mean()
        if family:
            # what distinguishes its clips, however little that is: yellow and pink on white have almost the same latents
            apart = (error[::2] - error[1::2]) / 2 if args.still else error - error.mean(0)
            loss = loss + FAMILY_WEIGHT * apart.square().mean()
        rate = args.rate * min(1, (step - first + 1) / 100) * max(0.02, (1 + math.cos(math.pi * done)) / 2)
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.zero_grad()
        loss.backward()
        done, mean_loss = average_over_processes(modules, (time.time() - start) / (args.minutes * 60), loss.item())
        torch.nn.utils.clip_grad_norm_(modules.parameters(), 1.0)
        optimizer.step()
        step += 1
        decay = min(EMA_DECAY, (1 + step) / (10 + step))
        with torch.no_grad():
            torch._foreach_lerp_(list(average.parameters()), list(modules.parameters()), 1 - decay)
        running = mean_loss if running is None else 0.98 * running + 0.02 * mean_loss
        if main_process and step % 50 == 0:
            print(f"step {step} {done:.1%} loss {running:.4f} {(time.time() - start) / (step - first):.2f} s a step", flush=True)
        if main_process and time.time() - saved > 300:
            save(args.work, modules, average, optimizer, step)
            saved = time.time()
    if main_process:
        save(args.work, modules, average, optimizer, step)


if __name__ == "__main__":
    main()
