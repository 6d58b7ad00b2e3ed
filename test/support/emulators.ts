import type { TestProject } from 'vitest/node';
import { startEmulators } from '../../local/emulators.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** `host:port` of the emulators that the whole suite shares. */
    emulators: { firestore: string; pubsub: string };
  }
}

/** Starts both emulators once for the whole suite, or takes those that run, and stops what it started. */
export default async function shareEmulators(project: TestProject): Promise<() => Promise<void>> {
  const emulators = await startEmulators();
  project.provide('emulators', {
    firestore: emulators.firestore.address,
    pubsub: emulators.pubsub.address,
  });
  return () => emulators.stop();
}
