"""What diffusers' schedulers do → reference/schedulers/{trajectories,timesteps}.json.

    python3 training/references/schedulers.py

trajectories.json: samples on the way from START with a fake model, in float32: 0.6 x + 0.2 sin(3 x) + 0.0001 t. Noise of the stochastic
solvers comes from one generator, seed 7, for the whole trajectory. `after` holds the sample after the first, the middle and the last
step, `original` what the scheduler took for the sample without noise at the middle one, and `noisy`, for the first run of a class, what
its add_noise makes of START and START backwards there.

timesteps.json: for many numbers of steps, a checksum of the timesteps; null where diffusers leaves the trained timesteps or gives NaN,
which Kinora refuses.
"""

import inspect
import json
import warnings
from pathlib import Path

import torch
from diffusers import (
    DDIMScheduler,
    DPMSolverMultistepScheduler,
    EulerAncestralDiscreteScheduler,
    EulerDiscreteScheduler,
    LCMScheduler,
    UniPCMultistepScheduler,
)

warnings.simplefilter("ignore")
CLASSES = {
    scheduler.__name__: scheduler
    for scheduler in (
        DDIMScheduler,
        DPMSolverMultistepScheduler,
        EulerDiscreteScheduler,
        EulerAncestralDiscreteScheduler,
        UniPCMultistepScheduler,
        LCMScheduler,
    )
}
STEPS = [1, 2, 3, 10, 20, 25, 50]
# more than 16 values, and not a multiple of 16: torch draws noise in two ways
START = [0.5, -1.25, 2.0, 0.1, -0.7, 1.5, -2.2, 0.03, 0.9, -0.4, 1.1, -1.7, 0.2, 2.6, -0.01, -3.1, 0.6, 0.0]
COUNTS = [*range(1, 125), *range(131, 1000, 37), 333, 500, 998, 999, 1000]
# what the repository of ms-1.7b says, and what a checkpoint with zero terminal SNR says
MS = {
    "_class_name": "DDIMScheduler", "beta_end": 0.012, "beta_schedule": "scaled_linear", "beta_start": 0.00085, "clip_sample": False,
    "clip_sample_range": 1.0, "num_train_timesteps": 1000, "prediction_type": "epsilon", "set_alpha_to_one": False,
    "skip_prk_steps": True, "steps_offset": 1, "thresholding": False, "trained_betas": None,
}
ZERO_SNR = MS | {
    "prediction_type": "v_prediction", "rescale_betas_zero_snr": True, "timestep_spacing": "trailing", "set_alpha_to_one": True,
}
COSINE = {"beta_schedule": "squaredcos_cap_v2"}
TRAINED = {"trained_betas": [round(0.001 + 0.0002 * i, 6) for i in range(100)], "num_train_timesteps": 100}


def configs():
    """Name of the class, config, step counts."""
    few = [3, 10, 20]
    for name in ("DDIMScheduler", "DPMSolverMultistepScheduler"):
        yield name, MS, STEPS
        yield name, ZERO_SNR, STEPS
        yield name, {}, few  # the class's own defaults
        yield name, TRAINED, few
        for prediction in ("epsilon", "v_prediction", "sample"):
            for spacing in ("linspace", "leading", "trailing"):
                yield name, MS | {"prediction_type": prediction, "timestep_spacing": spacing}, few
    yield "DDIMScheduler", MS | COSINE | {"clip_sample": True, "clip_sample_range": 0.8}, few
    yield "DDIMScheduler", MS | {"set_alpha_to_one": True, "steps_offset": 0}, few
    yield "DDIMScheduler", MS | {"beta_schedule": "linear", "timestep_spacing": "linspace"}, [*STEPS, 7, 999]
    dpm = "DPMSolverMultistepScheduler"
    for algorithm in ("dpmsolver++", "dpmsolver", "sde-dpmsolver++", "sde-dpmsolver"):
        for order in (1, 2, 3):
            if algorithm == "sde-dpmsolver" and order == 3:
                continue  # diffusers has no formula for it
            for solver in ("midpoint", "heun"):
                for final in ("zero", "sigma_min"):
                    if final == "zero" and not algorithm.endswith("++"):
                        continue  # diffusers refuses it
                    options = {"algorithm_type": algorithm, "solver_order": order, "solver_type": solver, "final_sigmas_type": final}
                    yield dpm, MS | options, [1, 3, 10, 20]
        final = "zero" if algorithm.endswith("++") else "sigma_min"
        for prediction in ("v_prediction", "sample"):
            yield dpm, MS | {"algorithm_type": algorithm, "final_sigmas_type": final, "prediction_type": prediction}, few
    for spacing in ("linspace", "leading", "trailing"):
        yield dpm, MS | COSINE | {"lambda_min_clipped": -5.1, "timestep_spacing": spacing}, few
    for schedule in ("scaled_linear", "squaredcos_cap_v2"):
        yield dpm, MS | {"use_karras_sigmas": True, "beta_schedule": schedule}, [1, 2, 10, 25]
    yield dpm, MS | {"use_karras_sigmas": True, "final_sigmas_type": "sigma_min"}, [1, 2, 10]
    for end in ({"euler_at_final": True}, {"lower_order_final": False}):
        yield dpm, MS | end | {"final_sigmas_type": "sigma_min", "solver_order": 3}, [3, 10, 20]
    yield dpm, MS | {"variance_type": "fixed_small", "timestep_spacing": "leading", "steps_offset": 0}, [*STEPS, 7]
    for sigmas in ("use_lu_lambdas", "use_exponential_sigmas"):
        yield dpm, MS | {sigmas: True}, [1, 2, 10, 25]
        yield dpm, MS | COSINE | {sigmas: True, "final_sigmas_type": "sigma_min"}, [2, 10]
    yield dpm, MS | {"use_karras_sigmas": True, "use_lu_lambdas": True}, [10]
    yield dpm, ZERO_SNR | {"prediction_type": "epsilon"}, few
    yield dpm, ZERO_SNR | {"use_karras_sigmas": True, "solver_order": 3}, few
    yield dpm, ZERO_SNR | {"algorithm_type": "sde-dpmsolver++"}, few
    yield dpm, MS | {"algorithm_type": "deis", "solver_type": "logrho", "final_sigmas_type": "sigma_min"}, few
    # many small steps, where rounding adds up; with a thousand the fake model makes 1e-5 of it here
    yield "DDIMScheduler", ZERO_SNR, [250]
    yield "DDIMScheduler", MS, [999]
    yield dpm, MS, [250, 999]
    yield dpm, MS | {"solver_order": 3}, [999]
    yield dpm, ZERO_SNR, [1000]
    yield dpm, MS | {"use_karras_sigmas": True}, [300]
    yield dpm, MS | {"algorithm_type": "sde-dpmsolver++", "solver_type": "heun"}, [300]
    yield dpm, MS | {"use_karras_sigmas": True, "sigma_min": 0.03, "sigma_max": 12.5}, [10]
    for config in (MS, MS | COSINE | {"clip_sample": True}, TRAINED):
        for eta in (0.4, 1.0):
            yield "DDIMScheduler", config, few, eta
    yield "DDIMScheduler", ZERO_SNR, few, 0.4  # with 1.0 diffusers takes the root of 0, rounded to less
    yield from euler_configs(few)
    yield from unipc_configs(few)
    yield from lcm_configs()


