"""A whole generation of the shipped checkpoint by diffusers, step by step: reference/generation/.

    python generation.py
Writes parameters.json, and tensors.safetensors with the latents after every step [1, C, F, h, w], the frames, uint8 [F, H, W, 3],
and `short`, the latents of a run of two steps. schedulers.json has short runs of all schedulers, with the options that differ from the
checkpoint's config, and the config that diffusers saves as text; schedulers.safetensors their final latents and frames.
"""

import json
import pathlib

import diffusers
import numpy
import torch
from diffusers import TextToVideoSDPipeline
from diffusers.guiders import ClassifierFreeGuidance
from safetensors.torch import save_file

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHECKPOINT = ROOT / "public/models/moving-shapes"
OUT = ROOT / "reference/generation"
# for devices that take seconds a step
SHORT = 2
PARAMETERS = {
    "prompt": "a red circle moving right on a blue background",
    "negativePrompt": "",
    "seed": 0,
    "numInferenceSteps": 20,
    "guidanceScale": 4,
    "numFrames": 8,
    "height": 128,
    "width": 128,
    "scheduler": "DDIMScheduler",
}
# class, options of its config, parameters that are not RUN's
RUN = PARAMETERS | {"numInferenceSteps": 6, "numFrames": 2, "height": 64, "width": 64}
SCHEDULERS = [
    ("DDIMScheduler", {}, {}),
    ("DDIMScheduler", {}, {"eta": 0.5}),
    ("DPMSolverMultistepScheduler", {}, {}),
    ("DPMSolverMultistepScheduler", {"algorithm_type": "sde-dpmsolver++"}, {}),
    ("EulerDiscreteScheduler", {}, {}),
    ("EulerDiscreteScheduler", {"timestep_spacing": "linspace", "use_karras_sigmas": True}, {}),
    ("EulerAncestralDiscreteScheduler", {}, {}),
    ("UniPCMultistepScheduler", {}, {}),
    ("LCMScheduler", {}, {"guidanceScale": 1.5}),
    ("DDIMScheduler", {}, {"guidanceStart": 0.2, "guidanceStop": 0.7}),
]


def main() -> None:
    torch.set_num_threads(1)
    pipe = TextToVideoSDPipeline.from_pretrained(CHECKPOINT, variant="fp16", torch_dtype=torch.float32)
    pipe.set_progress_bar_config(disable=True)
    steps, frames = generate(pipe, PARAMETERS)
    short, _ = generate(pipe, PARAMETERS | {"numInferenceSteps": SHORT})
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "parameters.json").write_text(json.dumps(PARAMETERS, indent=2) + "\n")
    tensors = {f"latents.{i}": latents.contiguous() for i, latents in enumerate(steps)}
    tensors["short"] = short[-1].contiguous()
    tensors["frames"] = torch.from_numpy((frames * 255).round().astype("uint8"))
    save_file(tensors, OUT / "tensors.safetensors")
    own = pipe.scheduler.config
    runs, tensors = [], {}
    for i, (name, options, parameters) in enumerate(SCHEDULERS):
        pipe.scheduler = getattr(diffusers, name).from_config(own, **options)
        steps, frames = (generate_in_interval if "guidanceStart" in parameters else generate)(pipe, RUN | parameters)
        tensors[f"latents.{i}"] = steps[-1].contiguous()
        tensors[f"frames.{i}"] = torch.from_numpy((frames * 255).round().astype("uint8"))
        # as text: Python's infinities are no JSON
        parameters = RUN | parameters | {"scheduler": name}
        runs.append({"parameters": parameters, "options": options, "config": pipe.scheduler.to_json_string()})
    (OUT / "schedulers.json").write_text(json.dumps(runs, indent=1) + "\n")
    save_file(tensors, OUT / "schedulers.safetensors")


def generate(pipe: TextToVideoSDPipeline, parameters: dict) -> tuple[list[torch.Tensor], numpy.ndarray]:
    """Latents after each step, and the frames [F, H, W, 3] from 0 to 1."""
    steps: list[torch.Tensor] = []
    frames = pipe(
        parameters["prompt"],
        negative_prompt=parameters["negativePrompt"],
        num_inference_steps=parameters["numInferenceSteps"],
        guidance_scale=parameters["guidanceScale"],
        num_frames=parameters["numFrames"],
        height=parameters["height"],
        width=parameters["width"],
        eta=parameters.get("eta", 0.0),
        generator=torch.Generator("cpu").manual_seed(parameters["seed"]),
        callback=lambda step, timestep, latents: steps.append(latents.clone()),
        output_type="np",
    ).frames[0]
    return steps, frames


@torch.no_grad()
def generate_in_interval(pipe: TextToVideoSDPipeline, parameters: dict) -> tuple[list[torch.Tensor], numpy.ndarray]:
    """The same with guidance in some of the steps only, which the pipeline cannot do: its loop, with diffusers' guider."""
    scale, start, stop = (parameters[key] for key in ("guidanceScale", "guidanceStart", "guidanceStop"))
    guider = ClassifierFreeGuidance(guidance_scale=scale, start=start, stop=stop)
    prompt, negative = pipe.encode_prompt(parameters["prompt"], "cpu", 1, True, parameters["negativePrompt"])
    pipe.scheduler.set_timesteps(parameters["numInferenceSteps"])
    generator = torch.Generator("cpu").manual_seed(parameters["seed"])
    channels, size = pipe.unet.config.in_channels, [parameters[key] for key in ("numFrames", "height", "width")]
    latents = pipe.prepare_latents(1, channels, *size, torch.float32, "cpu", generator)
    steps = []
    for step, timestep in enumerate(pipe.scheduler.timesteps):
        guider.set_state(step, parameters["numInferenceSteps"], timestep)
        sample = pipe.scheduler.scale_model_input(latents, timestep)
        conditional = pipe.unet(sample, timestep, prompt).sample
        unconditional = pipe.unet(sample, timestep, negative).sample if guider.num_conditions == 2 else None
        output = guider.forward(conditional, unconditional).pred
        # the pipeline's scheduler sees frames as a batch
        frames = [x.permute(0, 2, 1, 3, 4).flatten(0, 1) for x in (output, latents)]
        stepped = pipe.scheduler.step(frames[0], timestep, frames[1], generator=generator).prev_sample
        latents = stepped.unflatten(0, (1, -1)).permute(0, 2, 1, 3, 4)
        steps.append(latents.clone())
    video = pipe.video_processor.postprocess_video(video=pipe.decode_latents(latents), output_type="np")
    return steps, video[0]


if __name__ == "__main__":
    main()
