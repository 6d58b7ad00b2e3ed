import { PubSub } from '@google-cloud/pubsub';

/** Every function of the hub. */
export const FUNCTIONS = [
  'webhooks',
  'orders',
  'accounts',
  'partners',
  'export',
  'audit',
  'trust',
  'route-order',
  'erase',
  'sweep',
  'close',
  'recover',
  'support',
  'disclose',
  'review',
  'catalogue',
  'allocate',
  'import',
  'checkpoint',
  'archive-log',
  'stripe-webhooks',
  'settle',
  'bill',
  'billing',
  'backup',
  'backup-check',
  'offsite-copy',
  'offsite-purge',
  'deliver',
  'pull',
  'restore-drill',
] as const;

export type FunctionName = (typeof FUNCTIONS)[number];

/** How a push subscription delivers. */
export interface Delivery {
  ackDeadlineSeconds: number;
  /** How long a refused message waits for its next attempt; `undefined` leaves that to the service. */
  backoffSeconds: { minimum: number; maximum: number } | undefined;
  /** Attempts after which a message goes to the dead-letter topic; the service allows 5 to 100. */
  maxDeliveryAttempts: number;
  retentionSeconds: number;
}

/** What production runs with, and `npm start` too. Tests deliver sooner and give up earlier. */
export const DELIVERY: Readonly<Delivery> = {
  ackDeadlineSeconds: 600,
  backoffSeconds: { minimum: 10, maximum: 600 },
  maxDeliveryAttempts: 10,
  retentionSeconds: 7 * 24 * 60 * 60,
};

export const TOPICS = [
  'orders',
  'erasures',
  'stock',
  'imports',
  'stripe-events',
  'orders-dead',
  'erasures-dead',
  'stock-dead',
  'imports-dead',
  'stripe-events-dead',
  'deliveries',
  'deliveries-dead',
  'pulls',
  'pulls-dead',
] as const;

export type TopicName = (typeof TOPICS)[number];

export interface Subscription {
  name: string;
  topic: TopicName;
  /** Who is pushed to, and the path of the push. */
  to: FunctionName;
  path: string;
  /** Where a message goes that was refused too often. Dead letters themselves are kept until they are taken. */
  deadLetters: TopicName | undefined;
  /** Messages with the same ordering key are delivered one after the other. */
  ordered?: true;
}

export const SUBSCRIPTIONS: readonly Subscription[] = [
  { name: 'orders-route-order', topic: 'orders', to: 'route-order', path: '/', deadLetters: 'orders-dead' },
  { name: 'erasures-erase', topic: 'erasures', to: 'erase', path: '/', deadLetters: 'erasures-dead' },
  { name: 'pulls-pull', topic: 'pulls', to: 'pull', path: '/', deadLetters: 'pulls-dead' },
  {
    name: 'stock-allocate',
    topic: 'stock',
    to: 'allocate',
    path: '/',
    deadLetters: 'stock-dead',
    ordered: true,
  },
  {
    name: 'orders-dead-sweep',
    topic: 'orders-dead',
    to: 'sweep',
    path: '/dead-letters',
    deadLetters: undefined,
  },
  {
    name: 'erasures-dead-sweep',
    topic: 'erasures-dead',
    to: 'sweep',
    path: '/dead-letters',
    deadLetters: undefined,
  },
  {
    name: 'stock-dead-sweep',
    topic: 'stock-dead',
    to: 'sweep',
    path: '/dead-letters',
    deadLetters: undefined,
  },
  { name: 'imports-import', topic: 'imports', to: 'import', path: '/', deadLetters: 'imports-dead' },
  {
    name: 'imports-dead-sweep',
    topic: 'imports-dead',
    to: 'sweep',
    path: '/dead-letters',
    deadLetters: undefined,
  },
  {
    name: 'stripe-events-settle',
    topic: 'stripe-events',
    to: 'settle',
    path: '/',
    deadLetters: 'stripe-events-dead',
  },
  {
    name: 'stripe-events-dead-settle',
    topic: 'stripe-events-dead',
    to: 'settle',
    path: '/dead-letters',
    deadLetters: undefined,
  },
  {
    name: 'deliveries-deliver',
    topic: 'deliveries',
    to: 'deliver',
    path: '/',
    deadLetters: 'deliveries-dead',
  },
  {
    name: 'deliveries-dead-sweep',
    topic: 'deliveries-dead',
    to: 'sweep',
    path: '/dead-letters',
    deadLetters: undefined,
  },
  {
    name: 'pulls-dead-sweep',
    topic: 'pulls-dead',
    to: 'sweep',
    path: '/dead-letters',
    deadLetters: undefined,
  },
];

