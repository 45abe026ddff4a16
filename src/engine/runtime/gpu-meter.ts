/** Counts the networks' use of a GPU by wrapping the device's own methods; onnxruntime sees a plain GPUDevice. */
import type { MemoryUse } from '../types';

export class GpuMeter {
  #bytes = 0;
  #peak = 0;
  #dispatches = 0;

  /** Use since the last call of `reset`. */
  get use(): MemoryUse {
    return { gpuBytesAtPeak: this.#peak, dispatches: this.#dispatches };
  }

  /** Starts counting anew; buffers that exist now stay counted. */
  reset(): void {
    this.#peak = this.#bytes;
    this.#dispatches = 0;
  }

  /**
   * Starts counting the use of `device`.
   * @returns a function that destroys the device with all its buffers
   */
  attach(device: GPUDevice): () => void {
    const alive = new Set<GPUBuffer>();
    const createBuffer = device.createBuffer.bind(device);
    device.createBuffer = (descriptor) => {
      const buffer = createBuffer(descriptor);
      alive.add(buffer);
      this.#bytes += buffer.size;
      this.#peak = Math.max(this.#peak, this.#bytes);
      const destroy = buffer.destroy.bind(buffer);
      buffer.destroy = () => {
        if (alive.delete(buffer)) this.#bytes -= buffer.size;
        destroy();
      };
      return buffer;
    };
    const createCommandEncoder = device.createCommandEncoder.bind(device);
    device.createCommandEncoder = (descriptor) => {
      const encoder = createCommandEncoder(descriptor);
      const beginComputePass = encoder.beginComputePass.bind(encoder);
      encoder.beginComputePass = (passDescriptor) => {
        const pass = beginComputePass(passDescriptor);
        const dispatch = pass.dispatchWorkgroups.bind(pass);
        pass.dispatchWorkgroups = (x, y, z) => {
          this.#dispatches++;
          dispatch(x, y, z);
        };
        return pass;
      };
      return encoder;
    };
    return () => {
      for (const buffer of alive) this.#bytes -= buffer.size;
      alive.clear();
      device.destroy();
    };
  }
}
