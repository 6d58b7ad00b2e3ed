import {
  Agent,
  createServer,
  type IncomingMessage,
  request as httpRequest,
  type RequestOptions,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { AppError } from '../shared/domain/errors.ts';
import { randomId } from '../shared/domain/ids.ts';
import { problemBody, problemHeaders } from '../shared/http/problem.ts';
import { Flow } from './flow.ts';
import type { Router } from './routes.ts';
import type { FunctionName } from './topology.ts';

const HOST = '127.0.0.1';

/**
 * Who throttles by where a request comes from. Only these learn it, as from production's load balancer: behind
 * whatever the caller says of itself, its address and the balancer's own.
 */
const LEARN_SOURCE = new Set<FunctionName>(['accounts']);

/** The one host in front of all functions: what production's load balancer is. */
export interface Gateway {
  readonly port: number;
  readonly url: string;
  /** From now on requests wait; settles when those that were under way are answered. */
  hold(): Promise<void>;
  /** Lets those go on that wait, and all that come. */
  release(): void;
  /** Answers nobody any more and ends the connections that are open. */
  close(): Promise<void>;
}

/** Belong to one connection, not to the message (RFC 9110, section 7.6.1). The framing is kept: it is the body's. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'upgrade',
  'expect',
]);

/**
 * Listens on 127.0.0.1 at once, holding every request until `release`. Bodies are streamed both ways; nothing is
 * added to a request but what `LEARN_SOURCE` says. Rejects when the port is taken.
 */
export async function startGateway(options: {
  /** 0 takes a free one. */
  port: number;
  route: Router;
  /** Where a function listens now. */
  portOf: (name: FunctionName) => number;
}): Promise<Gateway> {
  const agent = new Agent({ keepAlive: true });
  const flow = new Flow();
  flow.hold();
  // A connection that is closed while it is idle races with its next request. Google's load balancer waits as long.
  const waits = { headersTimeout: 10_000, requestTimeout: 60_000, keepAliveTimeout: 610_000 };
  const server = createServer(waits, (req, res) => {
    void flow.pass(() => answer(req, res)).catch(() => res.destroy());
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    refuseRaw(error, socket);
  });

  async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const name = options.route(pathOf(req));
    if (name === undefined) {
      await refuse(req, res, new AppError('NOT_FOUND'));
      return;
    }
    const added = LEARN_SOURCE.has(name) ? ['X-Forwarded-For', `${sourceOf(req)}, ${HOST}`] : [];
    await forward(req, res, { host: HOST, port: options.portOf(name), agent, headers: added });
  }

  const port = await listen(server, options.port);
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    async hold() {
      flow.hold();
      await flow.idle();
    },
    release() {
      flow.release();
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      agent.destroy();
      await closed;
    },
  };
}

/** The path as it was sent, undecoded: what a function's own router will see. */
function pathOf(req: IncomingMessage): string {
  return /^[^?#]*/.exec(req.url ?? '')?.[0] ?? '';
}

/** Settles when the answer is complete or its connection is gone. */
/** A POST without a body stays one: Node's client would otherwise announce a body of unknown length. */
function emptyBody({ headers, method }: IncomingMessage): string[] {
  const framed = headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
  return framed || method === 'GET' || method === 'HEAD' ? [] : ['Content-Length', '0'];
}

/** Node joins several lines of this header by a comma: what is added last counts. */
function sourceOf(req: IncomingMessage): string {
  return (req.socket.remoteAddress ?? 'unknown').replace(/^::ffff:/, '');
}

function forward(
  req: IncomingMessage,
  res: ServerResponse,
  to: RequestOptions & { headers: string[] },
): Promise<void> {
  return new Promise((resolve) => {
    const onward = httpRequest({
      ...to,
      method: req.method,
      path: req.url,
      headers: [...endToEnd(req.rawHeaders), ...emptyBody(req), ...to.headers],
    });
    res.on('close', () => {
      onward.destroy();
      resolve();
    });
    onward.on('response', (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.statusMessage, endToEnd(answer.rawHeaders));
      answer.pipe(res);
      answer.on('error', () => res.destroy());
      answer.on('end', () => {
        // An answer may come before the whole body was read: the rest is taken, so that the caller reads it.
        req.unpipe(onward);
        req.resume();
      });
    });
    onward.on('error', () => {
      if (res.headersSent) res.destroy();
      else void refuse(req, res, new AppError('UNAVAILABLE', undefined, { retryAfter: 1 }));
    });
    req.pipe(onward);
  });
}

function endToEnd(raw: string[]): string[] {
  const named = new Set(HOP_BY_HOP);
  for (let i = 0; i < raw.length; i += 2) {
    if (raw[i]?.toLowerCase() !== 'connection') continue;
    for (const name of (raw[i + 1] ?? '').split(',')) named.add(name.trim().toLowerCase());
  }
  const kept: string[] = [];
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] ?? '';
    if (!named.has(name.toLowerCase())) kept.push(name, raw[i + 1] ?? '');
  }
  return kept;
}

async function refuse(req: IncomingMessage, res: ServerResponse, error: AppError): Promise<void> {
  const requestId = randomId('request');
  req.unpipe();
  req.resume();
  res.writeHead(error.status, problemHeaders(error, requestId));
  await new Promise<void>((resolve) => {
    res.on('close', resolve);
    res.end(req.method === 'HEAD' ? undefined : JSON.stringify(problemBody(error, requestId)));
  });
}

/** A request that is no HTTP, is too slow, or whose head is too long never becomes one: the answer is written by hand. */
function refuseRaw(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const status =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? '431 Request Header Fields Too Large'
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? '408 Request Timeout'
        : '400 Bad Request';
  const requestId = randomId('request');
  const problem = new AppError(
    'BAD_REQUEST',
    'the request line or the headers are not valid HTTP, or too long',
  );
  const body = JSON.stringify({ ...problemBody(problem, requestId), status: Number.parseInt(status, 10) });
  const headers = {
    ...problemHeaders(problem, requestId),
    'Content-Length': Buffer.byteLength(body),
    Connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  socket.end(`HTTP/1.1 ${status}\r\n${lines.join('\r\n')}\r\n\r\n${body}`);
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}
