import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { KEEPS_IDLE } from '../idle-connections.ts';

/** A request as a stand-in sees it. `json` is undefined without a body, or for one that is no JSON. */
export interface ShopCall {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  /** The body as it came, which is what a signature is about. */
  text: string;
  // A shop takes whatever comes; what it looks at it checks.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  json: any;
}

export interface ShopReply {
  status: number;
  body?: unknown;
  headers?: Record<string, string>;
}

/** What a shop does for a while instead of answering well. */
export interface Misbehaviour {
  /** How many calls it lasts; without it until `behave` is called. */
  times?: number;
  /** Only calls whose path holds this. */
  path?: string;
  /** Only calls that make or change something. */
  making?: true;
  /**
   * Without any work: `drop`, the connection ends; `answer`, this instead; `throttled`, what the platform answers whoever
   * calls too often. After the work: `lost`, the connection ends before an answer; `cut`, in the middle of it; `slow`, well,
   * but after `ms`; `meanwhile`, well, once this has happened.
   */
  does:
    | { drop: true }
    | { answer: ShopReply }
    | { throttled: true }
    | { lost: true }
    | { cut: true }
    | { slow: number }
    | { meanwhile: () => Promise<unknown> };
}

/** A shop on this machine: keeps what it is told, answers as the platform does, and can be told to misbehave. */
export interface StandIn {
  readonly port: number;
  /** Every call that was made, in order. */
  readonly calls: readonly ShopCall[];
  misbehave(misbehaviour: Misbehaviour): void;
  behave(): void;
  close(): Promise<void>;
}

const MOST_BYTES = 2_000_000;
const MOST_CALLS = 5_000;

type Answering = (call: ShopCall) => ShopReply | Promise<ShopReply>;

/**
 * Serves a platform's API on 127.0.0.1; port 0 takes a free one. `control` answers below `/_shop`, for people who play
 * the shop's own staff and shoppers; no platform has that. `throttled` is what this platform answers whoever calls too often.
 */
export async function startStandIn(
  answer: Answering,
  options: { port?: number | undefined; control?: Answering | undefined; throttled?: ShopReply } = {},
): Promise<StandIn> {
  const { port = 0, control, throttled = { status: 429 } } = options;
  const calls: ShopCall[] = [];
  let bad: Misbehaviour[] = [];
  const badNow = (call: ShopCall): Misbehaviour['does'] | undefined => {
    const found = bad.find(
      ({ path, times, making }) =>
        times !== 0 && (path === undefined || call.path.includes(path)) && (making !== true || makes(call)),
    );
    if (found?.times !== undefined) found.times -= 1;
    return found?.does;
  };
  const server = createServer(KEEPS_IDLE, (req, res) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    req.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= MOST_BYTES) chunks.push(chunk);
    });
    req.on('end', () => {
      const url = new URL(req.url ?? '/', 'http://shop.invalid');
      const text = Buffer.concat(chunks).toString('utf8');
      const call: ShopCall = {
        method: req.method ?? '',
        path: url.pathname,
        query: url.searchParams,
        headers: req.headers,
        text,
        json: jsonOf(text),
      };
      const staff = call.path.startsWith('/_shop') ? control : undefined;
      if (staff === undefined && calls.length < MOST_CALLS) calls.push(call);
      const bad = staff === undefined ? badNow(call) : undefined;
      // What a shop's own code does not survive is answered as any shop does that.
      serve(call, { bad, throttled }, staff ?? answer, res).catch(() => {
        send(res, { status: 500 });
      });
    });
  });
  await new Promise<void>((listening, failed) => {
    server.once('error', failed);
    server.listen(port, '127.0.0.1', listening);
  });
  return {
    port: (server.address() as AddressInfo).port,
    calls,
    misbehave: (misbehaviour) => void bad.push({ ...misbehaviour }),
    behave: () => {
      bad = [];
    },
    close: async () => {
      const closed = new Promise((done) => server.close(done));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function serve(
  call: ShopCall,
  { bad = { slow: 0 }, throttled }: { bad: Misbehaviour['does'] | undefined; throttled: ShopReply },
  answer: Answering,
  res: ServerResponse,
): Promise<void> {
  if ('drop' in bad) res.destroy();
  else if ('answer' in bad) send(res, bad.answer);
  else if ('throttled' in bad) send(res, throttled);
  else {
    const good = await answer(call);
    if ('lost' in bad) res.destroy();
    else if ('cut' in bad) cut(res, good);
    else {
      if ('meanwhile' in bad) await bad.meanwhile();
      else if (bad.slow > 0) await new Promise((rested) => setTimeout(rested, bad.slow));
      send(res, good);
    }
  }
}

function cut(res: ServerResponse, { status }: ShopReply): void {
  res.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': '100000' });
  res.write('{"half":', () => res.destroy());
}

/** GraphQL asks and changes by the same method. */
function makes({ method, json }: ShopCall): boolean {
  const asked = (json as { query?: unknown } | null | undefined)?.query;
  return typeof asked === 'string' ? asked.trimStart().startsWith('mutation') : method !== 'GET';
}

function send(res: ServerResponse, { status, body, headers }: ShopReply): void {
  res.writeHead(status, {
    ...(body !== undefined && { 'Content-Type': 'application/json; charset=UTF-8' }),
    ...headers,
  });
  res.end(body === undefined ? undefined : JSON.stringify(body));
}

function jsonOf(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** How a shop's events are delivered, as platforms do on bad days. */
export type Delivering = 'well' | 'lost' | 'twice' | 'later';

/** What was kept back: `later` ones are sent in the opposite order when it is flushed. */
export class Outbox {
  mode: Delivering = 'well';
  readonly #kept: (() => Promise<number>)[] = [];

  /** The status that each delivery was answered with; empty for one that was lost or kept. */
  async deliver(send: () => Promise<number>): Promise<number[]> {
    if (this.mode === 'lost') return [];
    if (this.mode === 'later') {
      this.#kept.unshift(send);
      return [];
    }
    const first = await send();
    return this.mode === 'twice' ? [first, await send()] : [first];
  }

  async flush(): Promise<number[]> {
    const answers: number[] = [];
    for (const send of this.#kept.splice(0)) answers.push(await send());
    return answers;
  }
}
