import { it } from 'vitest';
import { ENDS, endsAt } from './once.ts';

it('charges once when a run ended with an answer lost and the next one comes after Stripe forgot its keys', async () => {
  const lost = ENDS.filter(({ fault }) => fault === 'lose');
  await endsAt(lost.slice(-3), 30);
});
