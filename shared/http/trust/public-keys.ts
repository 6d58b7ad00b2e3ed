import type { RouteHandler } from '@hono/zod-openapi';
import type { Attest } from '../../cloud/attest.ts';
import type { ApiEnv } from '../app.ts';
import type { publicKeysRoute } from './routes.ts';

/** `GET /.well-known/jwks.json`: the public halves of what we sign with. */
export function getPublicKeys(deps: {
  attest: Pick<Attest, 'publicKeys'>;
}): RouteHandler<typeof publicKeysRoute, ApiEnv> {
  return async (c) => {
    const keys = await deps.attest.publicKeys();
    c.header('Cache-Control', 'public, max-age=300');
    return c.json({ keys }, 200);
  };
}
