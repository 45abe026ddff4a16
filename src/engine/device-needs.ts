/**
 * What a checkpoint needs of a device for a video of a given size, what the device lacks, and what would work instead. Everything
 * is computed from the configs, without any weights. The texts are the page's.
 */

import type { DeviceFacts } from '../platform/device-facts';
import { at } from './at';
import type { Target } from './graph/builder';
import { networkFlops } from './graph/flops';
import { type NetworkMemory, networkMemory } from './graph/memory';
import type { NetworkWork } from './parameters/work';
import { type PipelineNetworks, plansOf, type Role, type VideoSize } from './pipelines/definition';
import type { Device, Dtype, MemoryPolicy } from './types';

/** What one network takes. */
export interface NetworkNeeds extends NetworkMemory, NetworkWork {
  component: string;
  /** Name for people. */
  label: string;
  /** Whether it stays loaded alongside the others, see NetworkPlan. */
  companion: boolean;
}

/** What a video of a given size needs of a device. */
export interface DeviceNeeds {
  /** In order of use. */
  networks: readonly NetworkNeeds[];
  /** Peak bytes on the device, by memory policy. */
  bytes: Readonly<Record<MemoryPolicy, number>>;
  /** The largest single buffer of any network. */
  largest: { label: string; bytes: number };
}

/**
 * What a device can lack:
 *
 * - `webgpu`: no adapter; the CPU takes much longer
 * - `hardware`: the adapter is software; the CPU provider is faster
 * - `float16`: no shader-f16; float32 takes twice the memory
 * - `jspi`: a network's weights pass through JavaScript's memory (`needed` bytes) instead of a few MB of it
 * - `buffer-size`, `binding-size`: the largest buffer (`needed`) exceeds maxBufferSize or maxStorageBufferBindingSize
 *   (`available`)
 * - `memory`: it may not fit in the machine's memory (`available`), even with one network at a time (`needed`)
 * - `wasm-heap`: it cannot fit in the 4 GiB that wasm can address
 */
export type Lack = 'webgpu' | 'hardware' | 'float16' | 'jspi' | 'buffer-size' | 'binding-size' | 'memory' | 'wasm-heap';

/** One thing that a device lacks for a video, with the bytes needed and available. */
export interface Shortfall {
  lack: Lack;
  /** Whether no video of this size can be made; otherwise it only takes longer or may fail. */
  stops: boolean;
  /** Bytes, if the lack is one of bytes. */
  needed?: number;
  available?: number;
}

/** A change that has been assessed too, and would work. */
export interface Alternative extends VideoSize {
  change: 'low-memory' | 'fewer-frames' | 'smaller-size' | 'cpu';
}

/** Where a video would be made, what it needs there, and what is lacking. */
export interface DeviceReport {
  target: Target;
  needs: DeviceNeeds;
  shortfalls: readonly Shortfall[];
  /** What would work, or work better, best first. */
  alternatives: readonly Alternative[];
}

const WASM_HEAP = 4 * 2 ** 30;
/** The wasm provider keeps weights twice: as loaded, and packed for its kernels. */
const WASM_COPIES = 2;
/** Share of the machine's memory that the networks may use. */
const MEMORY_SHARE = 0.75;
/** Sizes and frame counts to try instead, as fractions of those requested. */
const smallerShares = [0.75, 0.5, 0.25];

/** Where a video would be made, like chooseBackend; but a request that the device cannot meet is a shortfall, not an error. */
export function targetFor(
  { adapter }: DeviceFacts,
  device: Device | 'auto' = 'auto',
  dtype: Dtype | 'auto' = 'auto',
): Target {
  const hasGpu = adapter !== undefined && !adapter.software;
  if (device === 'wasm' || (device === 'auto' && !hasGpu)) return { device: 'wasm', dtype: 'float32' };
  if (dtype !== 'auto') return { device: 'webgpu', dtype };
  return { device: 'webgpu', dtype: adapter?.float16 ? 'float16' : 'float32' };
}

const runsPer = { encode: 'prompt', denoise: 'step', decode: 'frame' } as const satisfies Record<Role, string>;

export function deviceNeeds(pipeline: PipelineNetworks, size: VideoSize, target: Target): DeviceNeeds {
  const networks = plansOf(pipeline, size, target).map(({ plan, atOnce }) => {
    const { network, role, companion = false } = plan;
    const { component, label } = network;
    const graph = plan.graph();
    const work = { flops: networkFlops(graph) / atOnce, per: runsPer[role] };
    return { component, label, companion, ...work, ...networkMemory(graph) };
  });
  const each = ({ weights, activations, scratch }: NetworkNeeds) => weights + activations + scratch;
  const { label, largest } = at(
    networks.toSorted((a, b) => b.largest - a.largest),
    0,
  );
  return {
    networks,
    bytes: { 'keep-ready': sum(networks.map(each)), 'low-memory': oneAtATime(networks, each) },
    largest: { label, bytes: largest },
  };
}