def euler_configs(few: list[int]):
    for name in ("EulerDiscreteScheduler", "EulerAncestralDiscreteScheduler"):
        yield name, {}, few
        yield name, TRAINED, few
        for base in (MS, ZERO_SNR, MS | COSINE):
            for spacing in ("linspace", "leading", "trailing"):
                yield name, base | {"timestep_spacing": spacing}, [1, 25]
    euler = "EulerDiscreteScheduler"
    yield euler, MS | {"prediction_type": "sample"}, few
    yield euler, MS | {"final_sigmas_type": "sigma_min", "timestep_spacing": "leading"}, few
    for sigmas in ("use_karras_sigmas", "use_exponential_sigmas"):
        for base in (MS, MS | COSINE, ZERO_SNR, MS | {"timestep_spacing": "leading"}):
            yield euler, base | {sigmas: True}, [1, 10]
        yield euler, MS | {sigmas: True, "sigma_min": 0.03, "sigma_max": 12.5}, [10]


def unipc_configs(few: list[int]):
    name = "UniPCMultistepScheduler"
    yield name, {}, few
    yield name, MS, STEPS
    yield name, TRAINED, few
    yield name, ZERO_SNR, [1, 10, 25]
    yield name, MS | COSINE, few
    for prediction in ("epsilon", "v_prediction", "sample"):
        for spacing in ("linspace", "leading", "trailing"):
            yield name, MS | {"prediction_type": prediction, "timestep_spacing": spacing}, [5]
        yield name, MS | {"prediction_type": prediction, "predict_x0": False, "final_sigmas_type": "sigma_min"}, few
    for order in (1, 2, 3):
        for solver in ("bh1", "bh2"):
            for video in (True, False):
                options = {"solver_order": order, "solver_type": solver, "predict_x0": video, "final_sigmas_type": "sigma_min"}
                yield name, MS | options, [3, 20]
        yield name, MS | {"solver_order": order}, [1, 3, 10, 20]
    yield name, MS | {"solver_order": 3, "lower_order_final": False, "final_sigmas_type": "sigma_min"}, [10]
    yield name, MS | {"solver_type": "midpoint", "disable_corrector": [0, 1]}, [10]
    for sigmas in ("use_karras_sigmas", "use_exponential_sigmas"):
        yield name, MS | {sigmas: True}, [1, 25]
        yield name, MS | {sigmas: True, "final_sigmas_type": "sigma_min"}, [1, 2, 10]
        yield name, MS | {sigmas: True, "final_sigmas_type": "sigma_min", "lower_order_final": False}, [10]
        yield name, MS | {sigmas: True, "sigma_min": 0.03, "sigma_max": 12.5, "solver_order": 3}, [10]


