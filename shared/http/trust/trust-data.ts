import type { RouteHandler } from '@hono/zod-openapi';
import type { BackupState } from '../../backups/state.ts';
import type { Clock } from '../../domain/time.ts';
import type { ApiEnv } from '../app.ts';
import type { trustRoute } from './routes.ts';

/** Read anew no more often, in milliseconds, whoever asks. */
const KNOWN_FOR = 60_000;

/** `GET /v1/trust`: what anyone may see of how we keep our promises, measured. */
export function getTrust(deps: {
  backups: () => Promise<BackupState>;
  now: Clock;
}): RouteHandler<typeof trustRoute, ApiEnv> {
  let known: { backups: BackupState; readAt: number } | undefined;
  return async (c) => {
    const readAt = deps.now();
    if (known === undefined || readAt - known.readAt >= KNOWN_FOR) {
      known = { backups: await deps.backups(), readAt };
    }
    const { newest, overdue, drill } = known.backups;
    c.header('Cache-Control', 'public, max-age=60');
    return c.json(
      {
        backups: {
          newest,
          overdue,
          drill: drill && {
            ...{ at: drill.at, passed: drill.passed },
            recoveryTimeSeconds: seconds(drill.recoveryTime),
            recoveryPointSeconds: seconds(drill.recoveryPoint),
          },
        },
      },
      200,
    );
  };
}

function seconds(ms: number | null): number | null {
  return ms === null ? null : Math.ceil(ms / 1000);
}
