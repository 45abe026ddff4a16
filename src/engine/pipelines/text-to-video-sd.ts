/** TextToVideoSDPipeline. Source: diffusers pipelines/text_to_video_synthesis/pipeline_text_to_video_synth.py. */
import { at } from '../at';
import type { Target } from '../graph/builder';
import { autoencoderDecoder, autoencoderDefinition, vaeScaleFactor } from '../networks/autoencoder-kl';
import { clipTextDefinition, clipTextModel } from '../networks/clip-text-model';
import { guidanceEmbedding } from '../networks/guidance-embedding';
import {
  smallestLatents,
  timestepEmbedding,
  type UNet3DShape,
  unet3DConditionModel,
  unet3DDefinition,
} from '../networks/unet-3d-condition-model';
import type { Dtype } from '../types';
import {
  type LatentSize,
  mustEqual,
  type NetworkPlan,
  type PipelineDefinition,
  type PipelineNetworks,
  placeOf,
} from './definition';

const networks = { text_encoder: clipTextDefinition, unet: unet3DDefinition, vae: autoencoderDefinition } as const;

export const textToVideoSD: PipelineDefinition = {
  className: 'TextToVideoSDPipeline',
  networks,
  tokenizer: 'CLIPTokenizer',

  fromConfigs(configs): PipelineNetworks {
    const textEncoder = networks.text_encoder.parseConfig(configs.text_encoder);
    const unet = networks.unet.parseConfig(configs.unet);
    const vae = networks.vae.parseConfig(configs.vae);
    mustEqual(
      ['unet cross_attention_dim', unet.cross_attention_dim],
      ['text_encoder hidden_size', textEncoder.hidden_size],
    );
    mustEqual(['unet in_channels', unet.in_channels], ['vae latent_channels', vae.latent_channels]);
    mustEqual(['unet out_channels', unet.out_channels], ['vae latent_channels', vae.latent_channels]);
    mustEqual(['vae out_channels', vae.out_channels], ['the number of colours', 3]);

    const tokens = textEncoder.max_position_embeddings;
    const scale = vaeScaleFactor(vae);
    const sample = unet.sample_size ?? 32;
    const [height, width] = typeof sample === 'number' ? [sample, sample] : sample;

    const { time_cond_proj_dim: guidanceChannels } = unet;
    const encode = (target: Target): NetworkPlan => ({
      role: 'encode',
      network: placeOf(networks, 'text_encoder'),
      key: '',
      graph: () => clipTextModel(textEncoder, tokens, target),
    });
    const denoise = (shape: UNet3DShape, target: Target): NetworkPlan => ({
      role: 'denoise',
      network: placeOf(networks, 'unet'),
      key: JSON.stringify(shape),
      graph: () => unet3DConditionModel(unet, shape, target),
    });
    const decode = (latents: LatentSize, { device }: Target, dtype: Dtype): NetworkPlan => ({
      role: 'decode',
      network: placeOf(networks, 'vae'),
      key: JSON.stringify([latents, dtype]),
      graph: () => autoencoderDecoder(vae, latents, { device, dtype }),
    });

    return {
      maxTokens: tokens,
      vocabularySize: textEncoder.vocab_size,
      sampleSize: { height, width },
      smallestLatents: smallestLatents(unet),
      latentChannels: vae.latent_channels,
      scalingFactor: vae.scaling_factor,
      vaeScaleFactor: scale,
      parameters: {
        text_encoder: () => networks.text_encoder.parameters(textEncoder),
        unet: () => networks.unet.parameters(unet),
        vae: () => networks.vae.parameters(vae),
      },
      timeEmbedding: (timestep) => timestepEmbedding(timestep, at(unet.block_out_channels, 0)),
      guidanceEmbedding: guidanceChannels ? (scale) => guidanceEmbedding(scale, guidanceChannels) : undefined,
      encode,
      denoise,
      decode,
    };
  },
};
