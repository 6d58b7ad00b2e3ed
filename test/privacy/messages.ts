import { type Message, PubSub } from '@google-cloud/pubsub';
import { TOPICS } from '../../local/topology.ts';
import type { Piece } from './finder.ts';

/** Everything that is published, by subscriptions of the test's own. */
export interface Messages {
  readonly all: (Piece & { topic: string })[];
  close(): Promise<void>;
}

/** Listens on all four topics of a project from now on. */
export async function collectMessages(projectId: string, pubsub: string): Promise<Messages> {
  const client = new PubSub({ projectId, apiEndpoint: pubsub, emulatorMode: true });
  const all: Messages['all'] = [];
  const subscriptions = await Promise.all(
    TOPICS.map(async (topic) => {
      const [subscription] = await client.createSubscription(topic, `${topic}-seen`);
      subscription.on('message', (message: Message) => {
        all.push({ topic, place: `message ${message.id} on ${topic}`, bytes: bytesOf(message) });
        message.ack();
      });
      // Topics are deleted under us at the end.
      subscription.on('error', () => undefined);
      return subscription;
    }),
  );
  return {
    all,
    async close() {
      await Promise.all(subscriptions.map((subscription) => subscription.close()));
      await Promise.all(subscriptions.map((subscription) => subscription.delete()));
      await client.close();
    },
  };
}

function bytesOf(message: Message): Buffer {
  const around = { attributes: message.attributes, orderingKey: message.orderingKey };
  return Buffer.concat([message.data, Buffer.from(`\n${JSON.stringify(around)}`)]);
}
