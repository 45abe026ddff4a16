/** WebGPU devices: which adapter is available, and which features are requested. */
import { KinoraError } from '../shared/errors';

/** What the browser reports about its GPU adapter. */
export interface AdapterFacts {
  /** Vendor, architecture and description, as far as the browser reports them. */
  name: string;
  /** Runs on the CPU: slower than the wasm provider. */
  software: boolean;
  float16: boolean;
  /** Bytes. */
  maxBufferSize: number;
  /** Bytes of one buffer that a shader can see at once. */
  maxStorageBufferBindingSize: number;
}

// Not 'subgroups': with it onnxruntime's flash attention takes a path that assumes subgroups of 8 or more lanes and is wrong
// where they are smaller (SwiftShader has 4); without it the same kernel works through shared memory, everywhere.
const wantedFeatures: readonly GPUFeatureName[] = ['shader-f16'];
const wantedLimits = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
  'maxComputeWorkgroupSizeZ',
  'maxComputeWorkgroupsPerDimension',
  'maxStorageBuffersPerShaderStage',
] as const;

async function requestAdapter(): Promise<GPUAdapter | null> {
  return (await navigator.gpu?.requestAdapter({ powerPreference: 'high-performance' })) ?? null;
}

/** Facts of the GPU adapter; undefined if the browser has no WebGPU or no adapter. */
export async function adapterFacts(): Promise<AdapterFacts | undefined> {
  const adapter = await requestAdapter();
  if (!adapter) return undefined;
  const { vendor, architecture, description, isFallbackAdapter } = adapter.info;
  const name = [vendor, architecture, description].filter((text) => text !== '').join(' ');
  const software = isFallbackAdapter || /swiftshader|llvmpipe|lavapipe|basic render/i.test(name);
  const { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits;
  const float16 = adapter.features.has('shader-f16');
  return { name, software, float16, maxBufferSize, maxStorageBufferBindingSize };
}

/**
 * Creates a new device with every feature and limit that the runtime can use.
 * @throws KinoraError `no-webgpu`
 */
export async function createDevice(): Promise<GPUDevice> {
  const adapter = await requestAdapter();
  if (!adapter) {
    throw new KinoraError(
      'no-webgpu',
      'This browser offers no WebGPU adapter. Choose the CPU (wasm) instead, or another browser.',
    );
  }
  const requiredLimits: Record<string, number> = {};
  for (const limit of wantedLimits) requiredLimits[limit] = adapter.limits[limit];
  const requiredFeatures = wantedFeatures.filter((feature) => adapter.features.has(feature));
  return adapter.requestDevice({ requiredFeatures, requiredLimits });
}
