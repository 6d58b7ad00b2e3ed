import { gzipSync } from 'node:zlib';
import { shopifyHeaders } from '../../local/shops/shopify.ts';
import { standardHeaders } from '../../local/shops/standard.ts';
import type { Market } from '../support/market.ts';
import type { Canaries } from './canary.ts';
import { ownForm } from './plant-own.ts';
import type { Wire } from './wire.ts';

type Sent = [name: string, body: string, headers?: Record<string, string>];

/** Deliveries that are refused or ignored, all of them full of canaries. */
export async function refusedDeliveries(market: Market, wire: Wire, c: Canaries): Promise<void> {
  const { shopify, standard } = market.demo.connections;
  const order = (at: string): Record<string, unknown> =>
    market.order({
      email: c.email(`refused for ${at}`),
      phone: c.phone(`refused for ${at}`),
      browser_ip: c.ip(`refused for ${at}`),
      note: c.text(`refused for ${at}`),
      shipping_address: { address1: c.mixed(`refused for ${at}, address`), country_code: 'DE' },
    });
  const text = (at: string): string => JSON.stringify(order(at));
  const wrong = (at: string, field: string): string =>
    JSON.stringify({ ...order(at), [field]: c.mixed(`refused ${at}, ${field}`) });
  const topics = ['customers/data_request', 'customers/redact', 'shop/redact', c.email('a topic')];

  const deliveries: Sent[] = [
    ['a bad signature', text('a bad signature'), { 'X-Shopify-Hmac-SHA256': `${'A'.repeat(43)}=` }],
    ['a signature that is none', text('no signature'), { 'X-Shopify-Hmac-SHA256': c.email('a signature') }],
    ['another shop', text('another shop'), { 'X-Shopify-Shop-Domain': c.email('a shop domain') }],
    ['malformed JSON', `${text('malformed JSON')}}`],
    ['JSON cut off', text('JSON cut off').slice(0, -40)],
    ['a text for JSON', c.mixed('a text for JSON')],
    ['too large', text('too large').replace('{', `{"filler":"${c.text('filler')}${' '.repeat(1_000_000)}",`)],
    ['nested too deeply', `${'['.repeat(60)}"${c.email('deep')}"${']'.repeat(60)}`],
    ['a key that is a canary', JSON.stringify({ [c.email('a key')]: c.phone('under a key') })],
    ...['id', 'currency', 'updated_at', 'line_items', 'total_price', 'shipping_address', 'cancelled_at'].map(
      (field): Sent => [`a wrong ${field}`, wrong(`wrong ${field}`, field)],
    ),
    ['another type', text('another type'), { 'Content-Type': `text/${c.text('a type').slice(21, -1)}` }],
    ['a form', `email=${c.email('a form')}`, { 'Content-Type': 'application/x-www-form-urlencoded' }],
    ['a charset', text('a charset'), { 'Content-Type': `application/json; charset=${c.email('a charset')}` }],
    ['an encoding', text('an encoding'), { 'Content-Encoding': c.email('an encoding').slice(0, 12) }],
    ['gzip that is none', text('gzip that is none'), { 'Content-Encoding': 'gzip' }],
    ...topics.map((topic): Sent => [`topic ${topic}`, text(`topic ${topic}`), { 'X-Shopify-Topic': topic }]),
  ];
  for (const [name, body, headers] of deliveries) {
    const signed = shopifyHeaders({ ...shopify, topic: 'orders/create', body });
    await wire.send(name, shopify.url, { method: 'POST', body, headers: { ...signed, ...headers } });
  }
  const body = text('compressed');
  await wire.send('gzip', shopify.url, {
    method: 'POST',
    body: new Uint8Array(gzipSync(body)),
    headers: { ...shopifyHeaders({ ...shopify, topic: 'orders/create', body }), 'Content-Encoding': 'gzip' },
  });
  await wire.send('an unknown connection', `${shopify.url.slice(0, -3)}xyz?who=${c.email('a query')}`, {
    method: 'POST',
    body: text('an unknown connection'),
    headers: { 'Content-Type': 'application/json' },
  });
  await wire.send('no such path', `${market.cloud.baseUrl}/webhooks/${c.email('a path')}`, {
    method: 'POST',
  });

  const event = JSON.stringify({
    type: c.email('an event type'),
    data: { note: c.mixed('an unknown event') },
  });
  const wrongData = JSON.stringify({
    type: 'order.created',
    data: { ...ownForm(c, 'event of wrong types').payload, updatedAt: c.email('updatedAt') },
  });
  for (const [name, sent] of [
    ['an unknown event', event],
    ['an event of wrong types', wrongData],
  ] as const) {
    const signed = standardHeaders({ body: sent, secrets: [standard.secret], id: c.email(`id of ${name}`) });
    await wire.send(name, standard.url, { method: 'POST', body: sent, headers: signed });
  }
}

