import type { RouteHandler } from '@hono/zod-openapi';
import { publicJwk, type PublicJwk } from '../../crypto/jws.ts';
import type { Clock } from '../../domain/time.ts';
import type { ApiEnv } from '../app.ts';
import type { publicKeysRoute } from './routes.ts';

const CACHE_MS = 5 * 60 * 1000;

/** `GET /.well-known/jwks.json`: the public halves of what we sign with, asked of KMS once in five minutes. */
export function getPublicKeys(deps: {
  kms: { publicKeys(): Promise<{ pem: string }[]> };
  now: Clock;
}): RouteHandler<typeof publicKeysRoute, ApiEnv> {
  let kept: { keys: PublicJwk[]; readAt: number } | undefined;
  return async (c) => {
    if (kept === undefined || deps.now() - kept.readAt >= CACHE_MS) {
      const readAt = deps.now();
      const versions = await deps.kms.publicKeys();
      kept = { keys: await Promise.all(versions.map(({ pem }) => publicJwk(pem))), readAt };
    }
    c.header('Cache-Control', 'public, max-age=300');
    return c.json({ keys: kept.keys }, 200);
  };
}
