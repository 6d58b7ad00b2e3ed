import type { status } from '@grpc/grpc-js';

/** Whether a Google client failed with one of these gRPC statuses. */
export function hasStatus(error: unknown, ...statuses: status[]): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false;
  return statuses.some((status) => status === error.code);
}
