/** Remembers what goes wrong on a GPU device: onnxruntime's own messages say that something failed, the device says why. */
export class DeviceWatch {
  readonly #lost: Promise<GPUDeviceLostInfo>;
  #loss: GPUDeviceLostInfo | undefined;
  #outOfMemory: string | undefined;
  #refused: string | undefined;
  #invalid: string | undefined;

  constructor(device: GPUDevice) {
    this.#lost = device.lost.then((info) => {
      this.#loss = info;
      return info;
    });
    device.addEventListener('uncapturederror', ({ error }) => {
      // what follows a first error is its consequence
      if (error instanceof GPUOutOfMemoryError) this.#outOfMemory ??= error.message || 'no more buffers';
      else this.#invalid ??= error.message;
    });
    const createBuffer = device.createBuffer.bind(device);
    device.createBuffer = (descriptor) => {
      try {
        return createBuffer(descriptor);
      } catch (error) {
        this.#refused ??= `a buffer of ${descriptor.size} bytes was refused (${String(error)})`;
        throw error;
      }
    };
  }

  /** The browser has said that the device is lost. */
  get lost(): boolean {
    return this.#loss !== undefined;
  }

  /** Something was refused, perhaps without anything being thrown: WebGPU then answers with a result that means nothing. */
  get failed(): boolean {
    return (this.#outOfMemory ?? this.#refused ?? this.#invalid) !== undefined;
  }

  /** The device could not hold a buffer. */
  get outOfMemory(): string | undefined {
    return this.#outOfMemory;
  }

  /**
   * A buffer that is mapped at its creation was refused with a RangeError. No memory to map it into, says the standard; but
   * Chromium 156 says the same, for a few bytes too, of a device whose GPU process has just died. So it tells only where `loss` does not.
   */
  get refused(): string | undefined {
    return this.#refused;
  }

  /** The device refused a call, so that no result of it can be trusted. */
  get invalid(): string | undefined {
    return this.#invalid;
  }

  /** How the device was lost; a call may fail shortly before the browser says so. */
  async loss(): Promise<GPUDeviceLostInfo | undefined> {
    if (this.#loss) return this.#loss;
    const notLost = new Promise<undefined>((resolve) => setTimeout(resolve, LOSS_MILLISECONDS));
    return Promise.race([this.#lost, notLost]);
  }
}

/** A destroyed device was reported 2 ms after the call that failed of it. */
const LOSS_MILLISECONDS = 500;
