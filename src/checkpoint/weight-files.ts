import type { Component } from '../engine';
import { KinoraError } from '../shared/errors';
import type { ByteSource } from './byte-source';
import { readPyTorchFile } from './pytorch-file';
import { checkFileSize, type FileTensor, headerLength, lengthBytes, parseHeader } from './safetensors';

/** As the engine has them: only its types are imported here. */
export const components = ['text_encoder', 'unet', 'vae'] as const satisfies readonly Component[];

/** Where diffusers (and for the text encoder transformers) saves weights, without what the name ends with. */
const stems: Record<Component, { safetensors: string; pytorch: string }> = {
  text_encoder: { safetensors: 'text_encoder/model', pytorch: 'text_encoder/pytorch_model' },
  unet: { safetensors: 'unet/diffusion_pytorch_model', pytorch: 'unet/diffusion_pytorch_model' },
  vae: { safetensors: 'vae/diffusion_pytorch_model', pytorch: 'vae/diffusion_pytorch_model' },
};

/** The weight files that a component can have, best first: half precision is half the bytes, safetensors can do no harm. */
function weightPaths(component: Component): readonly string[] {
  const { safetensors, pytorch } = stems[component];
  return [`${safetensors}.fp16.safetensors`, `${safetensors}.safetensors`, `${pytorch}.fp16.bin`, `${pytorch}.bin`];
}

/** Lists of the parts of a weight file that was saved in several. */
function partListPaths(component: Component): readonly string[] {
  const { safetensors, pytorch } = stems[component];
  return [`${safetensors}.safetensors`, `${pytorch}.bin`].flatMap((path) => [
    `${path}.index.json`,
    `${path}.index.fp16.json`,
  ]);
}

/**
 * Which weight file of a component to take from what there is.
 * @param open gives whatever stands for the file, or undefined where there is none
 * @throws KinoraError `not-found` naming what was looked for; `invalid-checkpoint` where the weights lie in several files;
 *   what `open` throws
 */
export async function chooseWeightFile<Opened>(
  component: Component,
  open: (path: string) => Promise<Opened | undefined>,
): Promise<{ path: string; file: Opened }> {
  const paths = weightPaths(component);
  for (const path of paths) {
    const file = await open(path);
    if (file !== undefined) return { path, file };
  }
  for (const path of partListPaths(component)) {
    if ((await open(path)) === undefined) continue;
    throw new KinoraError(
      'invalid-checkpoint',
      `The weights of ${component} lie in several files, which ${path} lists; only weights in one file can be read ` +
        "here. Save the model again with save_pretrained(…, max_shard_size='100GB').",
    );
  }
  throw new KinoraError('not-found', `There is neither ${paths.join(' nor ')}.`);
}

/**
 * Which tensors a weight file holds and where their bytes lie. Reads only what describes them, and checks that it makes
 * sense and that the file is whole.
 * @param source its size may be unknown, for safetensors only
 * @returns tensors in the order of their bytes
 * @throws KinoraError `invalid-checkpoint`, `truncated`, `html-answer`, `range-unsupported`; what the source throws
 */
export async function readTensorTable(
  source: Pick<ByteSource, 'read'> & { readonly size: number | undefined },
  path: string,
): Promise<FileTensor[]> {
  const { size } = source;
  if (path.endsWith('.bin')) {
    if (size !== undefined) return readPyTorchFile({ size, read: (begin, end) => source.read(begin, end) }, path);
    throw new KinoraError(
      'range-unsupported',
      `The server does not let this page see how long ${path} is (Content-Range is not among its exposed headers), and ` +
        'a PyTorch file is read from its end.',
    );
  }
  const ends = (before: string) =>
    new KinoraError('truncated', `${path} ends at byte ${size}, before ${before}: the file is damaged.`);
  if (size !== undefined && size < lengthBytes) throw ends('its header');
  const begin = lengthBytes + headerLength(await source.read(0, lengthBytes), path);
  if (size !== undefined && size < begin) throw ends('the end of its header');
  const tensors = parseHeader(await source.read(lengthBytes, begin), path);
  if (size !== undefined) checkFileSize(tensors, size, path);
  return tensors;
}
