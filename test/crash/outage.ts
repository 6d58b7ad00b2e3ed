import type { Door } from '../../local/door/door.ts';
import type { CallSeen, Fault } from '../../local/door/faults.ts';

/** From now on every call that matches is answered with this status (for storage an HTTP one); answers how to end it. */
export function outage(door: Door, match: (call: CallSeen) => boolean, status: number): () => void {
  const fault: Fault = {
    ...{ match, nth: 1, when: 'before', then: { status } },
    onHit: () => {
      door.setFault(fault);
    },
  };
  door.setFault(fault);
  return () => {
    door.setFault(null);
  };
}
