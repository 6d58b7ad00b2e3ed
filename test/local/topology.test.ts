import { PubSub } from '@google-cloud/pubsub';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import {
  createTopology,
  DELIVERY,
  FUNCTIONS,
  type FunctionName,
  removeTopology,
  subscriptionOptions,
  SUBSCRIPTIONS,
  TOPICS,
} from '../../local/topology.ts';
import { TEST_DELIVERY } from '../support/cloud.ts';

const WORK = SUBSCRIPTIONS.filter(({ deadLetters }) => deadLetters !== undefined);

describe('what production delivers with', () => {
  it.each(WORK)(
    '$name waits 600 s for an answer, backs off from 10 s and gives up after 10 attempts',
    (subscription) => {
      expect(subscriptionOptions(subscription, 'p', DELIVERY)).toEqual({
        ...(subscription.topic === 'stock' && { enableMessageOrdering: true }),
        ackDeadlineSeconds: 600,
        messageRetentionDuration: { seconds: 604_800 },
        retryPolicy: {
          minimumBackoff: { seconds: 10 },
          maximumBackoff: { seconds: 600 },
        },
        expirationPolicy: {},
        deadLetterPolicy: {
          deadLetterTopic: `projects/p/topics/${subscription.topic}-dead`,
          maxDeliveryAttempts: 10,
        },
      });
    },
  );

  it('every dead letter is delivered to who looks after it, and has nowhere further to go', () => {
    const dead = SUBSCRIPTIONS.filter(({ topic }) => topic.endsWith('-dead'));
    expect(dead.map(({ topic, to, path, deadLetters }) => ({ topic, to, path, deadLetters }))).toEqual([
      { topic: 'orders-dead', to: 'sweep', path: '/dead-letters', deadLetters: undefined },
      { topic: 'erasures-dead', to: 'sweep', path: '/dead-letters', deadLetters: undefined },
      { topic: 'stock-dead', to: 'sweep', path: '/dead-letters', deadLetters: undefined },
      { topic: 'imports-dead', to: 'sweep', path: '/dead-letters', deadLetters: undefined },
      { topic: 'stripe-events-dead', to: 'settle', path: '/dead-letters', deadLetters: undefined },
      { topic: 'deliveries-dead', to: 'sweep', path: '/dead-letters', deadLetters: undefined },
      { topic: 'pulls-dead', to: 'sweep', path: '/dead-letters', deadLetters: undefined },
    ]);
  });

  it('every topic has one subscription', () => {
    expect(SUBSCRIPTIONS.map(({ topic }) => topic).sort()).toEqual([...TOPICS].sort());
  });
});

describe('the topology in the emulator', () => {
  const projectId = `topology-${process.pid}`;
  const { pubsub } = inject('emulators');
  const pushes: { to: string; message: { data: string } }[] = [];
  const server = createServer((req, res) => {
    void json(req).then((body) => {
      const { message } = body as { message: { data: string } };
      const to = req.url ?? '';
      pushes.push({ to, message });
      res.writeHead(to.endsWith('/dead-letters') ? 204 : 503).end();
    });
  });
  const client = new PubSub({ projectId, apiEndpoint: pubsub, emulatorMode: true });
  const topology = { projectId, pubsub, delivery: { ...DELIVERY, ...TEST_DELIVERY } };
  let urls: Record<FunctionName, string>;

  beforeAll(async () => {
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const { port } = server.address() as AddressInfo;
    const base = `http://127.0.0.1:${port}`;
    urls = Object.fromEntries(FUNCTIONS.map((name) => [name, `${base}/${name}`])) as typeof urls;
    await createTopology({ ...topology, urls });
  });
  afterAll(async () => {
    await removeTopology(topology);
    await client.close();
    server.closeAllConnections();
    server.close();
  });

  it('pushes a message to its function, and what is refused five times to sweep', async () => {
    await client.topic('orders').publishMessage({ json: { n: 1 } });
    await vi.waitFor(
      () => {
        expect(pushes.at(-1)?.to).toBe('/sweep/dead-letters');
      },
      { timeout: 20_000 },
    );
    expect(pushes.map(({ to }) => to)).toEqual([
      ...Array<string>(5).fill('/route-order/'),
      '/sweep/dead-letters',
    ]);
    const bodies = pushes.map(({ message }) => Buffer.from(message.data, 'base64').toString());
    expect(new Set(bodies)).toEqual(new Set(['{"n":1}']));
  });

  it('can be made again where an earlier run left it', async () => {
    await createTopology({ ...topology, urls });
    const [subscriptions] = await client.getSubscriptions();
    expect(subscriptions.map(({ name }) => name.split('/').at(-1)).sort()).toEqual(
      SUBSCRIPTIONS.map(({ name }) => name).sort(),
    );
  });
});
