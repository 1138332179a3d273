export declare function toBytes(
  stream: ReadableStream<Uint8Array>,
): Promise<Uint8Array>;
