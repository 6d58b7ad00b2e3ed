import type { Context } from 'hono';
import type { Origin } from '../../accounts/limits.ts';
import type { ActingMember } from '../../accounts/members.ts';
import type { Session } from '../../accounts/sessions.ts';
import type { SignedIn } from '../../accounts/sign-in.ts';
import { AppError } from '../../domain/errors.ts';
import type { ApiEnv } from '../app.ts';
import { showEntry } from '../orders/caller.ts';
import { sourceOf } from '../source.ts';

type ApiContext = Context<ApiEnv>;

export function originOf(c: ApiContext): Origin {
  return { address: sourceOf(c.req.header('x-forwarded-for')), requestId: c.var.requestId };
}

/** The session of a route that `requiresSession`, or of a scope that no API key can have. */
export function sessionIn(c: ApiContext): Session {
  const { session } = c.var.caller;
  if (session === undefined) throw new AppError('FORBIDDEN', 'this is for members, who sign in');
  return session;
}

export function memberIn(c: ApiContext): ActingMember {
  const { companyId, memberId } = sessionIn(c);
  return { companyId, memberId, requestId: c.var.requestId };
}

/** What whoever signs in is shown, with its entry named. */
export function signedIn(c: ApiContext, { token, session, level, factors, entry }: SignedIn) {
  showEntry(c, entry);
  const { id, memberId, companyId, role, absoluteExpiresAt } = session;
  return { token, level, factors, sessionId: id, memberId, companyId, role, expiresAt: absoluteExpiresAt };
}
