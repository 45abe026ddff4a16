/**
 * Sinusoidal embedding of the guidance scale, [1, channels], sines first. Source: github.com/Ji4chenLi/t2v-turbo utils/utils.py,
 * guidance_scale_embedding; diffusers has the same in its latent consistency pipelines, for the scale less 1.
 */
export function guidanceEmbedding(guidanceScale: number, channels: number): Float32Array<ArrayBuffer> {
  const half = Math.floor(channels / 2);
  const step = Math.fround(Math.log(10000) / (half - 1));
  const result = new Float32Array(channels);
  for (let i = 0; i < half; i++) {
    const angle = Math.fround(Math.fround(guidanceScale * 1000) * Math.fround(Math.exp(Math.fround(i * -step))));
    result[i] = Math.sin(angle);
    result[half + i] = Math.cos(angle);
  }
  return result;
}
