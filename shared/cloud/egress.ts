import { type LookupAddress, lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { Agent, type Dispatcher, request } from 'undici';
import type { Clock } from '../domain/time.ts';
import { isPublicAddress } from './egress-address.ts';
import { type EgressCode, EgressError } from './egress-error.ts';
import { createPauses } from './egress-pause.ts';
import { readTarget, type StandIns } from './egress-target.ts';

/** How long one call may take in all, and how many bytes its answer may have. */
export interface EgressLimits {
  ms: number;
  bytes: number;
}

export interface EgressRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  url: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
  /** Whose rate limit the call counts against; without it, that of the URL's host. */
  budget?: string;
  limits?: Partial<EgressLimits>;
}

export interface EgressAnswer {
  status: number;
  /** By names in lower case; what came several times stands with commas between. */
  headers: Record<string, string>;
  body: Buffer;
}

/** The one way out to servers that are neither ours nor Google's. A lint rule and a test hold that it is. */
export interface Egress {
  /** Answers whatever the server answered, except redirects and 429. Throws `EgressError` and nothing else. */
  call(request: EgressRequest): Promise<EgressAnswer>;
  /**
   * Keeps calls of a budget back for a while, where a platform tells its limits in the body of an answer. Answers until
   * when, in milliseconds since 1970.
   */
  pause(budget: string, milliseconds: number): number;
}

export interface EgressDeps {
  now: Clock;
  /** 0 ≤ x < 1, for jitter. */
  random: () => number;
  /** Every address of a name; the system's resolver without it. */
  resolve?: Resolve;
  /** One place more, on this machine, for the tests of TLS itself: a port of 127.0.0.1, and who vouches for it. */
  tlsTest?: { port: number; authority: string };
}
export type Resolve = (host: string) => Promise<LookupAddress[]>;

const LIMITS: EgressLimits = { ms: 15_000, bytes: 1_000_000 };
const CONNECT = 5_000;
const HEADER_BYTES = 16_384;
const MOST_CONNECTIONS = 8;
const REDIRECTS = new Set([300, 301, 302, 303, 305, 306, 307, 308]);

/**
 * https alone, TLS 1.2 or later, the certificate verified; no redirect is followed. Every address that a name has must
 * be public, and the connection goes to the very address that was checked, so a name can not answer otherwise the
 * second time (DNS rebinding). What stands in for a shop on this machine is named by the configuration, which
 * production refuses.
 */
export function createEgress(config: { standIns: StandIns }, deps: EgressDeps): Egress {
  const pauses = createPauses(deps);
  const outside = new Agent({
    ...agentLimits,
    connect: {
      timeout: CONNECT,
      lookup: guarded(deps.resolve ?? systemResolve, deps.tlsTest !== undefined),
      minVersion: 'TLSv1.2',
      rejectUnauthorized: true,
      ...(deps.tlsTest === undefined ? {} : { ca: deps.tlsTest.authority }),
    },
  });
  const onThisMachine = config.standIns.size === 0 ? undefined : new Agent(agentLimits);

  return {
    async call(asked) {
      const target = readTarget(asked.url, config.standIns, deps.tlsTest?.port);
      if ('why' in target) throw new EgressError('TARGET_REFUSED', { why: target.why });
      const { url, standIn } = target;
      const budget = asked.budget ?? url.host;
      const waiting = pauses.until(budget);
      if (waiting !== undefined) throw new EgressError('RATE_LIMITED', { retryAt: waiting });

      const answer = await send(
        asked,
        url,
        standIn === undefined
          ? { dispatcher: outside }
          : { dispatcher: onThisMachine ?? outside, port: standIn },
      );
      const retryAt = pauses.observe(budget, answer.status, answer.headers);
      if (answer.status === 429)
        throw new EgressError('RATE_LIMITED', retryAt === undefined ? {} : { retryAt });
      if (REDIRECTS.has(answer.status)) throw new EgressError('REDIRECTED');
      return answer;
    },
    pause: (budget, milliseconds) => pauses.set(budget, milliseconds),
  };
}

const agentLimits: Agent.Options = {
  allowH2: false,
  connections: MOST_CONNECTIONS,
  pipelining: 1,
  maxHeaderSize: HEADER_BYTES,
  keepAliveTimeout: 2_000,
  keepAliveMaxTimeout: 10_000,
};

