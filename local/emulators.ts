import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findEmulators, SetupError } from './find-emulators.ts';
import { answers, freePort, type Leashed, startLeashed } from './leash.ts';

/** One emulator. It keeps everything in memory: after `stop`, `start` brings it back empty, at the same address. */
export interface Emulator {
  /** `host:port` */
  readonly address: string;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Google's own Firestore and Pub/Sub emulators. */
export interface Emulators {
  readonly firestore: Emulator;
  readonly pubsub: Emulator;
  /** False when they were running before us: then they can not be stopped here, and `stop` leaves them alone. */
  readonly own: boolean;
  stop(): Promise<void>;
}

/**
 * Serial collection starts a third quicker than the default on two cores, the first compiler alone costs a short life
 * less, and the heap gives memory back.
 */
const JVM = [
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-XX:-UsePerfData',
  '-Xms64m',
  '-XX:MinHeapFreeRatio=20',
];
const FIRESTORE_CLASS = 'com.google.cloud.datastore.emulator.firestore.CloudFirestore';
const RULES = resolve(import.meta.dirname, '..', 'firestore.rules');
const START_LIMIT_MS = 60_000;

/**
 * Takes the emulators that `FIRESTORE_EMULATOR_HOST` and `PUBSUB_EMULATOR_HOST` name, or starts the installed ones.
 * Throws a `SetupError` when there are none. The two variables are taken out of `env`.
 */
export async function startEmulators(env: NodeJS.ProcessEnv = process.env): Promise<Emulators> {
  const running = takeAddresses(env);
  if (running.firestore && running.pubsub) return takeRunning(running.firestore, running.pubsub);

  const jars = findEmulators(env);
  const firestore = emulator('Firestore', jars.java, (port) => [
    ...JVM,
    // The emulator's messages are only there in English.
    '-Duser.language=en',
    ...['-cp', jars.firestore, FIRESTORE_CLASS],
    ...['--host', '127.0.0.1', '--port', String(port), '--rules', RULES],
  ]);
  const pubsub = emulator('Pub/Sub', jars.java, (port) => [
    ...JVM,
    ...['-jar', jars.pubsub, '--host=127.0.0.1', `--port=${port}`],
  ]);
  const stop = async (): Promise<void> => {
    await Promise.all([firestore.stop(), pubsub.stop()]);
  };
  const started = await Promise.allSettled([firestore.start(), pubsub.start()]);
  const failed = started.find((result) => result.status === 'rejected');
  if (failed !== undefined) {
    await stop();
    throw failed.reason;
  }
  return { firestore, pubsub, own: true, stop };
}

/**
 * What `FIRESTORE_EMULATOR_HOST` and `PUBSUB_EMULATOR_HOST` name. Both are taken out of `env`, since the official
 * clients obey them whatever address they are given, and would go around the doors.
 */
export function takeAddresses(env: NodeJS.ProcessEnv): Partial<Record<'firestore' | 'pubsub', string>> {
  const { FIRESTORE_EMULATOR_HOST: firestore, PUBSUB_EMULATOR_HOST: pubsub } = env;
  delete env['FIRESTORE_EMULATOR_HOST'];
  delete env['PUBSUB_EMULATOR_HOST'];
  return { ...(firestore && { firestore }), ...(pubsub && { pubsub }) };
}

async function takeRunning(firestore: string, pubsub: string): Promise<Emulators> {
  for (const [name, address] of Object.entries({ Firestore: firestore, 'Pub/Sub': pubsub })) {
    if (await answers(address)) continue;
    throw new SetupError(
      `No ${name} emulator answers at ${address}: start it, or unset FIRESTORE_EMULATOR_HOST and PUBSUB_EMULATOR_HOST.`,
    );
  }
  const refuse = (): Promise<never> =>
    Promise.reject(new SetupError('This emulator was running before: it is not ours to stop.'));
  const taken = (address: string): Emulator => ({ address, start: refuse, stop: refuse });
  return {
    firestore: taken(firestore),
    pubsub: taken(pubsub),
    own: false,
    stop: () => Promise.resolve(),
  };
}

/** Keeps the port it once had, since doors and clients were told it. */
function emulator(name: string, java: string, args: (port: number) => string[]): Emulator {
  let port: number | undefined;
  let jvm: Leashed | undefined;
  return {
    get address() {
      return `127.0.0.1:${port ?? 0}`;
    },
    async start() {
      let problem = '';
      for (let attempt = 0; attempt < 3; attempt += 1) {
        const candidate = port ?? (await freePort());
        jvm = startLeashed(java, args(candidate));
        if (await listens(`127.0.0.1:${candidate}`, jvm)) {
          port = candidate;
          return;
        }
        problem = jvm.lastWords();
        await jvm.end();
      }
      throw new SetupError(whyNot(name, problem));
    },
    async stop() {
      await jvm?.end();
      jvm = undefined;
    },
  };
}

/** False when the process ended before it listened. */
async function listens(address: string, jvm: Leashed): Promise<boolean> {
  const ended = jvm.gone.then(() => true);
  const deadline = Date.now() + START_LIMIT_MS;
  while (Date.now() < deadline) {
    if (await answers(address)) return true;
    if (await Promise.race([ended, delay(20, false)])) return false;
  }
  return false;
}

function whyNot(name: string, lastWords: string): string {
  if (lastWords.includes('UnsupportedClassVersionError')) {
    return `The ${name} emulator needs a newer Java than the one found: install Java 21.`;
  }
  const last = lastWords.split('\n').at(-1) ?? '';
  return `The ${name} emulator did not start: ${last === '' ? 'it said nothing' : last}`;
}
