/**
 * RGB → Y'CbCr 4:2:0, done here because browsers differ in the matrix and range they use for RGBA frames.
 *
 * The matrix is BT.601's: players that ignore the tags of a video this small assume it, and Chromium's own conversion back
 * (libyuv, wherever it draws a video without the GPU) can only represent factors below 2: exact enough here, but BT.709's blue
 * needs 2.11 and comes back 12 of 255 too dark. Source: ITU-R BT.601-7, section 2.5.
 */

/** Colour space of the planes; primaries and transfer are sRGB's, like those of the frames. */
export const colorSpace = {
  primaries: 'bt709',
  transfer: 'iec61966-2-1',
  matrix: 'smpte170m',
  fullRange: false,
} as const;

const red = 0.299;
const green = 0.587;
const blue = 0.114;
/** Limited range: Y' from 16 to 235, Cb and Cr from 16 to 240 around 128. */
const lumaRange = 219 / 255;
const chromaRange = 224 / 255;

/**
 * Converts one frame; alpha is ignored. Chroma is the mean of each 2×2 block.
 * @param rgba [height, width, 4]; width and height are even
 * @returns the planes Y [height, width], Cb and Cr [height / 2, width / 2], one after the other
 */
export function rgbaToI420(rgba: Uint8ClampedArray, width: number, height: number): Uint8ClampedArray<ArrayBuffer> {
  const planes = new Uint8ClampedArray((width * height * 3) / 2);
  const cbPlane = width * height;
  const crPlane = cbPlane + cbPlane / 4;
  const at = (index: number) => rgba[index] ?? 0;
  for (let y = 0; y < height; y += 2) {
    for (let x = 0; x < width; x += 2) {
      let r = 0;
      let g = 0;
      let b = 0;
      for (const pixel of [y * width + x, y * width + x + 1, (y + 1) * width + x, (y + 1) * width + x + 1]) {
        const [pr, pg, pb] = [at(pixel * 4), at(pixel * 4 + 1), at(pixel * 4 + 2)];
        // Uint8ClampedArray rounds to nearest
        planes[pixel] = 16 + lumaRange * (red * pr + green * pg + blue * pb);
        r += pr / 4;
        g += pg / 4;
        b += pb / 4;
      }
      const luma = red * r + green * g + blue * b;
      const chroma = (y / 2) * (width / 2) + x / 2;
      planes[cbPlane + chroma] = 128 + (chromaRange * (b - luma)) / (2 * (1 - blue));
      planes[crPlane + chroma] = 128 + (chromaRange * (r - luma)) / (2 * (1 - red));
    }
  }
  return planes;
}