def lcm_configs():
    name = "LCMScheduler"
    few = [1, 2, 4, 7, 50]
    yield name, {}, few
    yield name, MS, few
    yield name, ZERO_SNR, few
    yield name, MS | {"prediction_type": "sample"}, [4]
    yield name, MS | COSINE | {"clip_sample": True, "clip_sample_range": 0.8}, [4]
    yield name, MS | {"original_inference_steps": 100, "timestep_scaling": 0.01}, [4, 75]
    yield name, TRAINED, [4]


def fake_model(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    return 0.6 * x + 0.2 * torch.sin(3 * x) + 0.0001 * t.to(torch.float32)


def make(name: str, config: dict, steps: int):
    scheduler = CLASSES[name].from_config(config)
    scheduler.set_timesteps(steps)
    return scheduler


def original_of(scheduler, result, sample: torch.Tensor, step: int) -> torch.Tensor:
    """The multistep solvers do not return it, but keep it, or the noise that it follows from."""
    if hasattr(result, "pred_original_sample"):
        return result.pred_original_sample
    if hasattr(result, "denoised"):
        return result.denoised
    newest = scheduler.model_outputs[-1]
    if scheduler.config.get("predict_x0", True) and scheduler.config.get("algorithm_type", "++").endswith("++"):
        return newest
    alpha, sigma = scheduler._sigma_to_alpha_sigma_t(scheduler.sigmas[step])
    return (sample - sigma * newest) / alpha


def numbers(values: torch.Tensor) -> list[float]:
    return [float(f"{value:.8g}") for value in values.flatten().tolist()]


def trajectory(name: str, config: dict, steps: int, eta: float) -> dict:
    scheduler = make(name, config, steps)
    if name in ("DPMSolverMultistepScheduler", "UniPCMultistepScheduler"):
        scheduler.set_begin_index(0)  # else it would start at the second step where the first two timesteps are equal, and run off the end
    generator = torch.Generator("cpu").manual_seed(7)
    accepted = inspect.signature(scheduler.step).parameters
    options = {key: value for key, value in {"generator": generator, "eta": eta}.items() if key in accepted}
    x = torch.tensor([START], dtype=torch.float32) * scheduler.init_noise_sigma
    samples, originals = [], []
    for i, t in enumerate(scheduler.timesteps):
        result = scheduler.step(fake_model(scheduler.scale_model_input(x, t), t), t, x, **options)
        originals.append(original_of(scheduler, result, x, i))
        x = result.prev_sample
        samples.append(x)
    assert torch.isfinite(x).all(), (name, config, steps)
    middle = len(samples) // 2
    after = {str(i): numbers(samples[i]) for i in sorted({0, middle, len(samples) - 1})}
    timesteps = scheduler.timesteps.tolist()
    return {"steps": steps, "timesteps": timesteps, "after": after, "original": {str(middle): numbers(originals[middle])}}


def noisy(name: str, config: dict, steps: int) -> dict:
    scheduler = make(name, config, steps)
    original = torch.tensor([START], dtype=torch.float32)
    middle = scheduler.timesteps[steps // 2]
    return {"noisy": numbers(scheduler.add_noise(original, original.flip(1), middle[None]))}


def checksum(name: str, config: dict, steps: int) -> int | None:
    scheduler = make(name, config, steps)
    timesteps = scheduler.timesteps.tolist()
    if timesteps[-1] == -1:
        timesteps.pop()  # numpy.arange of 1000, 1000 - 1000 / 61, … has a 62nd value, 1e-13
    assert len(timesteps) == steps
    # two steps at the same level end in NaN
    sigmas = getattr(scheduler, "sigmas", torch.tensor([]))[:steps]
    if max(timesteps) > 999 or min(timesteps) < 0 or (sigmas[1:] >= sigmas[:-1]).any():
        return None
    return sum((i + 1) * t for i, t in enumerate(timesteps))


def write(name: str, head: str, cases: list[dict]) -> None:
    folder = Path(__file__).parents[2] / "reference" / "schedulers"
    folder.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
    (folder / name).write_text(f'{{{head},"cases":[\n{lines}\n]}}\n')
    print(name, len(cases), "cases")


def main() -> None:
    torch.set_num_threads(1)
    cases = []
    for name, config, steps, *eta in configs():
        counts = [n for n in steps if n <= config.get("num_train_timesteps", 1000)]
        runs = [trajectory(name, config, n, *(eta or [0.0])) for n in counts]
        if name not in {case["scheduler"] for case in cases}:
            runs[0] |= noisy(name, config, counts[0])
        head = {"scheduler": name, "config": config} | ({"eta": eta[0]} if eta else {})
        cases.append(head | {"runs": runs})
    write("trajectories.json", f'"start":{START}', cases)

    sums = []
    for name in CLASSES:
        spacings = ("linspace", "leading", "trailing") if name != "LCMScheduler" else ("leading",)  # which it does not read
        for spacing in spacings:
            config = MS | {"timestep_spacing": spacing} | ({"original_inference_steps": 1000} if name == "LCMScheduler" else {})
            sums.append({"scheduler": name, "config": config, "checksums": [checksum(name, config, n) for n in COUNTS]})
    write("timesteps.json", f'"steps":{COUNTS}', sums)


if __name__ == "__main__":
    main()
