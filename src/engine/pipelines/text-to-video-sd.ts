/** TextToVideoSDPipeline. Source: diffusers pipelines/text_to_video_synthesis/pipeline_text_to_video_synth.py. */
import { KinoraError } from '../../shared/errors';
import type { Target } from '../graph/builder';
import { promptsAtOnce } from '../memory-policy';
import { autoencoderDecoder, autoencoderDefinition, vaeScaleFactor } from '../networks/autoencoder-kl';
import { clipTextDefinition, clipTextModel } from '../networks/clip-text-model';
import { type UNet3DShape, unet3DConditionModel, unet3DDefinition } from '../networks/unet-3d-condition-model';
import type { Dtype } from '../types';
import type { ConfigsOf, NetworkPlan } from './definition';

const networks = { text_encoder: clipTextDefinition, unet: unet3DDefinition, vae: autoencoderDefinition } as const;

export type TextToVideoConfigs = ConfigsOf<typeof networks>;

/** Pixels, and frames. */
interface VideoSize {
  numFrames: number;
  width: number;
  height: number;
}

export const textToVideoSD = {
  className: 'TextToVideoSDPipeline',
  networks,
  tokenizer: 'CLIPTokenizer',

  /**
   * Whether the networks fit together.
   * @throws KinoraError `invalid-checkpoint`
   */
  checkFit({ text_encoder: textEncoder, unet, vae }: TextToVideoConfigs): void {
    const mustEqual = (key: string, value: number, other: string, expected: number) => {
      if (value === expected) return;
      throw new KinoraError(
        'invalid-checkpoint',
        `${key} is ${value}, but ${other} is ${expected}: these networks do not fit together.`,
      );
    };
    mustEqual(
      'unet cross_attention_dim',
      unet.cross_attention_dim,
      'text_encoder hidden_size',
      textEncoder.hidden_size,
    );
    mustEqual('unet in_channels', unet.in_channels, 'vae latent_channels', vae.latent_channels);
    mustEqual('unet out_channels', unet.out_channels, 'vae latent_channels', vae.latent_channels);
    mustEqual('vae out_channels', vae.out_channels, 'the number of colours', 3);
  },

  /** [1, tokens] → [1, tokens, hidden_size] */
  encode({ text_encoder: config }: Pick<TextToVideoConfigs, 'text_encoder'>, target: Target): NetworkPlan {
    const graph = () => clipTextModel(config, config.max_position_embeddings, target);
    return { role: 'encode', component: 'text_encoder', key: '', graph };
  },

  /** Latents [frames, channels, height, width] → the noise in them, for each prompt. */
  denoise({ unet: config }: Pick<TextToVideoConfigs, 'unet'>, shape: UNet3DShape, target: Target): NetworkPlan {
    const graph = () => unet3DConditionModel(config, shape, target);
    return { role: 'denoise', component: 'unet', key: JSON.stringify(shape), graph };
  },

  /** Latents of one frame → its picture. `dtype` may be wider than the other networks'. */
  decode(
    { vae: config }: Pick<TextToVideoConfigs, 'vae'>,
    latents: { height: number; width: number },
    { device }: Target,
    dtype: Dtype,
  ): NetworkPlan {
    const graph = () => autoencoderDecoder(config, latents, { device, dtype });
    return { role: 'decode', component: 'vae', key: JSON.stringify([latents, dtype]), graph };
  },

  /** Every network that a video of this size takes, in the order of their use. */
  plans(configs: TextToVideoConfigs, { numFrames: frames, ...size }: VideoSize, target: Target): NetworkPlan[] {
    const scale = vaeScaleFactor(configs.vae);
    const latents = { height: size.height / scale, width: size.width / scale };
    const prompts = promptsAtOnce(target.device, { frames, ...latents });
    const tokens = configs.text_encoder.max_position_embeddings;
    return [
      this.encode(configs, target),
      this.denoise(configs, { prompts, frames, ...latents, tokens }, target),
      this.decode(configs, latents, target, target.dtype),
    ];
  },
};
