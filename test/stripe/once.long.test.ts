import { it } from 'vitest';
import { ENDS, endsAt } from './once.ts';

it.each([2, 13, 30])(
  'charges once when a run ended at any step and the next one comes %i hours later',
  async (hours) => {
    await endsAt(ENDS, hours);
  },
);
