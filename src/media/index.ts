/** Frames → a video file. */
export { type EncodedVideo, type EncodeOptions, encodeMp4 } from './encode-mp4';
