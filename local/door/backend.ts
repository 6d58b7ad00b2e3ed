import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type OutgoingHttpHeaders,
} from 'node:http2';

/** One connection's worth of answers may be under way at once before the sender has to wait. */
export const WINDOW = 4 * 1024 * 1024;

/** Node gives a session 10 MB, and resets streams beyond: one query's answer can be more. */
export const SESSION_MEGABYTES = 256;

/** One gRPC server behind the door: one HTTP/2 session that every call shares, made anew when it is lost. */
export class Backend {
  #address: string;
  #session: ClientHttp2Session | undefined;

  /** `address` is `host:port`. */
  constructor(address: string) {
    this.#address = address;
  }

  /** Opens a stream; a backend that can not be reached shows as the stream's `error`. */
  request(headers: OutgoingHttpHeaders): ClientHttp2Stream {
    return this.#live().request({ ...headers, ':authority': this.#address });
  }

  #live(): ClientHttp2Session {
    if (this.#session && !this.#session.closed && !this.#session.destroyed) return this.#session;
    const session = connect(`http://${this.#address}`, {
      settings: { initialWindowSize: WINDOW },
      maxSessionMemory: SESSION_MEGABYTES,
    });
    session.on('connect', () => {
      session.setLocalWindowSize(WINDOW);
    });
    // Each stream of a lost session reports for itself; the session only has to be forgotten.
    session.on('error', () => undefined);
    session.on('goaway', () => {
      this.#forget(session);
    });
    session.on('close', () => {
      this.#forget(session);
    });
    this.#session = session;
    return session;
  }

  #forget(session: ClientHttp2Session): void {
    if (this.#session === session) this.#session = undefined;
  }

  /** The server was started again elsewhere; calls under way at the old address are lost. */
  move(address: string): void {
    if (address === this.#address) return;
    this.#address = address;
    this.close();
  }

  close(): void {
    this.#session?.destroy();
    this.#session = undefined;
  }
}