export interface Schedule {
  name: string;
  to: FunctionName;
  path: string;
  everyMinutes: number;
}

export const SCHEDULES: readonly Schedule[] = [
  { name: 'sweep', to: 'sweep', path: '/', everyMinutes: 1 },
  { name: 'pull', to: 'pull', path: '/tick', everyMinutes: 1 },
  { name: 'close', to: 'close', path: '/', everyMinutes: 5 },
  { name: 'recover', to: 'recover', path: '/', everyMinutes: 15 },
  { name: 'review', to: 'review', path: '/', everyMinutes: 24 * 60 },
  { name: 'checkpoint', to: 'checkpoint', path: '/', everyMinutes: 5 },
  // Each company once a day; the other ticks go on where the one before stopped.
  { name: 'archive-log', to: 'archive-log', path: '/', everyMinutes: 60 },
  // New charges are made once a day; the other ticks go on with what is under way.
  { name: 'bill', to: 'bill', path: '/', everyMinutes: 15 },
  // At 0, 6, 12 and 18 o'clock UTC.
  { name: 'backup', to: 'backup', path: '/', everyMinutes: 6 * 60 },
  { name: 'backup-check', to: 'backup-check', path: '/', everyMinutes: 15 },
  { name: 'offsite-copy', to: 'offsite-copy', path: '/', everyMinutes: 5 },
  { name: 'offsite-purge', to: 'offsite-purge', path: '/', everyMinutes: 15 },
  { name: 'restore-drill', to: 'restore-drill', path: '/', everyMinutes: 60 },
];

/** The client's form of a subscription; the emulator and production take the same. */
export function subscriptionOptions(
  subscription: Subscription,
  projectId: string,
  delivery: Readonly<Delivery>,
) {
  const backoff = delivery.backoffSeconds;
  return {
    ackDeadlineSeconds: delivery.ackDeadlineSeconds,
    messageRetentionDuration: { seconds: delivery.retentionSeconds },
    ...(backoff === undefined
      ? {}
      : {
          retryPolicy: {
            minimumBackoff: { seconds: backoff.minimum },
            maximumBackoff: { seconds: backoff.maximum },
          },
        }),
    // Without this a subscription that saw no message for 31 days is deleted.
    expirationPolicy: {},
    ...(subscription.ordered === true && { enableMessageOrdering: true }),
    ...(subscription.deadLetters === undefined
      ? {}
      : {
          deadLetterPolicy: {
            deadLetterTopic: `projects/${projectId}/topics/${subscription.deadLetters}`,
            maxDeliveryAttempts: delivery.maxDeliveryAttempts,
          },
        }),
  };
}

/**
 * Creates all topics and subscriptions in the Pub/Sub emulator at `pubsub` (`host:port`). What is there already is
 * made anew, since it pushes to where an earlier run listened.
 */
export async function createTopology(options: {
  projectId: string;
  pubsub: string;
  /** The base URL of each function. */
  urls: Readonly<Record<FunctionName, string>>;
  delivery: Readonly<Delivery>;
}): Promise<void> {
  const { projectId, pubsub, urls, delivery } = options;
  const client = new PubSub({ projectId, apiEndpoint: pubsub, emulatorMode: true });
  try {
    await Promise.all(
      TOPICS.map((topic) =>
        again(
          () => client.createTopic(topic),
          () => client.topic(topic).delete(),
        ),
      ),
    );
    await Promise.all(
      SUBSCRIPTIONS.map((subscription) =>
        again(
          () =>
            client.createSubscription(subscription.topic, subscription.name, {
              ...subscriptionOptions(subscription, projectId, delivery),
              pushConfig: { pushEndpoint: `${urls[subscription.to]}${subscription.path}` },
            }),
          () => client.subscription(subscription.name).delete(),
        ),
      ),
    );
  } finally {
    await client.close();
  }
}

/** Deletes what `createTopology` made, in emulators that go on for others. */
export async function removeTopology(options: { projectId: string; pubsub: string }): Promise<void> {
  const client = new PubSub({
    projectId: options.projectId,
    apiEndpoint: options.pubsub,
    emulatorMode: true,
  });
  try {
    await Promise.all(SUBSCRIPTIONS.map(({ name }) => client.subscription(name).delete()));
    await Promise.all(TOPICS.map((topic) => client.topic(topic).delete()));
  } finally {
    await client.close();
  }
}

const ALREADY_EXISTS = 6;

async function again(create: () => Promise<unknown>, remove: () => Promise<unknown>): Promise<void> {
  try {
    await create();
  } catch (error) {
    if ((error as { code?: unknown }).code !== ALREADY_EXISTS) throw error;
    await remove();
    await create();
  }
}
