import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

export type EmulatorName = 'firestore' | 'pubsub';

/** What `startEmulators` needs to run both: nothing is downloaded here. */
export interface EmulatorJars {
  java: string;
  firestore: string;
  pubsub: string;
}

/** A sentence for the person at the terminal, shown without a stack. */
export class SetupError extends Error {
  override name = 'SetupError';
}

/**
 * Finds Java and the emulators: the installed Cloud SDK's first, else those that firebase-tools keeps in its cache.
 * Throws a `SetupError` that says in one sentence what to install.
 */
export function findEmulators(env: NodeJS.ProcessEnv): EmulatorJars {
  const jar = (name: EmulatorName): string | undefined => inSdk(name, env) ?? inFirebaseCache(name, env);
  const firestore = jar('firestore');
  const pubsub = jar('pubsub');
  if (firestore === undefined || pubsub === undefined) {
    const missing = [...(firestore ? [] : ['Firestore']), ...(pubsub ? [] : ['Pub/Sub'])].join(' and ');
    throw new SetupError(
      `The ${missing} emulator was not found: install the Google Cloud SDK with its emulators ` +
        '(gcloud components install cloud-firestore-emulator pubsub-emulator), or, where there is internet, ' +
        'run npx firebase setup:emulators:firestore and npx firebase setup:emulators:pubsub.',
    );
  }
  return { java: findJava(env), firestore, pubsub };
}

function findJava(env: NodeJS.ProcessEnv): string {
  const home = env['JAVA_HOME'];
  const java =
    home !== undefined && existsSync(join(home, 'bin', 'java'))
      ? join(home, 'bin', 'java')
      : onPath('java', env);
  // macOS has a `java` that only says that there is none.
  if (java === undefined || spawnSync(java, ['-version'], { stdio: 'ignore' }).status !== 0) {
    throw new SetupError('Java was not found: install a Java runtime, version 11 or later (17 is fine).');
  }
  return java;
}

function inSdk(name: EmulatorName, env: NodeJS.ProcessEnv): string | undefined {
  for (const root of sdkRoots(env)) {
    const jar =
      name === 'firestore'
        ? join(root, 'platform', 'cloud-firestore-emulator', 'cloud-firestore-emulator.jar')
        : newest(join(root, 'platform', 'pubsub-emulator', 'lib'), /^cloud-pubsub-emulator-.*-all\.jar$/);
    if (jar !== undefined && existsSync(jar)) return jar;
  }
  return undefined;
}

/** Most often `gcloud` lies in the SDK's own `bin`. Where it does not, it knows, but takes a second to say. */
function* sdkRoots(env: NodeJS.ProcessEnv): Generator<string> {
  const gcloud = onPath('gcloud', env);
  if (gcloud === undefined) return;
  yield dirname(dirname(realpathSync(gcloud)));
  const info = spawnSync(gcloud, ['info', '--format=value(installation.sdk_root)'], { encoding: 'utf8' });
  if (info.status === 0) yield info.stdout.trim();
}

function inFirebaseCache(name: EmulatorName, env: NodeJS.ProcessEnv): string | undefined {
  const cache = env['FIREBASE_EMULATORS_PATH'] ?? join(homedir(), '.cache', 'firebase', 'emulators');
  if (name === 'firestore') return newest(cache, /^cloud-firestore-emulator-v.*\.jar$/);
  const folder = newest(cache, /^pubsub-emulator-[\d.]+$/);
  if (folder === undefined) return undefined;
  return newest(join(folder, 'pubsub-emulator', 'lib'), /^cloud-pubsub-emulator-.*-all\.jar$/);
}

function newest(folder: string, pattern: RegExp): string | undefined {
  if (!existsSync(folder)) return undefined;
  const name = readdirSync(folder)
    .filter((entry) => pattern.test(entry))
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
    .at(-1);
  return name === undefined ? undefined : join(folder, name);
}

function onPath(command: string, env: NodeJS.ProcessEnv): string | undefined {
  return (env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, command))
    .find((file) => existsSync(file));
}
