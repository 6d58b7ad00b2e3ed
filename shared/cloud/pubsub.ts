import { status } from '@grpc/grpc-js';
import { PubSub, type Topic } from '@google-cloud/pubsub';
import type { StripeEventMessage } from '../domain/billing.ts';
import type { ImportMessage } from '../domain/import.ts';
import type { DeliveryMessage } from '../domain/delivery.ts';
import type { ErasureMessage, OrderMessage } from '../domain/order.ts';
import type { PollMessage, PullMessage } from '../domain/pull.ts';
import type { StockMessage } from '../domain/stock.ts';
import type { Config } from './config.ts';

/** Messages carry ids and nothing else; what each topic may carry is closed by its type. */
export interface Publisher {
  order(message: OrderMessage): Promise<void>;
  erasure(message: ErasureMessage): Promise<void>;
  /** Messages about one supplier are delivered one after the other. */
  stock(message: StockMessage): Promise<void>;
  import(message: ImportMessage): Promise<void>;
  stripeEvent(message: StripeEventMessage): Promise<void>;
  delivery(message: DeliveryMessage): Promise<void>;
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
  const options = { batching: { maxMessages: 100, maxMilliseconds: 10 }, gaxOpts: PUBLISH };
  const topic = (name: string): Topic => pubsub.topic(name, options);
  const orders = topic('orders');
  const erasures = topic('erasures');
  const stock = pubsub.topic('stock', { ...options, messageOrdering: true });
  const imports = topic('imports');
  const stripeEvents = topic('stripe-events');
  const deliveries = topic('deliveries');
  const pulls = topic('pulls');
  return {
    async order(message) {
      await orders.publishMessage({ json: message });
    },
    async erasure(message) {
      await erasures.publishMessage({ json: message });
    },
    async stock(message) {
      const orderingKey = message.supplierId;
      try {
        await stock.publishMessage({ json: message, orderingKey });
      } catch (error) {
        // The client keeps back all that follows a message which got lost; here each stands for itself.
        stock.resumePublishing(orderingKey);
        throw error;
      }
    },
    async import(message) {
      await imports.publishMessage({ json: message });
    },
    async stripeEvent(message) {
      await stripeEvents.publishMessage({ json: message });
    },
    async delivery(message) {
      await deliveries.publishMessage({ json: message });
    },
    async pull(message) {
      await pulls.publishMessage({ json: message });
    },
  };
}
