import type { Clock } from '../shared/domain/time.ts';
import { Flow } from './flow.ts';
import type { FunctionName, Schedule } from './topology.ts';

/** What Cloud Scheduler is in production, and the time that the functions see. */
export interface LocalClock {
  now: Clock;
  /** The machine's own time of a time that the functions saw; of one that was jumped over, the time of the jump. */
  machineTime(time: number): number;
  /**
   * Moves the time on and fires what became due, each schedule once however often it was due in between. Settles
   * when the ticks are answered.
   */
  advance(ms: number): Promise<void>;
  /** Fires one schedule now; answers the status. */
  tick(name: string): Promise<number>;
  /** From now on ticks wait; settles when none is under way. */
  hold(): Promise<void>;
  release(): void;
  stop(): void;
}

const MINUTE_MS = 60_000;

/** Starts held, `aheadMs` before the machine's own time: `release` it. `byHand` leaves every tick to `advance` and `tick`. */
export function startClock(options: {
  schedules: readonly Schedule[];
  urlOf: (name: FunctionName) => string;
  /** Told about every step, before anything is fired: functions in other processes follow it. */
  onMove: (offsetMs: number) => Promise<void>;
  aheadMs: number;
  byHand: boolean;
  /** Schedules that time alone does not fire; `tick` does. */
  asleep: readonly string[];
}): LocalClock {
  const { schedules, urlOf, onMove, asleep } = options;
  let offset = options.aheadMs;
  /** Since when, in the machine's time, which offset holds. */
  const moves = [{ at: -Infinity, offset }];
  const now: Clock = () => Date.now() + offset;
  let lastMinute = minute(now());
  const flow = new Flow();
  flow.hold();

  async function fireDue(): Promise<void> {
    const from = lastMinute;
    const to = minute(now());
    lastMinute = to;
    const due = schedules.filter(
      ({ name, everyMinutes }) =>
        Math.floor(from / everyMinutes) < Math.floor(to / everyMinutes) && !asleep.includes(name),
    );
    await Promise.all(due.map((schedule) => flow.pass(() => sendTick(schedule, urlOf(schedule.to), now))));
  }

  const timer = options.byHand
    ? undefined
    : setInterval(() => {
        // A tick that finds nobody is lost, as in production: the next one does the work.
        fireDue().catch(() => undefined);
      }, 1000).unref();

  return {
    now,
    machineTime(time) {
      let until = Infinity;
      for (const move of moves.toReversed()) {
        if (time - move.offset >= move.at) return Math.min(time - move.offset, until);
        until = move.at;
      }
      return time;
    },
    async advance(ms) {
      offset += ms;
      moves.push({ at: Date.now(), offset });
      await onMove(offset);
      await fireDue();
    },
    async tick(name) {
      const schedule = schedules.find((each) => each.name === name);
      if (schedule === undefined) throw new Error(`There is no schedule ${name}.`);
      return flow.pass(() => sendTick(schedule, urlOf(schedule.to), now));
    },
    async hold() {
      flow.hold();
      await flow.idle();
    },
    release() {
      flow.release();
    },
    stop() {
      clearInterval(timer);
    },
  };
}

function minute(ms: number): number {
  return Math.floor(ms / MINUTE_MS);
}

/** The call of an HTTP job: https://cloud.google.com/scheduler/docs/reference/rpc/google.cloud.scheduler.v1#httptarget. */
async function sendTick(schedule: Schedule, base: string, now: Clock): Promise<number> {
  const answer = await fetch(`${base}${schedule.path}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'user-agent': 'Google-Cloud-Scheduler',
      'x-cloudscheduler': 'true',
      'x-cloudscheduler-jobname': schedule.name,
      'x-cloudscheduler-scheduletime': new Date(minute(now()) * MINUTE_MS).toISOString(),
    },
    body: '{}',
  });
  await answer.arrayBuffer();
  return answer.status;
}
