import { Crc32c } from '@aws-crypto/crc32c';
import { invalid } from './refusal.ts';

/** google.protobuf.Int64Value: `null` when it was not sent. */
export type OptionalChecksum = { value: number } | null;

/** CRC32C of the bytes as the protocol carries it. */
export function checksum(bytes: Uint8Array): { value: number } {
  return { value: new Crc32c().update(bytes).digest() };
}

/**
 * What goes into `verified_…_crc32c`: true when a checksum came and is right, false when none came. One that is
 * wrong refuses the request, because the bytes were changed on their way.
 */
export function verified(field: string, bytes: Uint8Array, sent: OptionalChecksum): boolean {
  if (sent === null) return false;
  if (sent.value !== checksum(bytes).value) throw invalid(`The checksum in ${field}_crc32c did not match.`);
  return true;
}
