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
