/** Where videos will be made, as far as it is known before a model is loaded. */
import { create } from 'zustand';
import { type AdapterFacts, adapterFacts } from '../protocol';

interface DeviceState {
  /** Undefined until the browser has answered; null where there is no WebGPU. */
  adapter: AdapterFacts | null | undefined;
}

export const useDevice = create<DeviceState>(() => ({ adapter: undefined }));

export async function askForAdapter(): Promise<void> {
  // a browser that fails to answer has no usable WebGPU either
  const adapter = (await adapterFacts().catch(() => undefined)) ?? null;
  useDevice.setState({ adapter });
}
