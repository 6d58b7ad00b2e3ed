import { describe, it } from 'vitest';
import { endsTheSame, marketToKillIn } from './ends-the-same.ts';
import { eachCall } from './kill-point.ts';
import {
  ARCHIVE,
  CANCEL,
  CONFIRM,
  CREATE,
  DELETE,
  ERASE,
  FULFIL,
  HOLD,
  RECEIVE,
  ROUTE,
  SWEEP,
} from './steps.ts';

/** Those first that take locks: what waits for the end of a lock leaves the machine to others. */
const STEPS = [FULFIL, CANCEL, ARCHIVE, DELETE, SWEEP, HOLD, ERASE, CONFIRM, CREATE, ROUTE, RECEIVE];
const PATIENCE = 20 * 60_000;

describe.concurrent(
  'killed at every call it makes and run again, it ends as if nothing had happened:',
  () => {
    it.each(STEPS)(
      '$title',
      async (step) => {
        const market = await marketToKillIn([step]);
        try {
          await endsTheSame(market, step, eachCall);
        } finally {
          await market.cloud.stop();
        }
      },
      PATIENCE,
    );
  },
);
