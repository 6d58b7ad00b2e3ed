import { GoogleAuth } from 'google-auth-library';
import { z } from 'zod';
import { AppError, type ErrorCode, ERRORS } from '../domain/errors.ts';
import type { Config } from './config.ts';

/** A function of ours that is not reachable from the internet, as another one calls it. */
export interface Internal {
  /**
   * POSTs JSON and answers what the schema reads of it. A refusal comes back as its code; whatever else goes wrong is
   * `UNAVAILABLE`.
   */
  post<T>(path: string, body: object, answer: z.ZodType<T>): Promise<T>;
}

const TIMEOUT = 30_000;
const Refusal = z.object({ code: z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]) });

/**
 * Calls with this service's own identity: an ID token for the function called, which Cloud Run checks before the
 * function is run (https://cloud.google.com/run/docs/authenticating/service-to-service). On one machine without.
 */
export function createInternal(config: Pick<Config, 'production'>, url: string): Internal {
  const auth = config.production ? new GoogleAuth() : undefined;
  let client: ReturnType<GoogleAuth['getIdTokenClient']> | undefined;

  async function authorization(): Promise<Record<string, string>> {
    if (auth === undefined) return {};
    client ??= auth.getIdTokenClient(url).catch((error: unknown) => {
      client = undefined;
      throw error;
    });
    const headers = await (await client).getRequestHeaders(url);
    return { Authorization: headers.get('authorization') ?? '' };
  }

  async function call(path: string, body: object): Promise<{ ok: boolean; json: unknown }> {
    try {
      const response = await fetch(url + path, {
        method: 'POST',
        headers: { ...(await authorization()), 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
        redirect: 'error',
        signal: AbortSignal.timeout(TIMEOUT),
      });
      return { ok: response.ok, json: await response.json() };
    } catch (cause) {
      throw new AppError('UNAVAILABLE', undefined, { cause });
    }
  }

  return {
    async post(path, body, answer) {
      const { ok, json } = await call(path, body);
      if (ok) return answer.parse(json);
      const refusal = Refusal.safeParse(json);
      const known = refusal.success && ERRORS[refusal.data.code].status < 500;
      throw new AppError(known ? refusal.data.code : 'UNAVAILABLE');
    },
  };
}
