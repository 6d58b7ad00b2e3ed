import { describe, it } from 'vitest';
import { marketToKillIn } from '../crash/ends-the-same.ts';
import { eachCall } from '../crash/kill-point.ts';
import { endsWithSoundBooks, STOCK_STEPS } from './kill-stock.ts';

describe('killed at every call and run again, no stock is promised twice or lost:', () => {
  it.each(STOCK_STEPS)(
    '$title',
    async (step) => {
      const market = await marketToKillIn([step]);
      try {
        await endsWithSoundBooks(market, step, eachCall);
      } finally {
        await market.cloud.stop();
      }
    },
    20 * 60_000,
  );
});
