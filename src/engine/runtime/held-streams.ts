/**
 * onnxruntime reads weights from a Blob's stream with a BYOB reader, and nothing else refers to that stream. When Chromium's garbage
 * collector runs in the middle of a read, it takes the stream for garbage, and the read never ends (seen in 156: loading a UNet
 * of 2.8 GB hung every other time). So the streams are held here, from where everything is alive, until the session stands.
 */
const held = new Set<ReadableStream>();

/** The same bytes as `blob`; the streams of its slices stay alive until `releaseStreams`. */
export function holdStreams(blob: Blob): Blob {
  const holder = blob.slice();
  holder.slice = (...range) => {
    const part = blob.slice(...range);
    const stream = part.stream.bind(part);
    part.stream = () => {
      const opened = stream();
      held.add(opened);
      return opened;
    };
    return part;
  };
  return holder;
}

export function releaseStreams(): void {
  held.clear();
}
