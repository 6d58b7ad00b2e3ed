import { status } from '@grpc/grpc-js';
import { PubSub, type Topic } from '@google-cloud/pubsub';
import type { ErasureMessage, OrderMessage } from '../domain/order.ts';
import type { PollMessage, PullMessage } from '../domain/pull.ts';
import type { Config } from './config.ts';

/** Messages carry ids and nothing else; what each topic may carry is closed by its type. */
export interface Publisher {
  order(message: OrderMessage): Promise<void>;
  erasure(message: ErasureMessage): Promise<void>;
  pull(message: PullMessage | PollMessage): Promise<void>;
}

/**
 * Milliseconds. Left alone the client tries for ten minutes, while a shop waits five seconds; what is not published
 * by then is published by `sweep`.
 */
const PUBLISH = {
  retry: {
    retryCodes: [status.UNAVAILABLE, status.DEADLINE_EXCEEDED, status.INTERNAL, status.ABORTED],
    backoffSettings: {
      initialRetryDelayMillis: 50,
      retryDelayMultiplier: 2,
      maxRetryDelayMillis: 400,
      initialRpcTimeoutMillis: 1_000,
      rpcTimeoutMultiplier: 1,
      maxRpcTimeoutMillis: 1_000,
      totalTimeoutMillis: 2_000,
    },
  },
};

/** Publishes through the official client, which gathers what comes within ten milliseconds into one call. */
export function createPublisher(config: Pick<Config, 'projectId' | 'cloudEndpoint'>): Publisher {
  const pubsub = new PubSub({
    projectId: config.projectId,
    ...(config.cloudEndpoint === undefined ? {} : { apiEndpoint: config.cloudEndpoint, emulatorMode: true }),
  });
  const topic = (name: string): Topic =>
    pubsub.topic(name, { batching: { maxMessages: 100, maxMilliseconds: 10 }, gaxOpts: PUBLISH });
  const orders = topic('orders');
  const erasures = topic('erasures');
  const pulls = topic('pulls');
  return {
    async order(message) {
      await orders.publishMessage({ json: message });
    },
    async erasure(message) {
      await erasures.publishMessage({ json: message });
    },
    async pull(message) {
      await pulls.publishMessage({ json: message });
    },
  };
}
