"""Trains the AutoencoderKL of the small checkpoint on frames of clips.py.

A new network sees random crops for the first half, then whole frames; the learning rate falls to zero when the given minutes
are over. A second run goes on from what the first one saved, on whole frames. In bfloat16 and channels last: twice as fast here.
    python train_vae.py --work DIR --minutes 20
writes DIR/vae/ (diffusers folder, scaling_factor set so that latents have unit variance).
"""

import argparse
import pathlib
import random
import time

import torch
from diffusers import AutoencoderKL

from clips import SIZE, all_clips, draw

CONFIG = dict(
    block_out_channels=(12, 24, 48, 64, 64),
    down_block_types=("DownEncoderBlock2D",) * 5,
    up_block_types=("UpDecoderBlock2D",) * 5,
    layers_per_block=1,
    latent_channels=8,
    norm_num_groups=1,  # with few channels, groups of two would keep a plain colour from passing
    sample_size=SIZE,
)
CROP, BATCH, LATENT_NOISE = 64, 8, 0.05


def frames(rng: random.Random, clips: list, count: int) -> torch.Tensor:
    """Distinct frames, one of each of `count` random clips: [count, 3, SIZE, SIZE]."""
    return torch.stack([draw(rng.choice(clips), rng)[rng.randrange(8)] for _ in range(count)])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path("work"))
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--rate", type=float, default=2e-3, help="peak learning rate")
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    rng, clips = random.Random(time.time_ns()), all_clips()
    saved = args.work / "vae"
    resumed = saved.exists()
    vae = AutoencoderKL.from_pretrained(saved) if resumed else AutoencoderKL(**CONFIG)
    vae.train().to(memory_format=torch.channels_last)
    print(f"{sum(p.numel() for p in vae.parameters()):,} parameters", flush=True)
    optimizer = torch.optim.AdamW(vae.parameters(), lr=args.rate, betas=(0.9, 0.99), weight_decay=0.01)
    pool = frames(rng, clips, 1500)
    start, step, total = time.time(), 0, 0.0
    while (done := (time.time() - start) / (args.minutes * 60)) < 1:
        whole = resumed or done > 0.5
        optimizer.param_groups[0]["lr"] = args.rate * min(1, (step + 1) / 50) * (1 - done)
        pool[step % len(pool)] = frames(rng, clips, 1)[0]
        if whole:
            x = pool[torch.randint(len(pool), (BATCH,))]
        else:
            places = torch.randint(0, SIZE - CROP + 1, (4 * BATCH, 2))
            picked = torch.randint(len(pool), (4 * BATCH,))
            x = torch.stack([pool[i, :, y : y + CROP, z : z + CROP] for i, (y, z) in zip(picked, places.tolist())])
        x = x.contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            mean = vae.encode(x).latent_dist.mean
            y = vae.decode(mean + LATENT_NOISE * torch.randn_like(mean)).sample
        error = y.float() - x
        mse = error.square().mean()
        loss = mse + 0.2 * error.abs().mean() + 1e-4 * mean.float().square().mean()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(vae.parameters(), 1.0)
        optimizer.step()
        step += 1
        total = mse.item() if step == 1 else 0.98 * total + 0.02 * mse.item()
        if step % 100 == 0:
            print(f"step {step} {done:.0%} mse {total:.5f} {'whole' if whole else 'crops'}", flush=True)
    vae.eval()
    with torch.no_grad():
        x = frames(rng, clips, 64)
        mean = vae.encode(x).latent_dist.mean
        vae.register_to_config(scaling_factor=round(1 / mean.std().item(), 5))
        print(f"mse of whole frames {(vae.decode(mean).sample - x).square().mean():.5f}, latent std {mean.std():.3f}", flush=True)
    vae.save_pretrained(saved)


if __name__ == "__main__":
    main()
