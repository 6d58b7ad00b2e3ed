import fc from 'fast-check';
import { expect } from 'vitest';
import { sendStandardWebhook } from '../../local/shops/standard.ts';
import { Problem } from '../../shared/http/schemas.ts';
import { eventually, type Market } from '../support/market.ts';
import { orderBody } from './foreign-routes.ts';
import { NAME_MARK, VALUE_MARK } from './hostile-json.ts';
import type { Attack } from './attack.ts';
import { openWire, type WireAnswer } from './wire.ts';

/** Sends attacks, and counts how many were answered as they should be. */
export interface Run {
  readonly sent: number;
  /** How many of them got past every check. */
  readonly taken: number;
  all(attacks: Attack[]): Promise<void>;
  /** `count` attacks of a kind, several at a time. A fixed seed makes a run that can be had again. */
  some(kind: fc.Arbitrary<Attack>, count: number, seed?: number): Promise<void>;
  close(): void;
}

const AT_ONCE = 16;
/** A busy machine may say that it is busy, as may the hub; but not for one and the same request again and again. */
const MOST_TRIES = 3;
const BATCH = 64;

export function startRun(): Run {
  const wire = openWire(AT_ONCE);
  let sent = 0;
  let taken = 0;
  const fire = async ({ to, request }: Attack): Promise<void> => {
    const told =
      () => `${request.method} ${request.path.slice(0, 200)} ${JSON.stringify(request.headers).slice(0, 600)}
${request.body.toString('latin1').slice(0, 3000)}`;
    const ask = () =>
      wire.send(to, request).catch((error: unknown) => {
        throw new Error(`${String(error)}\n${told()}`);
      });
    let answer = await ask();
    for (let tries = 1; tries < MOST_TRIES && isBusy(answer); tries += 1) answer = await ask();
    sent += 1;
    if (answer.status < 300) taken += 1;
    const wrong = faultOf(answer);
    if (wrong !== undefined) {
      throw new Error(`${wrong}: ${answer.status} ${answer.body.slice(0, 1000)}\n${told()}`);
    }
  };
  const all = async (attacks: Attack[]): Promise<void> => {
    const left = [...attacks];
    const lane = async (): Promise<void> => {
      for (let attack = left.pop(); attack !== undefined; attack = left.pop()) await fire(attack);
    };
    try {
      await Promise.all(Array.from({ length: AT_ONCE }, lane));
    } finally {
      left.length = 0;
    }
  };
  return {
    get sent() {
      return sent;
    },
    get taken() {
      return taken;
    },
    all,
    async some(kind, count, seed) {
      const batches = fc.array(kind, { minLength: BATCH, maxLength: BATCH });
      const {
        failed,
        seed: used,
        errorInstance,
      } = await fc.check(fc.asyncProperty(batches, all), {
        numRuns: Math.ceil(count / BATCH),
        endOnFailure: true,
        ...(seed !== undefined && { seed }),
      });
      if (failed) throw new Error(`with seed ${used}: ${String(errorInstance)}`);
    },
    close: () => {
      wire.close();
    },
  };
}

function isBusy({ status, headers }: WireAnswer): boolean {
  return status === 503 && headers['retry-after'] !== undefined;
}

/** What is wrong with an answer to a hostile request, if anything is. */
function faultOf({ status, headers, body }: WireAnswer): string | undefined {
  if (status < 200 || status >= 500 || (status >= 300 && status < 400)) return 'neither 2xx nor 4xx';
  if (/\n\s+at |node_modules|\.[jt]s:\d+|Error:/.test(body)) return 'a stack';
  if (status < 400) return undefined;
  if (JSON.stringify([headers, body]).includes(VALUE_MARK)) return 'a value is repeated';
  if (body.length > 8000) return 'an answer that grows with the request';
  // Node answers what is no HTTP request, with nothing in it.
  if (headers['content-type'] !== 'application/problem+json') {
    return body === '' ? undefined : 'an answer that is not ours';
  }
  return problemFault(status, body);
}

function problemFault(status: number, body: string): string | undefined {
  // The answer to HEAD has no body.
  if (body === '') return undefined;
  const problem = Problem.safeParse(JSON.parse(body));
  if (!problem.success || problem.data.status !== status) return 'not a problem';
  const { code, errors } = problem.data;
  if (errors.some(({ path }) => path.length > 100)) return 'a name that is not bounded';
  return code === 'BAD_REQUEST' && body.split(NAME_MARK).length > 100 ? 'too many names' : undefined;
}

/** Lines of the log that hold anything of the requests, or tell of work that was given up. */
export function wrongLines(lines: readonly string[]): string[] {
  return lines.filter(
    (line) =>
      line.includes(VALUE_MARK) ||
      line.includes(NAME_MARK) ||
      (/"(?:push|request)\.failed"/.test(line) && !line.includes('"code":"UNAVAILABLE"')),
  );
}

/** After all that, a good order of every kind comes in and is routed, and its address opens. */
export async function goodOrdersStillWork(market: Market): Promise<void> {
  const { retailer, supplier } = market;
  const { supplyOrderId } = await market.routed();
  const supply = await supplier.call('GET', `/v1/orders/${supplyOrderId}`);
  expect(supply.json).toMatchObject({ shipTo: { firstName: 'Test', postalCode: '40003' } });

  const data = { ...orderBody({ externalId: 'after the storm' }), updatedAt: new Date().toISOString() };
  const event = { type: 'order.created', timestamp: new Date().toISOString(), data };
  const { url, secret } = market.demo.connections.standard;
  const delivered = await sendStandardWebhook({ url, secrets: [secret], body: JSON.stringify(event) });
  expect(delivered.status).toBe(200);

  const made = await retailer.call('POST', '/v1/orders', {
    body: orderBody({ externalId: 'after the storm' }),
  });
  expect(made.status).toBe(201);
  await eventually(async () => {
    const json: unknown = (await retailer.call('GET', `/v1/orders/${(made.json as { id: string }).id}`)).json;
    expect(json).toMatchObject({ routing: 'done', shipTo: { firstName: 'Test' } });
  });
}
