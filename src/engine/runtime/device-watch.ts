/** Records what goes wrong on a GPU device: onnxruntime's messages say that something failed, the device says why. */
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
      // later errors are consequences of the first
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

  /** Whether the browser has reported the device as lost. */
  get lost(): boolean {
    return this.#loss !== undefined;
  }

  /** Whether a call was refused, perhaps without an exception: WebGPU then returns a meaningless result. */
  get failed(): boolean {
    return (this.#outOfMemory ?? this.#refused ?? this.#invalid) !== undefined;
  }

  /** Message, if the device could not hold a buffer. */
  get outOfMemory(): string | undefined {
    return this.#outOfMemory;
  }

  /**
   * Message, if a buffer mapped at creation was refused with a RangeError. By the standard that means no memory to map it into;
   * but Chromium 156 does the same, even for a few bytes, on a device whose GPU process has just died. So it is conclusive only
   * if `loss` is not.
   */
  get refused(): string | undefined {
    return this.#refused;
  }

  /** Message, if the device refused a call, so that none of its results can be trusted. */
  get invalid(): string | undefined {
    return this.#invalid;
  }

  /** How the device was lost, if it was; a call may fail shortly before the browser reports that. */
  async loss(): Promise<GPUDeviceLostInfo | undefined> {
    if (this.#loss) return this.#loss;
    const notLost = new Promise<undefined>((resolve) => setTimeout(resolve, LOSS_MILLISECONDS));
    return Promise.race([this.#lost, notLost]);
  }
}

/** A destroyed device was reported 2 ms after the call that failed because of it. */
const LOSS_MILLISECONDS = 500;
