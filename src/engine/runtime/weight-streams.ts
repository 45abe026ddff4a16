/**
 * The Blobs that onnxruntime reads weights from: counts what it reads, and keeps the streams alive.
 *
 * onnxruntime reads from a Blob's stream with a BYOB reader, and nothing else refers to that stream. When Chromium's garbage
 * collector runs in the middle of a read, it collects the stream, and the read never ends (seen in 156: loading a UNet of 2.8 GB
 * hung every other time). So a reference to each stream is held here until the session is created.
 */
const held = new Set<ReadableStream>();

/** A Blob with the same bytes as `blob`, for one session; `onBytes` is called for every piece that is read. */
export function weightBlob(blob: Blob, onBytes: (bytes: number) => void): Blob {
  const holder = blob.slice();
  // the JSPI build reads slice by slice
  holder.slice = (...range) => {
    const part = blob.slice(...range);
    const stream = part.stream.bind(part);
    part.stream = () => {
      const opened = stream();
      held.add(opened);
      return countReads(opened, onBytes);
    };
    return part;
  };
  // the other builds read it as a whole
  holder.arrayBuffer = async () => {
    const bytes = await blob.arrayBuffer();
    onBytes(bytes.byteLength);
    return bytes;
  };
  return holder;
}

/** To be called once the session is created, or has failed. */
export function releaseStreams(): void {
  held.clear();
}

function countReads(stream: ReadableStream<Uint8Array<ArrayBuffer>>, onBytes: (bytes: number) => void): typeof stream {
  const open = stream.getReader.bind(stream);
  const getReader = (options: { mode: 'byob' }) => {
    const reader = open(options);
    const read = reader.read.bind(reader);
    return Object.assign(reader, {
      read: async (view: ArrayBufferView<ArrayBuffer>) => {
        const result = await read(view);
        onBytes(result.value?.byteLength ?? 0);
        return result;
      },
    });
  };
  return Object.assign(stream, { getReader });
}