/** Calls of the API that are refused: wrong types, unknown fields, queries, ids and keys that are canaries. */
export async function refusedCalls(market: Market, wire: Wire, c: Canaries): Promise<void> {
  const { retailer, supplier } = market;
  const order = (at: string): Record<string, unknown> => ({
    externalId: `refused ${at}`,
    code: 'REFUSED',
    ...ownForm(c, `API, ${at}`).payload,
  });
  const unknown = { ...order('unknown fields'), email: c.email('unknown field') };
  const odd = { ...order('odd field'), [c.email('an odd field')]: 1, [c.phone('an odd field')]: c.ip('odd') };
  const wrong = { ...order('wrong types'), currency: c.email('a currency'), lines: c.mixed('lines') };
  for (const body of [unknown, odd, wrong]) await wire.call(retailer, 'POST', '/v1/orders', { body });
  for (const body of [`${JSON.stringify(order('malformed'))}}`, c.mixed('a text for JSON, API')]) {
    await wire.call(retailer, 'POST', '/v1/orders', { body });
  }
  await wire.call(retailer, 'POST', '/v1/orders', {
    body: `{"filler":"${c.mixed('API, filler')}${' '.repeat(1_000_000)}"}`,
  });
  const apiKey = `sr_test_${c.email('an API key').slice(0, 12)}`;
  await wire.call(retailer, 'POST', '/v1/orders', { body: order('a wrong key'), apiKey });
  await wire.call(retailer, 'POST', '/v1/orders', {
    body: order('an idempotency key'),
    headers: { 'Idempotency-Key': c.email('an idempotency key').repeat(9) },
  });
  await wire.call(retailer, 'POST', '/v1/orders/preview', {
    body: { currency: 'USD', lines: c.mixed('preview') },
  });

  const queries = ['code', 'state', 'partner', 'archived', 'updatedAfter', 'after', 'limit', 'email'];
  for (const name of queries) {
    const value = encodeURIComponent(`${c.email(`query ${name}`)} ${c.phone(`query ${name}`)}`);
    await wire.call(retailer, 'GET', `/v1/orders?${name}=${value}`);
    await wire.call(
      retailer,
      'GET',
      `/v1/audit?${name}=${encodeURIComponent(c.email(`audit query ${name}`))}`,
    );
  }
  const { baseUrl, gateway } = market.cloud;
  const headers = { Authorization: `Bearer ${retailer.apiKey}` };
  for (const path of ['/v1/orders/', '/v1/erasures/', '/v1/audit/', '/docs?', '/v1/openapi.json?', '/']) {
    const url = `${baseUrl}${path}${encodeURIComponent(c.email(`path ${path}`))}`;
    await wire.send(`GET ${path}`, url, { headers });
  }
  await wire.call(supplier, 'GET', `/v1/orders?partner=${c.email('no partner')}`);
  await wire.raw('no HTTP', gateway.port, `${c.mixed('no HTTP')}\r\n\r\n`);
  await wire.raw(
    'a head too long',
    gateway.port,
    `GET / HTTP/1.1\r\nCookie: ${c.email('a long head')}${'x'.repeat(40_000)}\r\n\r\n`,
  );
}

/** Pushes that never came from Pub/Sub, at every function, past the gateway. */
export async function refusedPushes(market: Market, wire: Wire, c: Canaries): Promise<void> {
  const data = (at: string): string => Buffer.from(JSON.stringify({ note: c.mixed(at) })).toString('base64');
  const pushes = [
    ['route-order', '/'],
    ['erase', '/'],
    ['sweep', '/dead-letters'],
    ['webhooks', '/'],
    ['orders', '/'],
    ['audit', '/'],
    ['trust', '/'],
  ] as const;
  for (const [name, path] of pushes) {
    const at = `a push at ${name}`;
    const message = { data: data(at), messageId: '1', attributes: { email: c.email(`${at}, attribute`) } };
    const envelope = { subscription: c.text(`${at}, subscription`), message };
    const named = { ...envelope, message: { ...message, messageId: c.email(`${at}, id`) } };
    const bodies = [JSON.stringify(envelope), JSON.stringify(named), `{"x":"${c.mixed(`${at}, cut off`)}`];
    for (const body of bodies) {
      const headers = { 'Content-Type': 'application/json' };
      const query = `?email=${c.email(`${at}, query ${bodies.indexOf(body)}`)}`;
      await wire.send(at, `${market.cloud.hosts.url(name)}${path}${query}`, {
        method: 'POST',
        body,
        headers,
      });
    }
  }
}
