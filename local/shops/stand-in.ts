import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as a stand-in sees it. `json` is undefined without a body, or for one that is no JSON. */
export interface ShopCall {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
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
  /** `answer`: this instead. `slow`: well, but after `ms`. `cut`: the connection ends in the middle of an answer. */
  does: { answer: ShopReply } | { slow: number } | { cut: true };
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

/**
 * Serves a platform's API on 127.0.0.1; port 0 takes a free one. `control` answers below `/_shop`, for people who play
 * the shop's own staff and shoppers; no platform has that.
 */
export async function startStandIn(
  answer: (call: ShopCall) => ShopReply | Promise<ShopReply>,
  port = 0,
  control?: (call: ShopCall) => ShopReply | Promise<ShopReply>,
): Promise<StandIn> {
  const calls: ShopCall[] = [];
  let bad: Misbehaviour[] = [];
  const badNow = (call: ShopCall): Misbehaviour['does'] | undefined => {
    const found = bad.find(
      ({ path, times }) => times !== 0 && (path === undefined || call.path.includes(path)),
    );
    if (found?.times !== undefined) found.times -= 1;
    return found?.does;
  };
  const server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    req.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= MOST_BYTES) chunks.push(chunk);
    });
    req.on('end', () => {
      const url = new URL(req.url ?? '/', 'http://shop.invalid');
      const call: ShopCall = {
        method: req.method ?? '',
        path: url.pathname,
        query: url.searchParams,
        headers: req.headers,
        json: jsonOf(Buffer.concat(chunks)),
      };
      if (control !== undefined && call.path.startsWith('/_shop')) {
        void serve(call, undefined, control, res);
        return;
      }
      if (calls.length < MOST_CALLS) calls.push(call);
      void serve(call, badNow(call), answer, res);
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
  bad: Misbehaviour['does'] | undefined,
  answer: (call: ShopCall) => ShopReply | Promise<ShopReply>,
  res: ServerResponse,
): Promise<void> {
  if (bad !== undefined && 'answer' in bad) {
    send(res, bad.answer);
    return;
  }
  const good = await answer(call);
  if (bad !== undefined && 'cut' in bad) {
    res.writeHead(good.status, { 'Content-Type': 'application/json', 'Content-Length': '100000' });
    res.write('{"half":');
    res.socket?.destroy();
    return;
  }
  if (bad !== undefined) await new Promise((rested) => setTimeout(rested, bad.slow));
  send(res, good);
}

function send(res: ServerResponse, { status, body, headers }: ShopReply): void {
  res.writeHead(status, {
    ...(body !== undefined && { 'Content-Type': 'application/json; charset=UTF-8' }),
    ...headers,
  });
  res.end(body === undefined ? undefined : JSON.stringify(body));
}

function jsonOf(body: Buffer): unknown {
  try {
    return body.length === 0 ? undefined : JSON.parse(body.toString('utf8'));
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
