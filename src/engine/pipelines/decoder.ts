/** A network from its own folder that replaces a pipeline's decoder. */
import { z } from 'zod';
import { KinoraError } from '../../shared/errors';
import { parsePythonJson } from '../../shared/python-json';
import { shortened } from '../../shared/quote';
import { autoencoderTinyDecoder, autoencoderTinyDefinition, tinyScaleFactor } from '../networks/autoencoder-tiny';
import { anyTarget } from '../networks/definition';
import { mustEqual, type NetworkDefinitions, type PipelineNetworks, placeOf } from './definition';

const definition = autoencoderTinyDefinition;
const classSchema = z.looseObject({ _class_name: z.string() });

/**
 * The network of a folder with config.json at its top level, by its name as a component.
 * @param config text of config.json
 * @throws KinoraError `invalid-checkpoint` saying what it is instead
 */
export function decoderNetworks(config: string): NetworkDefinitions {
  const name = classSchema.safeParse(parsePythonJson(config, 'config.json')).data?._class_name;
  if (name === definition.className) return { decoder: definition };
  throw new KinoraError(
    'invalid-checkpoint',
    `config.json ${name === undefined ? 'names no class' : `is of the class ${shortened(name)}`} (_class_name), where only ` +
      `${definition.className} can be used as a decoder.`,
  );
}

/**
 * The same pipeline with another decoder; the original decoder's weights are then not read.
 * @param config text of the decoder's config.json
 * @throws KinoraError `invalid-checkpoint` if it decodes other latents, `unsupported-config`
 */
export function withDecoder(
  { networks, pipeline }: { networks: NetworkDefinitions; pipeline: PipelineNetworks },
  config: string,
): { networks: NetworkDefinitions; pipeline: PipelineNetworks } {
  const tiny = definition.parseConfig(parsePythonJson(config, 'config.json'));
  mustEqual(['decoder latent_channels', tiny.latent_channels], ['that of the model', pipeline.latentChannels]);
  mustEqual(
    ['decoder scale, pixels per latent,', tinyScaleFactor(tiny)],
    ['that of the model', pipeline.vaeScaleFactor],
  );
  mustEqual(['decoder out_channels', tiny.out_channels], ['the number of colours', 3]);
  const { component: former } = pipeline.decode({ height: 1, width: 1 }, anyTarget, 'float32').network;
  const all = { ...without(networks, former), decoder: definition };
  const network = placeOf(all, 'decoder');
  return {
    networks: all,
    pipeline: {
      ...pipeline,
      scalingFactor: tiny.scaling_factor,
      parameters: { ...without(pipeline.parameters, former), decoder: () => definition.parameters(tiny) },
      decode: (latents, { device }, dtype) => ({
        role: 'decode',
        network,
        key: JSON.stringify([latents, dtype]),
        graph: () => autoencoderTinyDecoder(tiny, latents, { device, dtype }),
        companion: true,
      }),
    },
  };
}

function without<T>(values: Readonly<Record<string, T>>, key: string): Record<string, T> {
  return Object.fromEntries(Object.entries(values).filter(([name]) => name !== key));
}
