import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Misbehaviour, type StandIn, startStandIn } from '../../local/shops/stand-in.ts';

let shop: StandIn;
let works = 0;
beforeAll(async () => {
  const throttled = { status: 429, body: {}, headers: { 'Retry-After': '7' } };
  const answer = (): { status: number; body: object } => ({ status: 201, body: { works: ++works } });
  const answering: Parameters<typeof startStandIn>[0] = ({ path, text }) => {
    if (path === '/fails') throw new Error('in the shop’s own code');
    return text === 'what came' ? { status: 200, body: text } : answer();
  };
  shop = await startStandIn(answering, { throttled });
});
afterAll(() => shop.close());
afterEach(() => {
  shop.behave();
});

function once(does: Misbehaviour['does'], how: Partial<Misbehaviour> = {}): void {
  shop.misbehave({ times: 1, does, ...how });
}
async function call(method = 'POST', body?: unknown, path = '/orders') {
  const url = `http://127.0.0.1:${shop.port}${path}`;
  const answer = await fetch(url, { method, ...(body !== undefined && { body: JSON.stringify(body) }) });
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
}

describe('a shop that is told to misbehave', () => {
  it('does so for as many calls as it was told to, one thing after the other', async () => {
    shop.misbehave({
      times: 2,
      does: { answer: { status: 429, body: {}, headers: { 'Retry-After': '60' } } },
    });
    once({ answer: { status: 503 } });
    const statuses = [await call(), await call(), await call(), await call()].map(({ status }) => status);
    expect(statuses).toEqual([429, 429, 503, 201]);
    shop.misbehave({ does: { answer: { status: 500 } }, path: '/products' });
    expect((await call('GET', undefined, '/products/1')).status).toBe(500);
    expect((await call('GET', undefined, '/products/1')).status).toBe(500);
    expect((await call()).status).toBe(201);
    shop.behave();
    expect((await call('GET', undefined, '/products/1')).status).toBe(201);
  });

  it.each([
    ['before any work', { drop: true }, 0, 'fetch failed'],
    ['after the work', { lost: true }, 1, 'fetch failed'],
    ['in the middle of the answer', { cut: true }, 1, 'terminated'],
  ] as const)('ends the connection %s', async (_when, does, work, error) => {
    const before = works;
    once(does);
    await expect(call()).rejects.toThrow(error);
    expect(works).toBe(before + work);
    expect((await call()).status).toBe(201);
  });

  it('does so to calls alone that make something, also where what asks is posted as well', async () => {
    once({ answer: { status: 500 } }, { making: true });
    for (const query of ['{ shop { name } }', 'query ($id: ID!) { order(id: $id) { id } }'])
      expect((await call('POST', { query })).status).toBe(201);
    expect((await call('GET')).status).toBe(201);
    expect((await call('POST', { query: 'mutation { orderCreate { order { id } } }' })).status).toBe(500);
    once({ answer: { status: 500 } }, { making: true });
    expect((await call('PUT', { sku: 'A' })).status).toBe(500);
    expect((await call('PUT', { sku: 'A' })).status).toBe(201);
  });

  it('asks for a pause in the words of its platform, without any work', async () => {
    const before = works;
    once({ throttled: true });
    const { status, headers } = await call();
    expect([status, headers.get('Retry-After'), works]).toEqual([429, '7', before]);
  });

  it('answers once something has happened, for which the work is done already', async () => {
    const before = works;
    const seen: number[] = [];
    const meanwhile = async (): Promise<void> => {
      // Whoever is told meanwhile may call the shop again.
      seen.push(works, (await call()).status);
    };
    once({ meanwhile });
    expect((await call()).text).toBe(JSON.stringify({ works: before + 1 }));
    expect(seen).toEqual([before + 1, 201]);
  });

  it('takes what comes as it came, and answers 500 where its own code fails', async () => {
    const url = `http://127.0.0.1:${shop.port}/`;
    expect(await (await fetch(url, { method: 'POST', body: 'what came' })).text()).toBe('"what came"');
    expect((await call('GET', undefined, '/fails')).status).toBe(500);
    expect((await call()).status).toBe(201);
  });
});
