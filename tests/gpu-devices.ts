/** Every GPU device requested from now on, oldest first, so that tests can destroy one. */
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

/** GPUBufferUsage.STORAGE, which is not in TypeScript's types. */
const STORAGE = 128;

/** Sizes in bytes of all storage buffers that any GPU device creates from now on. */
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
