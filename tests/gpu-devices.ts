/** Every GPU device that is requested from now on, oldest first, so that a test can do to one what fate does. */
export function collectDevices(): GPUDevice[] {
  const devices: GPUDevice[] = [];
  if (typeof GPUAdapter === 'undefined') return devices;
  const { requestDevice } = GPUAdapter.prototype;
  GPUAdapter.prototype.requestDevice = async function (descriptor) {
    const device = await requestDevice.call(this, descriptor);
    devices.push(device);
    return device;
  };
  return devices;
}

/** GPUBufferUsage.STORAGE, which TypeScript does not know. */
const STORAGE = 128;

/** Bytes of every storage buffer that any GPU device makes from now on. */
export function collectBufferSizes(): number[] {
  const sizes: number[] = [];
  if (typeof GPUDevice === 'undefined') return sizes;
  const { createBuffer } = GPUDevice.prototype;
  GPUDevice.prototype.createBuffer = function (descriptor) {
    if (descriptor.usage & STORAGE) sizes.push(descriptor.size);
    return createBuffer.call(this, descriptor);
  };
  return sizes;
}
