import type { WireRequest } from './wire.ts';

/** A request and where it goes. */
export interface Attack {
  to: string;
  request: WireRequest;
}

export const JSON_TYPE = { 'Content-Type': 'application/json' };
