import {
  type ClientHttp2Stream,
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import { asksOf, type WireRequest } from './asks.ts';
import type { Backend } from './backend.ts';
import { Bill, type Counts } from './counts.ts';
import type { CloudService, Method } from './descriptors.ts';
import type { CallSeen, Fault, FaultTrap } from './faults.ts';
import { frame, FrameError, FrameSplitter } from './frames.ts';
import type { Ask, Grants } from './permissions.ts';
import { databaseOf, type Watchers } from './watchers.ts';
import { inTheServicesWords } from './wording.ts';
import { documentWrite, parseName } from './writes.ts';

/** What every call at one door shares. */
export interface Desk {
  grants: Grants;
  backends: Record<CloudService, Backend>;
  counts: Counts;
  faults: FaultTrap;
  watchers: Watchers;
  /** The emulator's own time of a time that the functions see: their clock can be moved, its can not. */
  past: (time: number) => number;
}

/** gRPC's status codes, as far as the door answers by itself. */
const OK = '0';
const PERMISSION_DENIED = 7;
const INTERNAL = 13;
const UNAVAILABLE = 14;

/** Bytes; more than any of the services takes in one message. */
const LARGEST_REQUEST = 16 * 1024 * 1024;

/**
 * Only the body says what is asked for. The two routing headers repeat it for Google's front end, and a backend that
 * believed them rather than the body would answer for something that was never checked: they are not passed on.
 */
const DROPPED = new Set([
  'host',
  'connection',
  'google-cloud-resource-prefix',
  'x-goog-request-params',
  'grpc-encoding',
]);

/** Answers a call with a status and nothing else (gRPC's trailers-only form). */
export function refuse(stream: ServerHttp2Stream, status: number, message: string): void {
  if (stream.destroyed || stream.headersSent) return;
  const headers = { ':status': 200, 'content-type': 'application/grpc', ...statusFields(status, message) };
  stream.respond(headers, { endStream: true });
  // What the caller still sends is not wanted, and must not keep the stream open.
  stream.resume();
}

function statusFields(status: number, message: string): Record<string, string> {
  return {
    'grpc-status': String(status),
    'grpc-message': message.replace(/[^\x20-\x24\x26-\x7e]/g, encodeURIComponent),
  };
}

/** One gRPC call on its way through: each message of the request is read and checked before it is passed on. */
export class Call {
  readonly #stream: ServerHttp2Stream;
  readonly #headers: IncomingHttpHeaders;
  readonly #method: Method;
  readonly #desk: Desk;
  readonly #bill: Bill;
  readonly #requests: FrameSplitter;
  #first: WireRequest | undefined;
  /** The first request as it came. */
  #message: Buffer = Buffer.alloc(0);
  #upstream: ClientHttp2Stream | undefined;
  #fault: Fault | undefined;
  /** Nothing more of the request is looked at. */
  #ended = false;
  /** Watchers have heard that the call ended well. */
  #told = false;
  /** The backend's answer is complete, or will not come. */
  #settled = false;

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, method: Method, desk: Desk) {
    this.#stream = stream;
    this.#headers = headers;
    this.#method = method;
    this.#desk = desk;
    this.#bill = new Bill(method, desk.counts);
    this.#requests = new FrameSplitter(headers['grpc-encoding']?.toString(), LARGEST_REQUEST);
  }

  run(): void {
    this.#stream.on('data', (chunk: Buffer) => {
      this.#desk.counts.add('bytes', chunk.length);
      if (!this.#ended) this.#receive(chunk);
    });
    this.#stream.on('end', () => {
      this.#upstream?.end();
      if (!this.#first) this.#refuse(INTERNAL, 'The request holds no message');
    });
    this.#stream.on('error', () => undefined);
    this.#stream.on('close', () => {
      this.#ended = true;
      // A caller that went away takes its call back, unless a fault wants it done and unanswered.
      if (!this.#fault) this.#upstream?.close(constants.NGHTTP2_CANCEL);
    });
  }

  #receive(chunk: Buffer): void {
    try {
      for (const message of this.#requests.push(chunk)) {
        if (!this.#ended) this.#pass(message);
      }
    } catch (error) {
      if (error instanceof FrameError) this.#refuse(error.status, error.message);
      else this.#refuse(INTERNAL, 'The request could not be read');
    }
  }

  #pass(message: Buffer): void {
    const { definition } = this.#method;
    const request = definition.requestDeserialize(message) as WireRequest;
    const asks = asksOf(this.#method, request, this.#first !== undefined);
    if (!asks) {
      this.#refuse(PERMISSION_DENIED, `Method ${this.#method.name} is in no role here.`);
      return;
    }
    const denied = asks.find((ask) => !this.#desk.grants.covers(ask));
    if (denied) {
      this.#refuse(PERMISSION_DENIED, denial(this.#method.service, denied));
      return;
    }
    if (!this.#first) {
      this.#first = request;
      this.#message = message;
      this.#fault = this.#desk.faults.meets(this.#seen(request));
      if (this.#fault?.when === 'before') {
        this.#fail(this.#fault);
        return;
      }
      this.#open(request);
    }
    // In a stream the fields of several messages add up, and parsers differ on fields that come twice: what was
    // checked is what goes on.
    const moved = this.#method.service === 'firestore' && this.#moveReadTime(request);
    const checked = definition.requestStream || moved ? definition.requestSerialize(request) : message;
    if (this.#upstream?.write(frame(checked)) === false) {
      this.#stream.pause();
      this.#upstream.once('drain', () => this.#stream.resume());
    }
  }

  /** Reads of the past name a time of the moved clock. True when the request has one. */
  #moveReadTime(request: WireRequest): boolean {
    const { readTime } = request;
    if (readTime === undefined || readTime === null) return false;
    const time = this.#desk.past((readTime.seconds ?? 0) * 1000 + (readTime.nanos ?? 0) / 1e6);
    request.readTime = { seconds: Math.floor(time / 1000), nanos: Math.floor(time % 1000) * 1e6 };
    return true;
  }

  #seen(request: WireRequest): CallSeen {
    const seen: CallSeen = { service: this.#method.service, method: this.#method.name };
    if (seen.service === 'pubsub' && typeof request.topic === 'string') {
      seen.topic = request.topic.split('/').at(-1) ?? '';
    }
    if (seen.service === 'firestore') {
      seen.database = parseName(databaseOf(request)).database;
      seen.writes = (request.writes ?? []).map(documentWrite);
    }
    return seen;
  }

  #open(first: WireRequest): void {
    const upstream = this.#desk.backends[this.#method.service].request(this.#forwarded(first));
    this.#upstream = upstream;
    const answers = new FrameSplitter('identity', Infinity);
    let trailers: IncomingHttpHeaders | undefined;
    upstream.on('response', (fields, flags) => {
      const headers = inTheServicesWords(fields);
      const alone = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
      if (alone) trailers = headers;
      if (this.#deaf()) return;
      this.#stream.respond({ ...headers }, alone ? { endStream: true } : { waitForTrailers: true });
    });
    upstream.on('data', (chunk: Buffer) => {
      this.#desk.counts.add('bytes', chunk.length);
      if (this.#bill.readsAnswers) for (const message of answers.push(chunk)) this.#bill.answer(message);
      if (this.#bill.done) this.#tell();
      if (this.#deaf() || this.#stream.write(chunk)) return;
      upstream.pause();
      this.#stream.once('drain', () => upstream.resume());
    });
    upstream.on('trailers', (fields: IncomingHttpHeaders) => {
      trailers = inTheServicesWords(fields);
    });
    upstream.on('end', () => {
      // The server may end its side first; the stream closes only when both have ended.
      upstream.end();
      if (trailers) this.#settle(trailers, undefined);
    });
    upstream.on('error', () => undefined);
    upstream.on('close', () => {
      this.#settle(trailers, upstream.rstCode);
    });
  }

  /** A fault swallows the answer, and a caller that left hears none. */
  #deaf(): boolean {
    return this.#fault !== undefined || this.#ended || this.#stream.destroyed;
  }

  #settle(trailers: IncomingHttpHeaders | undefined, rstCode: number | undefined): void {
    if (this.#settled) return;
    this.#settled = true;
    if (trailers?.['grpc-status'] === OK) this.#tell();
    if (this.#fault) this.#fail(this.#fault);
    else if (!this.#deaf()) this.#answer(trailers, rstCode);
  }

  /** Counts and tells a call that ended well: before its caller hears so, who may act on it at once. */
  #tell(): void {
    if (this.#told || !this.#first) return;
    this.#told = true;
    const call = { method: this.#method.name, request: this.#first, message: this.#message };
    const { names, transaction } = this.#bill;
    const written = this.#bill.succeeded(this.#first);
    const told = { ...call, written, begun: transaction, read: this.#deaf() ? [] : names };
    if (this.#method.service === 'firestore') this.#desk.watchers.tell(told);
  }

  #answer(trailers: IncomingHttpHeaders | undefined, rstCode: number | undefined): void {
    if (!this.#stream.headersSent) this.#refuse(UNAVAILABLE, 'The service can not be reached');
    else if (trailers) this.#finish(onlyFields(trailers));
    else this.#stream.close(rstCode ?? constants.NGHTTP2_INTERNAL_ERROR);
  }

  #finish(trailers: OutgoingHttpHeaders): void {
    this.#stream.on('wantTrailers', () => {
      this.#stream.sendTrailers(trailers);
    });
    this.#stream.end();
  }

  #forwarded(first: WireRequest): OutgoingHttpHeaders {
    const headers: OutgoingHttpHeaders = {
      ':method': 'POST',
      ':path': this.#method.definition.path,
      ':scheme': 'http',
    };
    for (const [name, value] of Object.entries(this.#headers)) {
      if (!name.startsWith(':') && !DROPPED.has(name)) headers[name] = value;
    }
    // Answers are read to be counted, so they have to come uncompressed.
    headers['grpc-accept-encoding'] = 'identity';
    if (this.#method.service === 'firestore') {
      // The emulator applies `firestore.rules` (deny everything) to whoever does not claim to be the owner.
      headers['authorization'] = 'Bearer owner';
      // It wants to hear the database of a listener in the header, and hears the one that was checked.
      headers['google-cloud-resource-prefix'] = databaseOf(first).split('/').slice(0, 4).join('/');
    }
    return headers;
  }

  #fail(fault: Fault): void {
    this.#ended = true;
    fault.onHit?.();
    if (fault.then === 'hang') return;
    if (fault.then === 'cut') this.#stream.session?.destroy();
    else refuse(this.#stream, fault.then.status, 'An injected fault');
  }

  #refuse(status: number, message: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#upstream?.close(constants.NGHTTP2_CANCEL);
    if (this.#stream.headersSent) this.#finish(statusFields(status, message));
    else refuse(this.#stream, status, message);
  }
}

function onlyFields(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith(':')));
}

/** A refusal in the words of the service itself. */
function denial(service: CloudService, { permission, resource }: Ask): string {
  if (service === 'firestore' || service === 'firestoreAdmin') return 'Missing or insufficient permissions.';
  if (service === 'pubsub') return 'User not authorized to perform this action.';
  return `Permission '${permission}' denied on resource '${resource}' (or it may not exist).`;
}
