import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CallSeen } from '../../local/door/faults.ts';
import { type Market, startMarket } from '../support/market.ts';
import { callsDuring, isChange } from './kill-point.ts';
import { stateOf } from './order-state.ts';
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

/** Processes start one after another here, which a busy machine makes slow. */
const PATIENCE = { timeout: 120_000 };

let market: Market;
beforeAll(async () => {
  market = await startMarket();
});
afterAll(() => market.cloud.stop());

const isCommit = (call: CallSeen): boolean => call.method === 'Commit' && isChange(call);

describe('a commit that was done while its answer got lost is not done twice:', PATIENCE, () => {
  it.each([ARCHIVE, CANCEL, CONFIRM, CREATE, DELETE, ERASE, FULFIL, HOLD, RECEIVE, ROUTE, SWEEP])(
    '$title',
    async ({ by, prepare }) => {
      const door = market.cloud.doors[by];
      const undisturbed = await prepare(market);
      const commits = (await callsDuring(market.cloud, by, undisturbed.run)).filter(isCommit).length;
      const expected = await stateOf(market, undisturbed.ids);
      for (let nth = 1; nth <= commits; nth += 1) {
        const { ids, run } = await prepare(market);
        let lost = false;
        door.setFault({
          ...{ match: isCommit, nth, when: 'after', then: { status: status.UNAVAILABLE } },
          onHit: () => {
            lost = true;
          },
        });
        await run();
        await market.cloud.hosts.idle();
        expect(lost, `commit ${nth}`).toBe(true);
        expect(await stateOf(market, ids), `commit ${nth}`).toEqual(expected);
      }
    },
  );
});