async function send(
  asked: EgressRequest,
  url: URL,
  to: { dispatcher: Dispatcher; port?: number },
): Promise<EgressAnswer> {
  const limits = { ...LIMITS, ...asked.limits };
  const signal = AbortSignal.timeout(limits.ms);
  const origin = to.port === undefined ? url.origin : `http://127.0.0.1:${to.port}`;
  try {
    const answer = await request(`${origin}${url.pathname}${url.search}`, {
      dispatcher: to.dispatcher,
      method: asked.method,
      headers: { ...asked.headers, host: url.host, 'accept-encoding': 'identity' },
      body: asked.body ?? null,
      headersTimeout: limits.ms,
      bodyTimeout: limits.ms,
      signal,
    });
    const { statusCode: status } = answer;
    const headers = Object.fromEntries(
      Object.entries(answer.headers).map(([name, value]) => [name, String(value ?? '')]),
    );
    if ((headers['content-encoding'] ?? 'identity') !== 'identity') {
      answer.body.on('error', () => undefined).destroy();
      throw new EgressError('BAD_ANSWER', { why: 'an encoding that was not asked for' });
    }
    return { status, headers, body: await readBody(answer.body, limits.bytes) };
  } catch (cause) {
    if (cause instanceof EgressError) throw cause;
    throw new EgressError(signal.aborted ? 'TIMED_OUT' : codeOf(cause), { cause });
  }
}

async function readBody(body: Dispatcher.ResponseData['body'], most: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    // Leaving the loop destroys the stream, and with it the connection.
    if (bytes > most) throw new EgressError('TOO_LARGE');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/**
 * The resolver of a connection. It gives the socket only what was checked here, and one address that is not public
 * spoils all: whoever controls the name chose to name it.
 */
function guarded(resolve: Resolve, loopback: boolean): LookupFunction {
  const allowed = (address: string): boolean =>
    isPublicAddress(address) || (loopback && address === '127.0.0.1');
  return (host, options, done) => {
    resolve(host).then(
      (addresses) => {
        const [first] = addresses;
        if (first === undefined) done(new EgressError('NOT_RESOLVED'), '');
        else if (!addresses.every(({ address }) => allowed(address)))
          done(new EgressError('TARGET_REFUSED', { why: 'not an address of the public internet' }), '');
        else if (options.all === true) done(null, addresses);
        else done(null, first.address, first.family);
      },
      (cause: unknown) => {
        done(new EgressError('NOT_RESOLVED', { cause }), '');
      },
    );
  };
}

const systemResolve: Resolve = (host) =>
  new Promise((settle, fail) => {
    systemLookup(host, { all: true, order: 'verbatim' }, (error, addresses) => {
      if (error === null) settle(addresses);
      else fail(error);
    });
  });

const CODES: Record<string, EgressCode> = {
  UND_ERR_CONNECT_TIMEOUT: 'TIMED_OUT',
  UND_ERR_HEADERS_TIMEOUT: 'TIMED_OUT',
  UND_ERR_BODY_TIMEOUT: 'TIMED_OUT',
  UND_ERR_HEADERS_OVERFLOW: 'TOO_LARGE',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'BAD_ANSWER',
};

/** Node's names for what its TLS refuses: `ERR_TLS_…`, `ERR_SSL_…`, and OpenSSL's for a certificate. */
const TLS = /^(?:ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|EPROTO$|HOSTNAME_MISMATCH)/;

function codeOf(cause: unknown): EgressCode {
  // Several addresses were tried, and none answered: each has an error of its own.
  const errors = cause instanceof AggregateError ? (cause.errors as unknown[]) : [cause];
  const own = errors.find((error) => error instanceof EgressError);
  if (own !== undefined) return own.code;
  const code = (errors[0] as { code?: unknown } | null)?.code;
  if (errors[0] instanceof Error && errors[0].name === 'HTTPParserError' && code === undefined)
    return 'BAD_ANSWER';
  if (typeof code !== 'string') return 'UNREACHABLE';
  if (code.startsWith('HPE_')) return code === 'HPE_HEADER_OVERFLOW' ? 'TOO_LARGE' : 'BAD_ANSWER';
  return CODES[code] ?? (TLS.test(code) ? 'TLS_FAILED' : 'UNREACHABLE');
}
