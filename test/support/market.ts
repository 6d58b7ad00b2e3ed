import { randomInt } from 'node:crypto';
import { expect, vi } from 'vitest';
import type { DemoFile } from '../../local/demo-file.ts';
import { seedDemo, seedDeps, type SeedDeps } from '../../local/seed.ts';
import { sampleOrder } from '../../local/shops/sample-order.ts';
import { sendShopifyOrder } from '../../local/shops/shopify.ts';
import type { OpenApiDocument } from '../../shared/http/openapi.ts';
import { type TestCloud, testCloud } from './cloud.ts';
import { type AnswerCheck, answerCheck } from './openapi-check.ts';

/** An answer of the API. `json` is undefined when there is no body. */
export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  // Tests read answers as a client without our types would; the OpenAPI check holds their form.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  json: any;
}

export interface Call {
  body?: unknown;
  headers?: Record<string, string>;
  /** Another key than the merchant's own; `null` sends none. */
  apiKey?: string | null;
}

/** A merchant that calls the API through the gateway. Every answer is checked against the published document. */
export interface Merchant {
  companyId: string;
  apiKey: string;
  call(method: string, path: string, call?: Call): Promise<Answer>;
}

/** Two connected merchants on a cloud of their own, and the retailer's Shopify shop. */
export interface Market {
  cloud: TestCloud;
  demo: DemoFile;
  retailer: Merchant;
  supplier: Merchant;
  /** The launcher's own way to both databases' contents, with every right. */
  seed: SeedDeps;
  /** A merchant for a company that a test seeded itself. */
  merchant(company: { companyId: string; apiKey: string }): Merchant;
  /** A fresh sample order, as Shopify would send it, with changes by field. */
  order(change?: Record<string, unknown>): Record<string, unknown> & { id: number };
  /** Sends a payload with a correct signature; the answer of the hub. */
  send(payload: Record<string, unknown>, topic?: string): Promise<Response>;
  /** The same as shops do it: what is answered 503 is sent again, a while later. It has to be taken in the end. */
  deliver(payload: Record<string, unknown>, topic?: string): Promise<void>;
  /** Sends a fresh order, waits until it is routed and answers both sides' ids. */
  routed(change?: Record<string, unknown>): Promise<{ orderId: string; supplyOrderId: string }>;
  /** The id under which the retailer sees an order, by the platform's id. Waits until it is there. */
  idOf(externalId: number | string): Promise<string>;
}

/** Starts the cloud unless one is given. The caller stops `market.cloud`. */
export async function startMarket(cloud?: TestCloud): Promise<Market> {
  const own = cloud ?? (await testCloud());
  const demo = await seedDemo(own);
  const document = (await (await fetch(`${own.baseUrl}/v1/openapi.json`)).json()) as OpenApiDocument;
  const check = answerCheck(document);
  const merchant: Market['merchant'] = (company) => ({
    companyId: company.companyId,
    apiKey: company.apiKey,
    call: (method, path, call = {}) => callApi(own.baseUrl, company.apiKey, check, method, path, call),
  });
  const retailer = merchant(demo.retailer);
  const supplier = merchant(demo.supplier);
  const { shopify } = demo.connections;

  const send: Market['send'] = (payload, topic = 'orders/create') =>
    sendShopifyOrder({ ...shopify, topic, body: JSON.stringify(payload) });
  const deliver: Market['deliver'] = async (payload, topic) => {
    const take = async (): Promise<void> => {
      expect((await send(payload, topic)).status).toBe(200);
    };
    await vi.waitFor(take, { timeout: 60_000, interval: 1_000 });
  };
  const order: Market['order'] = (change) => {
    const id = randomInt(1, 2 ** 47);
    return { ...sampleOrder({ id, number: id % 100_000, at: Date.now(), ...(change && { change }) }), id };
  };
  const idOf: Market['idOf'] = (externalId) =>
    eventually(async () => {
      const listed = await retailer.call('GET', '/v1/orders?limit=100');
      const found = (listed.json as { data: { id: string; source: { externalId: string } }[] }).data.find(
        (each) => each.source.externalId === String(externalId),
      );
      expect(found, `order ${externalId}`).toBeDefined();
      return found?.id ?? '';
    });
  const routed: Market['routed'] = async (change) => {
    const payload = order(change);
    await deliver(payload);
    const orderId = await idOf(payload.id);
    const supplyOrderId = await eventually(async () => {
      const listed = await retailer.call('GET', `/v1/orders?limit=100`);
      const mine = (listed.json as { data: { id: string; supplyOrders: { id: string }[] }[] }).data;
      const [supply] = mine.find((each) => each.id === orderId)?.supplyOrders ?? [];
      expect(supply).toBeDefined();
      return supply?.id ?? '';
    });
    return { orderId, supplyOrderId };
  };
  const seed = seedDeps(own);
  return { cloud: own, demo, retailer, supplier, seed, merchant, order, send, deliver, routed, idOf };
}

/** Waits, by asking again, until nothing is thrown any more; fails with the last error after `timeout` milliseconds. */
export function eventually<T>(ask: () => T | Promise<T>, timeout = 40_000): Promise<T> {
  return vi.waitFor(ask, { timeout, interval: 50 });
}

async function callApi(
  baseUrl: string,
  apiKey: string,
  check: AnswerCheck,
  method: string,
  path: string,
  call: Call,
): Promise<Answer> {
  const key = call.apiKey === undefined ? apiKey : call.apiKey;
  const response = await fetch(baseUrl + path, {
    method,
    headers: {
      ...(key !== null && { Authorization: `Bearer ${key}` }),
      ...(call.body !== undefined && { 'Content-Type': 'application/json' }),
      ...call.headers,
    },
    ...(call.body !== undefined && {
      body: typeof call.body === 'string' ? call.body : JSON.stringify(call.body),
    }),
  });
  const text = await response.text();
  const { status, headers } = response;
  check({ method, path, status, contentType: headers.get('content-type'), body: text });
  return { status, headers, text, json: jsonOf(headers, text) };
}

/** What a body says when it is one JSON text; neither lines of it (`application/x-ndjson`) nor another type is. */
export function jsonOf(headers: Headers, body: string): unknown {
  const [mediaType = ''] = (headers.get('content-type') ?? '').split(';');
  return body !== '' && /[/+]json$/.test(mediaType) ? JSON.parse(body) : undefined;
}
