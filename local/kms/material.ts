import { type CryptoKey, PURPOSE_OF } from './key-state.ts';
import { wrongState } from './refusal.ts';
import type { FoundVersion } from './store.ts';

/** FAILED_PRECONDITION when the key was made for something else. */
export function requirePurpose(key: CryptoKey, purpose: 'ENCRYPT_DECRYPT' | 'ASYMMETRIC_SIGN'): void {
  if (PURPOSE_OF[key.algorithm] !== purpose) throw wrongState('The key does not serve this purpose.');
}

/** The raw key of a version; FAILED_PRECONDITION unless it is enabled. */
export function materialOf({ version }: FoundVersion): Buffer {
  if (version.state !== 'ENABLED' || version.material === null) {
    throw wrongState(`The version is not enabled, its state is ${version.state}.`);
  }
  return Buffer.from(version.material, 'base64');
}
