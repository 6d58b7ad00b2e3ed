import { randomInt } from 'node:crypto';
import type { Cloud } from '../local/cloud.ts';
import type { DemoFile } from '../local/demo-file.ts';
import { sampleOrder } from '../local/shops/sample-order.ts';
import { sendShopifyOrder } from '../local/shops/shopify.ts';
import type { FunctionName } from '../local/topology.ts';
import type { Figure } from './table.ts';

/** What a step of an order's path is billed for, counted at the door of the function that does it. */
export interface Step {
  step: string;
  reads: number;
  writes: number;
  deletes: number;
  messages: number;
  kmsCalls: number;
}

const KINDS = ['reads', 'writes', 'deletes', 'messages', 'kmsCalls'] as const;

/**
 * One order of three lines, all supplied by one partner, from its webhook until it is erased. Caches are warm: the
 * same walk was made before. Needs the demo supplier to sell all three SKUs.
 */
export async function billedSteps(cloud: Cloud, demo: DemoFile): Promise<Step[]> {
  await walk(cloud, demo);
  return walk(cloud, demo);
}

/** The sums that have an aim. A supplier opens as often as it likes, so opening stands apart. */
export function billedFigures(steps: Step[]): Figure[] {
  const sum = (kind: 'reads' | 'writes', names: string[]): number =>
    steps.filter(({ step }) => names.includes(step)).reduce((total, step) => total + step[kind], 0);
  const routed = ['webhook', 'route'];
  const whole = steps.map(({ step }) => step).filter((step) => step !== 'open');
  const figure = (what: string, unit: 'reads' | 'writes', names: string[], aim?: number): Figure => ({
    what,
    unit,
    ours: sum(unit, names),
    better: 'less',
    ...(aim !== undefined && { aim }),
  });
  return [
    figure('billed until routed to one partner', 'writes', routed, 11),
    figure('billed until routed to one partner', 'reads', routed, 8),
    figure('billed from webhook to erased', 'writes', whole, 25),
    figure('billed from webhook to erased', 'reads', whole, 20),
    figure('billed for the supplier opening it', 'writes', ['open']),
    figure('billed for the supplier opening it', 'reads', ['open']),
  ];
}

async function walk(cloud: Cloud, demo: DemoFile): Promise<Step[]> {
  const { retailer, supplier } = demo;
  const call = caller(cloud.baseUrl);
  const steps: Step[] = [];
  const billed = async <T>(step: string, by: FunctionName, work: () => Promise<T>): Promise<T> => {
    const { counts } = cloud.doors[by];
    const before = counts.snapshot();
    const result = await work();
    const after = counts.snapshot();
    const spent = KINDS.map((kind) => [kind, after[kind] - before[kind]] as const);
    steps.push({ step, ...(Object.fromEntries(spent) as Record<(typeof KINDS)[number], number>) });
    return result;
  };

  const code = await billed('webhook', 'webhooks', () => sendOrder(demo));
  // What the wait asks for goes through another door than the router's.
  const { id, supplyOrders } = await billed('route', 'route-order', () =>
    routed(call, retailer.apiKey, code),
  );
  const supplyId = supplyOrders[0]?.id ?? '';
  await billed('open', 'orders', () => call(supplier.apiKey, 'GET', `/v1/orders/${supplyId}`));
  await billed('fulfil', 'orders', () =>
    call(supplier.apiKey, 'POST', `/v1/orders/${supplyId}/fulfilments`, { trackingNumbers: ['1Z999'] }),
  );
  await billed('archive', 'orders', () => call(retailer.apiKey, 'POST', `/v1/orders/${id}/archive`));
  await billed('erase', 'erase', async () => {
    const erasure = await billed('delete', 'orders', () =>
      call(retailer.apiKey, 'DELETE', `/v1/orders/${id}`),
    );
    await until(async () => {
      const now = await call(retailer.apiKey, 'GET', `/v1/erasures/${(erasure as { id: string }).id}`);
      return (now as { state: string }).state === 'destroyed' ? now : undefined;
    });
  });
  return steps;
}

async function sendOrder({ connections: { shopify } }: DemoFile): Promise<string> {
  const id = randomInt(1e12, 1e13);
  const order = sampleOrder({ id, number: id, at: Date.now() });
  const answer = await sendShopifyOrder({ ...shopify, topic: 'orders/create', body: JSON.stringify(order) });
  if (answer.status !== 200) throw new Error(`the webhook was answered ${answer.status}`);
  return `#${id}`;
}

interface ListedOrder {
  id: string;
  routing: string;
  supplyOrders: { id: string }[];
}

function routed(call: Call, apiKey: string, code: string): Promise<ListedOrder> {
  return until(async () => {
    const page = await call(apiKey, 'GET', `/v1/orders?code=${encodeURIComponent(code)}`);
    const [order] = (page as { data: ListedOrder[] }).data;
    return order?.routing === 'done' ? order : undefined;
  });
}

type Call = (apiKey: string, method: string, path: string, body?: object) => Promise<unknown>;

function caller(baseUrl: string): Call {
  return async (apiKey, method, path, body) => {
    const answer = await fetch(baseUrl + path, {
      method,
      headers: { Authorization: `Bearer ${apiKey}`, ...(body && { 'Content-Type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path} was answered ${answer.status}`);
    return answer.json();
  };
}

async function until<T>(ask: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const found = await ask();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error('waited for 30 s');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
