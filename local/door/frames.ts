import { gunzipSync } from 'node:zlib';

/** A body that is not a row of gRPC messages, or one whose compression we do not read. `status` is a gRPC code. */
export class FrameError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/**
 * Cuts a stream of bytes into gRPC's length-prefixed messages: one byte of flags, four of length, the message.
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */
export class FrameSplitter {
  #rest: Buffer[] = [];
  #held = 0;
  readonly #encoding: string;
  readonly #largest: number;

  /** `encoding`: the `grpc-encoding` of the stream; `largest`: bytes of one message, compressed or not. */
  constructor(encoding: string | undefined, largest: number) {
    this.#encoding = encoding ?? 'identity';
    this.#largest = largest;
  }

  /** The messages that `chunk` completes, uncompressed and without their prefix. Throws `FrameError`. */
  push(chunk: Buffer): Buffer[] {
    this.#rest.push(chunk);
    this.#held += chunk.length;
    const messages: Buffer[] = [];
    for (let message = this.#next(); message !== undefined; message = this.#next()) messages.push(message);
    return messages;
  }

  #next(): Buffer | undefined {
    if (this.#held < 5) return undefined;
    let first = this.#rest[0] ?? Buffer.alloc(0);
    if (first.length < 5) first = this.#join();
    const length = first.readUInt32BE(1);
    if (length > this.#largest) throw new FrameError(8, 'Received message larger than max');
    if (this.#held < 5 + length) return undefined;
    const whole = this.#rest.length === 1 ? first : this.#join();
    const rest = whole.subarray(5 + length);
    this.#rest = rest.length === 0 ? [] : [rest];
    this.#held = rest.length;
    return this.#plain(whole.readUInt8(0), whole.subarray(5, 5 + length));
  }

  #join(): Buffer {
    const joined = Buffer.concat(this.#rest);
    this.#rest = [joined];
    return joined;
  }

  #plain(flags: number, bytes: Buffer): Buffer {
    if (flags === 0) return bytes;
    if (flags !== 1 || this.#encoding !== 'gzip') {
      throw new FrameError(12, 'Decompressor is not installed for grpc-encoding');
    }
    try {
      return gunzipSync(bytes, { maxOutputLength: this.#largest });
    } catch {
      throw new FrameError(13, 'The message could not be decompressed');
    }
  }
}

/** A message with its prefix, uncompressed. */
export function frame(message: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(5 + message.length);
  framed.writeUInt8(0, 0);
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, 5);
  return framed;
}
