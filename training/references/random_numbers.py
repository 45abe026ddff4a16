"""Reference numbers of torch's CPU generator.

    python3 training/references/random_numbers.py

writes reference/random/randn.json: per seed a row of torch.randn calls on one generator, sizes below and above 16 mixed, since
torch draws them in different ways. Of large calls only some values are kept, by their indices.
"""

import json
from pathlib import Path

import torch

OUTPUT = Path(__file__).parents[2] / "reference" / "random" / "randn.json"

# 2**32 and beyond: torch's generator takes the lowest 32 bits of a seed. As text, because JSON readers lose bits above 2**53.
SEEDS = [0, 1, 42, 2**31, 2**32 - 1, 2**32, 2**32 + 1, 123_456_789_012, 2**53 - 1, 2**63 + 5, 2**64 - 1, -1, -(2**63)]

# An odd number of values below 16 leaves half a pair over, which the next small call uses and a large one leaves alone.
MIXED = [1, 3, 15, 16, 5, 17, 2, 24, 31, 32, 37, 7, 0, 8, 100]
# 624 words are one round of the generator; 4 x 8 x 16 x 16 and 4 x 16 x 32 x 32 are latents, the last of them without and with a tail.
LARGE = [623, 626, 8192, 65536, 65539, 9]


def draw(generator: torch.Generator, size: int) -> dict:
    values = torch.randn(size, generator=generator)
    if size <= 100:
        return {"size": size, "values": texts(values)}
    indices = sorted({*range(0, size, size // 37), *range(size - 18, size)})
    return {"size": size, "indices": indices, "values": texts(values[indices])}


def texts(values: torch.Tensor) -> list[float]:
    """Nine digits name a float32 exactly."""
    return [float(f"{value:.9g}") for value in values.tolist()]


def main() -> None:
    torch.set_num_threads(1)
    runs = []
    for seed in SEEDS:
        for sizes in (MIXED, LARGE) if seed in (0, 2**53 - 1) else (MIXED[:10],):
            generator = torch.Generator("cpu").manual_seed(seed)
            runs.append({"seed": str(seed), "calls": [draw(generator, size) for size in sizes]})
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    OUTPUT.write_text("[\n" + ",\n".join(json.dumps(run, separators=(",", ":")) for run in runs) + "\n]\n")


if __name__ == "__main__":
    main()
