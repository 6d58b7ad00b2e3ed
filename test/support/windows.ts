import type { Cloud } from '../../local/cloud.ts';

const HOUR = 60 * 60_000;

/**
 * Moves the time to the beginning of an hour, where every window of a limit begins. Real time goes on while a test runs,
 * and what it counts would else now and then be in two windows.
 */
export async function freshWindows({ clock }: Pick<Cloud, 'clock'>): Promise<void> {
  await clock.advance(HOUR - (clock.now() % HOUR));
}
