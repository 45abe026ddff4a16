"""Trajectories of diffusers' schedulers on a fake model → reference/schedulers/trajectories.json.

    python3 training/references/schedulers.py

The fake model, in float32: 0.6 x + 0.2 sin(3 x) + 0.0001 t. Noise of the stochastic solvers comes from one generator, seed 7, for the
whole trajectory. `after` holds the sample after the first, the middle and the last step.
"""

import json
import warnings
from pathlib import Path

import torch
from diffusers import DDIMScheduler, DPMSolverMultistepScheduler

warnings.simplefilter("ignore")
STEPS = [1, 2, 3, 10, 20, 25, 50]
START = [0.5, -1.25, 2.0, 0.1, -0.7, 1.5, -2.2, 0.03]
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
        yield dpm, MS | {"use_karras_sigmas": True, "beta_schedule": schedule}, [1, 10, 25]
    yield dpm, MS | {"use_karras_sigmas": True, "final_sigmas_type": "sigma_min"}, [1, 2, 10]
    for end in ({"euler_at_final": True}, {"lower_order_final": False}):
        yield dpm, MS | end | {"final_sigmas_type": "sigma_min", "solver_order": 3}, [3, 10, 20]
    yield dpm, MS | {"timestep_spacing": "leading", "steps_offset": 0}, [*STEPS, 7]


def fake_model(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    return 0.6 * x + 0.2 * torch.sin(3 * x) + 0.0001 * t.to(torch.float32)


def trajectory(name: str, config: dict, steps: int) -> dict:
    scheduler = {"DDIMScheduler": DDIMScheduler, "DPMSolverMultistepScheduler": DPMSolverMultistepScheduler}[name].from_config(config)
    scheduler.set_timesteps(steps)
    if name == "DPMSolverMultistepScheduler":
        scheduler.set_begin_index(0)  # else it would start at the second step where the first two timesteps are equal, and run off the end
    generator = torch.Generator("cpu").manual_seed(7)
    x = torch.tensor([START], dtype=torch.float32)
    samples = []
    for t in scheduler.timesteps:
        x = scheduler.step(fake_model(x, t), t, x, generator=generator).prev_sample
        samples.append([float(f"{value:.8g}") for value in x[0].tolist()])
    assert torch.isfinite(x).all(), (name, config, steps)
    after = sorted({0, len(samples) // 2, len(samples) - 1})
    return {"steps": steps, "timesteps": scheduler.timesteps.tolist(), "after": {str(i): samples[i] for i in after}}


def main() -> None:
    lines, count = [], 0
    for name, config, steps in configs():
        runs = []
        for n in steps:
            if n > config.get("num_train_timesteps", 1000):
                continue
            runs.append(trajectory(name, config, n))
        count += len(runs)
        lines.append(json.dumps({"scheduler": name, "config": config, "runs": runs}, separators=(",", ":")))
    folder = Path(__file__).parents[2] / "reference" / "schedulers"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "trajectories.json").write_text(f'{{"start":{START},"cases":[\n' + ",\n".join(lines) + "\n]}\n")
    print(count, "trajectories")


if __name__ == "__main__":
    main()