/** Bytes of the largest network and those that stay loaded alongside it. */
function oneAtATime(networks: readonly NetworkNeeds[], bytesOf: (network: NetworkNeeds) => number): number {
  const bytes = (companion: boolean) => networks.filter((network) => network.companion === companion).map(bytesOf);
  return Math.max(...bytes(false)) + sum(bytes(true));
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** What prevents a video of this size from being made on `target`, or makes it slower or riskier. */
export function shortfalls(needs: DeviceNeeds, facts: DeviceFacts, target: Target): Shortfall[] {
  const { adapter, jspi, memoryBytes } = facts;
  const found: Shortfall[] = [];
  if (!adapter) found.push({ lack: 'webgpu', stops: target.device === 'webgpu' });
  else if (adapter.software) found.push({ lack: 'hardware', stops: false });
  if (target.device === 'wasm') {
    const needed = oneAtATime(
      needs.networks,
      // only the weights of the others are in memory meanwhile: a run frees its memory afterwards
      ({ weights, activations, scratch }) => weights * WASM_COPIES + activations + scratch,
    );
    if (needed > WASM_HEAP) found.push({ lack: 'wasm-heap', stops: true, needed, available: WASM_HEAP });
  } else if (adapter) {
    const { bytes } = needs.largest;
    const limits = {
      'buffer-size': adapter.maxBufferSize,
      'binding-size': adapter.maxStorageBufferBindingSize,
    } as const;
    if (!adapter.float16) found.push({ lack: 'float16', stops: target.dtype === 'float16' });
    if (bytes > limits['buffer-size']) {
      found.push({ lack: 'buffer-size', stops: true, needed: bytes, available: limits['buffer-size'] });
    } else if (bytes > limits['binding-size']) {
      found.push({ lack: 'binding-size', stops: true, needed: bytes, available: limits['binding-size'] });
    }
    const weights = Math.max(...needs.networks.map((network) => network.weights));
    if (!jspi) found.push({ lack: 'jspi', stops: false, needed: weights });
  }
  const needed = needs.bytes['low-memory'];
  if (memoryBytes !== undefined && needed > memoryBytes * MEMORY_SHARE) {
    // does not stop the video: a graphics card has its own memory, and browsers cap what they report
    found.push({ lack: 'memory', stops: false, needed, available: memoryBytes });
  }
  return found;
}

/** The whole answer for one checkpoint, one size and one device. Writes up to nine UNets: about a second. */
export function assessDevice(
  pipeline: PipelineNetworks,
  size: VideoSize,
  facts: DeviceFacts,
  target: Target = targetFor(facts),
): DeviceReport {
  const needs = deviceNeeds(pipeline, size, target);
  const found = shortfalls(needs, facts, target);
  const fits = (other: VideoSize, on: Target) =>
    shortfalls(deviceNeeds(pipeline, other, on), facts, on).every(({ stops, lack }) => !stops && lack !== 'memory');
  const alternatives: Alternative[] = [];
  const memory = facts.memoryBytes === undefined ? Number.POSITIVE_INFINITY : facts.memoryBytes * MEMORY_SHARE;
  if (needs.bytes['keep-ready'] > memory && needs.bytes['low-memory'] <= memory) {
    alternatives.push({ change: 'low-memory', ...size });
  }
  const { vaeScaleFactor: scale, smallestLatents: fewest } = pipeline;
  const smallest = { numFrames: 1, width: scale * fewest, height: scale * fewest };
  // if the weights alone are too much, no size needs to be tried
  if (found.some(({ stops, lack }) => stops || lack === 'memory') && fits(smallest, target)) {
    const fewer = smallerShares
      .map((share) => ({ ...size, numFrames: Math.floor(size.numFrames * share) }))
      .find((other) => other.numFrames >= 1 && fits(other, target));
    if (fewer) alternatives.push({ change: 'fewer-frames', ...fewer });
    const scaled = (pixels: number, share: number) => Math.max(fewest, Math.round((pixels * share) / scale)) * scale;
    const smaller = smallerShares
      .map((share) => ({ ...size, width: scaled(size.width, share), height: scaled(size.height, share) }))
      .find((other) => fits(other, target));
    if (smaller) alternatives.push({ change: 'smaller-size', ...smaller });
  }
  const cpu = { device: 'wasm', dtype: 'float32' } as const;
  const stopped = found.some(({ stops }) => stops);
  if (stopped && target.device !== 'wasm' && fits(size, cpu)) alternatives.push({ change: 'cpu', ...size });
  return { target, needs, shortfalls: found, alternatives };
}
