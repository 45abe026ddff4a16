"""Says from the pixels alone what a clip shows: background, colour, shape and motion.

    python judge.py --real 400                       how often the judge is right on drawn clips
    python judge.py --prompts prompts.jsonl DIR      DIR/000/000.png … : one folder of frames for each line of the prompts
"""

import argparse
import collections
import json
import math
import pathlib
import random

import numpy as np

from clips import BACKGROUNDS, COLOURS, MOTIONS, SHAPES, TEMPLATES, Clip, all_clips, draw


def nearest(colour: np.ndarray, names: dict[str, tuple[int, int, int]]) -> str:
    return min(names, key=lambda name: float(np.square(colour - np.array(names[name])).sum()))


def outline(mask: np.ndarray) -> np.ndarray:
    """Distance from the centre to the farthest covered pixel in 72 directions, divided by the mean: [72]. A shape's signature."""
    ys, xs = np.nonzero(mask)
    dx, dy = xs - xs.mean(), ys - ys.mean()
    bins = ((np.arctan2(dy, dx) + math.pi) / (2 * math.pi) * 72).astype(int) % 72
    radii = np.zeros(72)
    np.maximum.at(radii, bins, np.hypot(dx, dy))
    known = radii > 0
    radii = np.interp(np.arange(72), np.nonzero(known)[0], radii[known], period=72)
    return radii / radii.mean()


def harmonics(mask: np.ndarray) -> np.ndarray:
    """Complex amplitude of 3, 4 and 5 corners in the outline; their angles turn with the shape."""
    return np.fft.rfft(outline(mask))[[3, 4, 5]] / 72


def shape_of(masks: list[np.ndarray]) -> str:
    """The harmonic with the largest part over all frames: three corners, four, five, or none."""
    strengths = np.mean([np.abs(harmonics(mask)) for mask in masks], axis=0)
    if strengths.max() < 0.02:
        return "circle"
    return ("triangle", "square", "star")[int(strengths.argmax())]


def motion_of(masks: list[np.ndarray], shape: str) -> str:
    centres = np.array([[xs.mean(), ys.mean()] for ys, xs in (np.nonzero(mask) for mask in masks)])
    areas = np.array([mask.sum() for mask in masks], dtype=float)
    size = masks[0].shape[0]
    dx, dy = centres[-1] - centres[0]
    swing = np.ptp(centres[:, 1])
    growth = areas[-2:].mean() / areas[:2].mean()
    if growth > 1.7 or growth < 1 / 1.7:
        return "growing" if growth > 1 else "shrinking"
    if max(abs(dx), abs(dy)) > size * 0.2:
        if abs(dx) > abs(dy):
            return "moving right" if dx > 0 else "moving left"
        return "moving down" if dy > 0 else "moving up"
    if swing > size * 0.15:
        return "bouncing"
    if shape != "circle":
        corner = {"triangle": 0, "square": 1, "star": 2}[shape]
        phases = np.array([harmonics(mask)[corner] for mask in masks])
        turns = np.angle(phases[1:] * phases[:-1].conj()) / (corner + 3)
        if abs(turns.sum()) > 0.8:
            return "spinning"
    return "still"


def judge(frames: np.ndarray) -> Clip | None:
    """frames: uint8 [F, H, W, 3]. None where nothing stands out from the background."""
    pixels = frames.astype(float)
    border = np.concatenate([pixels[:, :6].reshape(-1, 3), pixels[:, -6:].reshape(-1, 3), pixels[:, :, :6].reshape(-1, 3), pixels[:, :, -6:].reshape(-1, 3)])
    back = np.median(border, axis=0)
    masks = list(np.sqrt(np.square(pixels - back).sum(-1)) > 60)
    if any(mask.sum() < 60 for mask in masks):
        return None
    front = np.median(np.concatenate([frame[mask] for frame, mask in zip(pixels, masks)]), axis=0)
    shape = shape_of(masks)
    return Clip(nearest(front, COLOURS), shape, motion_of(masks, shape), nearest(back, BACKGROUNDS))


def parse(prompt: str) -> Clip:
    """The clip that a caption of the domain asks for."""
    for clip in all_clips():
        if any(prompt == clip.caption(i) for i in range(len(TEMPLATES))):
            return clip
    raise ValueError(f"not a caption of this domain: {prompt}")


def report(pairs: list[tuple[Clip, Clip | None]]) -> None:
    right = collections.Counter()
    for asked, seen in pairs:
        parts = {name: seen is not None and getattr(seen, name) == getattr(asked, name) for name in ("colour", "background", "shape", "motion")}
        right.update(name for name, ok in parts.items() if ok)
        right["all"] += all(parts.values())
        if not all(parts.values()):
            print(f"asked {asked}, saw {seen}")
    for name in ("colour", "background", "shape", "motion", "all"):
        print(f"{name}: {right[name]} of {len(pairs)} ({right[name] / len(pairs):.1%})")


def read_frames(folder: pathlib.Path) -> np.ndarray:
    from PIL import Image

    return np.stack([np.asarray(Image.open(file).convert("RGB")) for file in sorted(folder.glob("*.png"))])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--real", type=int, help="judge this many drawn clips")
    parser.add_argument("--prompts", type=pathlib.Path, default=pathlib.Path("prompts.jsonl"))
    parser.add_argument("folder", type=pathlib.Path, nargs="?")
    args = parser.parse_args()
    if args.real:
        rng = random.Random(1)
        kinds = [rng.choice(all_clips()) for _ in range(args.real)]
        report([(kind, judge(((draw(kind, rng).movedim(1, -1) + 1) * 127.5).round().clamp(0, 255).byte().numpy())) for kind in kinds])
        return
    prompts = [json.loads(line)["prompt"] for line in args.prompts.read_text().splitlines()]
    report([(parse(prompt), judge(read_frames(args.folder / f"{i:03}"))) for i, prompt in enumerate(prompts)])


if __name__ == "__main__":
    main()
