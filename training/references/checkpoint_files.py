"""Small files as torch.save writes them, for the reader of PyTorch's format.

    python3 training/references/checkpoint_files.py

writes reference/checkpoint-files/. What can be read is there twice, as <case>.bin and with the same tensors as <case>.safetensors; what
has to be refused is there as <case>.bin only. Every run writes the same bytes on the same versions of the packages, but for legacy.bin:
that format names storages by their addresses.
"""

import zipfile
from collections import OrderedDict
from pathlib import Path

import torch
from safetensors.torch import save_file

OUTPUT = Path(__file__).parents[2] / "reference" / "checkpoint-files"


class Encoder(torch.nn.Module):
    """A bit of a text encoder: weights, biases, and a buffer of integers."""

    def __init__(self):
        super().__init__()
        self.embeddings = torch.nn.Embedding(7, 6)
        self.register_buffer("position_ids", torch.arange(5).expand((1, -1)).contiguous())
        self.layers = torch.nn.Sequential(torch.nn.Linear(6, 4), torch.nn.LayerNorm(4))


def every_type() -> dict[str, torch.Tensor]:
    floats = torch.tensor([[0.0, -1.5, 3.0], [65504.0, 1e-3, -2.25]])
    integers = torch.tensor([[0, 1, -2], [100, -100, 7]])
    return {
        "float64": floats.double(),
        "float32": floats,
        "float16": floats.half(),
        "bfloat16": floats.bfloat16(),
        "int64": integers * 2**40,
        "int32": integers.int(),
        "int16": integers.short(),
        "int8": integers.to(torch.int8),
        "uint8": (integers + 100).to(torch.uint8),
        "bool": integers > 0,
        "scalar": torch.tensor(2.5),
    }


def views() -> dict[str, torch.Tensor]:
    """Tensors that share a storage; strides that say nothing, because the axis has one element."""
    table = torch.arange(60, dtype=torch.float32).reshape(10, 6)
    return {
        "all": table,
        "middle": table[3:5],
        "end": table[9],
        "tied": table,
        "one_row": table.t()[:, 2:3].t(),
        "one_column": table[:1, :1],
    }


def rounding() -> dict[str, torch.Tensor]:
    """Floats beside the halves that .half() makes of them: exact ones, halfway between two, and next to halfway."""
    bits = torch.arange(0, 0x7BFF, 37, dtype=torch.int32)
    exact = bits.to(torch.int16).view(torch.float16).float()
    above = (bits + 1).to(torch.int16).view(torch.float16).float()
    middle = (exact + above) / 2
    largest = torch.tensor(torch.finfo(torch.float32).max)
    halfway = [exact, middle, torch.nextafter(middle, largest), torch.nextafter(middle, -largest)]
    special = torch.tensor([0.0, 65504.0, 65519.0, 1e-45, 1e-38, 2.0**-24, 2.0**-25, 2.0**-26, 3 * 2.0**-26])
    float32 = torch.cat([*halfway, special])
    float32 = torch.cat([float32, -float32])
    tensors = {"float32": float32, "float64": float32.double() * (1 + 2.0**-50), "bfloat16": float32[::9].bfloat16()}
    tensors["extreme"] = torch.tensor([65520.0, 1e38, torch.inf, -torch.inf, torch.nan])
    return tensors | {f"{name}.half": tensor.half() for name, tensor in tensors.items()}


def rezip(source: Path, target: Path, change: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> None:
    """Packs an archive anew, as a general tool does: no alignment, no data descriptors."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", compression) as new:
        for entry in old.infolist():
            data = change.get(entry.filename, old.read(entry.filename))
            new.writestr(zipfile.ZipInfo(entry.filename), data, compression)


def main() -> None:
    torch.manual_seed(0)
    OUTPUT.mkdir(parents=True, exist_ok=True)

    def save(name: str, value: object, tensors: dict[str, torch.Tensor] | None = None, **options) -> Path:
        path = OUTPUT / f"{name}.bin"
        torch.save(value, path, **options)
        if tensors is not None:
            twins = {key: tensor.detach().clone().contiguous() for key, tensor in tensors.items()}
            save_file(twins, OUTPUT / f"{name}.safetensors")
        return path

    module = Encoder()
    state = module.state_dict()
    plain = save("state-dict", state, state)
    half = Encoder().half().state_dict()
    save("half", half, half)
    save("types", every_type(), every_type())
    save("views", views(), views())
    parameters = OrderedDict(module.named_parameters())
    save("parameters", parameters, parameters)
    save("wrapped", {"epoch": 3, "loss": 0.25, "state_dict": state, "betas": (0.9, 0.999), "note": None}, state)

    save_file(rounding(), OUTPUT / "rounding.safetensors")

    rezip(plain, OUTPUT / "rezipped.bin", {})
    save_file({key: tensor.clone() for key, tensor in state.items()}, OUTPUT / "rezipped.safetensors")

    # refused
    rezip(plain, OUTPUT / "deflated.bin", {}, zipfile.ZIP_DEFLATED)
    rezip(plain, OUTPUT / "big-endian.bin", {"state-dict/byteorder": b"big"})
    save("transposed", {"fine": torch.ones(2, 3), "turned": torch.ones(2, 3).t()})
    save("expanded", {"stretched": torch.ones(2, 1).expand(2, 3)})
    save("empty", {"nothing": torch.ones(0, 3)})
    save("complex", {"waves": torch.ones(2, dtype=torch.complex64)})
    save("new-type", {"tiny": torch.ones(2).to(torch.float8_e4m3fn)})
    save("negated", {"minus": torch.view_as_complex(torch.ones(2, 2)).conj().imag})
    save("module", torch.nn.Linear(2, 2))
    save("protocol-4", state, pickle_protocol=4)
    save("legacy", state, _use_new_zipfile_serialization=False)


if __name__ == "__main__":
    main()
