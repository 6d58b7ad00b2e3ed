import { AppError } from '../domain/errors.ts';

/** Runs work that a caller waits for. */
export type Patience = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * `UNAVAILABLE` for what is not done after `ms` milliseconds: while a part of the cloud is away, its clients try for
 * minutes, and no caller waits that long. The work goes on behind the answer and may still be done; every step can be
 * repeated, so a repeat finds either. Once `most` pieces of work are left behind like this, nothing new is begun.
 */
export function createPatience({ ms, most }: { ms: number; most: number }): Patience {
  let leftBehind = 0;
  return async (work) => {
    if (leftBehind >= most) throw new AppError('UNAVAILABLE');
    let late = false;
    const tooLate: PromiseWithResolvers<never> = Promise.withResolvers();
    const timer = setTimeout(() => {
      late = true;
      leftBehind += 1;
      tooLate.reject(new AppError('UNAVAILABLE'));
    }, ms);
    const working = work().finally(() => {
      clearTimeout(timer);
      if (late) leftBehind -= 1;
    });
    return Promise.race([working, tooLate.promise]);
  };
}
