"""The domain of the small checkpoint: a coloured shape that moves on a plain background, as captions and as pixels."""

import dataclasses
import math
import random

import torch

SIZE = 128
FRAMES = 8

COLOURS = {
    "red": (225, 40, 40),
    "green": (40, 175, 60),
    "blue": (45, 90, 235),
    "yellow": (245, 220, 50),
    "orange": (245, 135, 25),
    "purple": (150, 50, 200),
    "pink": (250, 140, 195),
    "cyan": (50, 205, 220),
}
BACKGROUNDS = {"black": (15, 15, 15), "white": (242, 242, 242), "gray": (128, 128, 128), "blue": (30, 50, 150)}
SHAPES = ("circle", "square", "triangle", "star")
MOTIONS = ("moving right", "moving left", "moving up", "moving down", "growing", "shrinking", "spinning", "bouncing")
TEMPLATES = (
    "a {colour} {shape} {motion} on a {background} background",
    "{colour} {shape} {motion}, {background} background",
    "on a {background} background, a {colour} {shape} is {motion}",
)


@dataclasses.dataclass(frozen=True)
class Clip:
    """What a caption says."""

    colour: str
    shape: str
    motion: str
    background: str

    def caption(self, template: int = 0) -> str:
        return TEMPLATES[template].format(**dataclasses.asdict(self))


def all_clips() -> list[Clip]:
    """Every combination that can be recognized from the pixels: a spinning circle cannot, nor blue on blue."""
    return [
        Clip(colour, shape, motion, background)
        for colour in COLOURS
        for shape in SHAPES
        for motion in MOTIONS
        for background in BACKGROUNDS
        if colour != background and not (shape == "circle" and motion == "spinning")
    ]


def _polygon_distance(x: torch.Tensor, y: torch.Tensor, corners: list[tuple[float, float]]) -> torch.Tensor:
    """Signed distance to a closed polygon, negative inside. x, y: [..., H, W] in units of the radius."""
    distance = torch.full_like(x, 1e9)
    inside = torch.zeros_like(x, dtype=torch.bool)
    for (ax, ay), (bx, by) in zip(corners, corners[1:] + corners[:1]):
        ex, ey = bx - ax, by - ay
        t = (((x - ax) * ex + (y - ay) * ey) / (ex * ex + ey * ey)).clamp(0, 1)
        distance = torch.minimum(distance, torch.hypot(x - ax - t * ex, y - ay - t * ey))
        crosses = (ay > y) != (by > y)
        if ey != 0:
            inside ^= crosses & (x < (y - ay) / ey * ex + ax)
    return torch.where(inside, -distance, distance)


def _corners(shape: str) -> list[tuple[float, float]]:
    if shape == "square":
        radii, count = [1.0], 4
    elif shape == "triangle":
        radii, count = [1.15], 3
    else:
        radii, count = [1.2, 0.5], 10
    turn = -math.pi / 2 if shape != "square" else math.pi / 4
    return [
        (radii[i % len(radii)] * math.cos(turn + 2 * math.pi * i / count), radii[i % len(radii)] * math.sin(turn + 2 * math.pi * i / count))
        for i in range(count)
    ]


def draw(clip: Clip, rng: random.Random) -> torch.Tensor:
    """One clip of that caption: [FRAMES, 3, SIZE, SIZE] from −1 to 1. Size, place and speed vary a little: what the caption does not
    tell costs the network most of its training.
    """
    time = torch.arange(FRAMES) / (FRAMES - 1)
    radius = torch.full((FRAMES,), rng.uniform(21, 24))
    angle = torch.zeros(FRAMES)
    cx = torch.full((FRAMES,), SIZE / 2 + rng.uniform(-4, 4))
    cy = torch.full((FRAMES,), SIZE / 2 + rng.uniform(-4, 4))
    way = (time - 0.5) * rng.uniform(52, 60)
    if clip.motion == "moving right":
        cx = SIZE / 2 + rng.uniform(-3, 3) + way
    elif clip.motion == "moving left":
        cx = SIZE / 2 + rng.uniform(-3, 3) - way
    elif clip.motion == "moving down":
        cy = SIZE / 2 + rng.uniform(-3, 3) + way
    elif clip.motion == "moving up":
        cy = SIZE / 2 + rng.uniform(-3, 3) - way
    elif clip.motion in ("growing", "shrinking"):
        small, large = rng.uniform(14, 16), rng.uniform(33, 36)
        grown = small + (large - small) * time
        radius = grown if clip.motion == "growing" else grown.flip(0)
    elif clip.motion == "spinning":
        angle = time * rng.uniform(2.3, 2.5)
    else:
        cy = SIZE / 2 + rng.uniform(-3, 3) + rng.uniform(24, 27) * torch.cos(2 * math.pi * time)
    grid = torch.arange(SIZE) + 0.5
    dx = (grid[None, None, :] - cx[:, None, None]).expand(FRAMES, SIZE, SIZE)
    dy = (grid[None, :, None] - cy[:, None, None]).expand(FRAMES, SIZE, SIZE)
    cos, sin, r = angle.cos()[:, None, None], angle.sin()[:, None, None], radius[:, None, None]
    x, y = (dx * cos + dy * sin) / r, (dy * cos - dx * sin) / r
    distance = torch.hypot(x, y) - 1 if clip.shape == "circle" else _polygon_distance(x, y, _corners(clip.shape))
    cover = (0.5 - distance * r / 1.6).clamp(0, 1)[:, None]
    front = torch.tensor(COLOURS[clip.colour]) / 127.5 - 1
    back = torch.tensor(BACKGROUNDS[clip.background]) / 127.5 - 1
    return back[None, :, None, None] + cover * (front - back)[None, :, None, None]
