/** The only file that uses mp4-muxer. */
import { ArrayBufferTarget, Muxer } from 'mp4-muxer';
import type { Mp4Codec } from '../platform/codecs';
import { withComment } from './mp4-comment';

export interface Mp4FileOptions {
  codec: Mp4Codec;
  width: number;
  height: number;
  /** Frames per second, to three decimals. */
  fps: number;
}

/** An mp4 in memory, with its index before its data, so that it plays while it loads. */
export class Mp4File {
  readonly #muxer: Muxer<ArrayBufferTarget>;

  constructor({ codec, width, height, fps }: Mp4FileOptions) {
    this.#muxer = new Muxer({
      target: new ArrayBufferTarget(),
      // mp4-muxer's frameRate is the track's timescale: a whole number of ticks per frame makes every duration exact
      video: { codec, width, height, frameRate: Number.isInteger(fps) ? fps : Math.round(fps * 1000) },
      fastStart: 'in-memory',
    });
  }

  /** Chunks must come in decoding order; the first has timestamp 0 and carries the decoder configuration. */
  add(chunk: EncodedVideoChunk, metadata: EncodedVideoChunkMetadata | undefined): void {
    this.#muxer.addVideoChunk(chunk, metadata);
  }

  finish(comment: string | undefined): Blob {
    this.#muxer.finalize();
    const { buffer } = this.#muxer.target;
    return new Blob([comment === undefined ? buffer : withComment(buffer, comment)], { type: 'video/mp4' });
  }
}
