import { inject } from 'vitest';
import { type Cloud, type CloudOptions, startCloud } from '../../local/cloud.ts';
import { type Emulators, startEmulators } from '../../local/emulators.ts';
import type { SpareProcesses } from '../../local/host-apart.ts';
import type { Delivery } from '../../local/topology.ts';
import { watchChanges } from './silent-changes.ts';
import { watchOpenings } from './silent-openings.ts';

/**
 * Tests do not wait as production does: the fifth attempt is the last, the fewest that the service allows. Between
 * attempts the emulator waits three seconds with any policy, even of 0.1 s, and one second without.
 */
export const TEST_DELIVERY: Readonly<Partial<Delivery>> = {
  backoffSeconds: undefined,
  maxDeliveryAttempts: 5,
};

/**
 * Copies of whole databases, which hours that a test lets pass would bring many of. Tests of backups, and those of what
 * is kept anywhere, have them made as time goes (`asleep: []`).
 */
export const BACKUPS = ['backup', 'backup-check', 'offsite-copy', 'offsite-purge', 'restore-drill'];

/** A file's functions run in the processes of the file before it, which have loaded the code already. */
const SPARES: SpareProcesses = [];

export type TestCloud = Cloud & {
  /** Every line that the functions wrote until now. */
  readonly lines: readonly string[];
};

/** The emulators of the whole suite. They are never stopped by a test. */
export function sharedEmulators(): Promise<Emulators> {
  const { firestore, pubsub } = inject('emulators');
  return startEmulators({ FIRESTORE_EMULATOR_HOST: firestore, PUBSUB_EMULATOR_HOST: pubsub });
}

/**
 * A cloud of its own for one test file: on the suite's emulators, under a random project, so that files run side by
 * side; its clock moves by hand. `ownEmulators` starts some that the test may stop. The caller calls `stop`, which fails
 * when a function changed or opened something of a merchant's without an entry in the log.
 */
export async function testCloud(
  options: Omit<CloudOptions, 'emulators'> & { ownEmulators?: boolean } = {},
): Promise<TestCloud> {
  const { ownEmulators = false, ...rest } = options;
  const lines: string[] = [];
  const cloud = await startCloud({
    clockByHand: true,
    asleep: BACKUPS,
    spares: SPARES,
    ...rest,
    delivery: { ...TEST_DELIVERY, ...rest.delivery },
    onLine: (line) => {
      lines.push(line);
      rest.onLine?.(line);
    },
    ...(ownEmulators ? {} : { emulators: await sharedEmulators() }),
  });
  const silent = { Changed: watchChanges(cloud), Opened: watchOpenings(cloud) };
  const stop = async (): Promise<void> => {
    await cloud.stop();
    const told = Object.entries(silent).map(([done, now]) => [done, now().join('; ')] as const);
    const wrong = told.filter(([, what]) => what !== '');
    if (wrong.length === 0) return;
    throw new Error(
      wrong.map(([done, what]) => `${done} without an entry in the merchant’s log: ${what}`).join('\n'),
    );
  };
  return { ...cloud, lines, stop };
}
