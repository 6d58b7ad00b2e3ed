import { createHash, randomBytes } from 'node:crypto';
import { type Firestore, Timestamp } from '@google-cloud/firestore';
import { status } from '@grpc/grpc-js';
import { z } from 'zod';
import { paths } from '../cloud/firestore.ts';
import { hasStatus } from '../cloud/grpc-error.ts';
import type { Clock } from '../domain/time.ts';
import { challengeOf, type PasskeyAssertion, type PasskeyAttestation } from './passkeys.ts';

const CHALLENGE_BYTES = 32;
const LIFE_MS = 5 * 60_000;

/**
 * What a challenge is for: making or using a passkey, in one session. A session has one at a time, so that asking
 * again and again fills nothing and the last one asked for is the one that counts.
 */
export interface ChallengePlace {
  purpose: 'create' | 'get';
  /** The id of the session, or whatever else ties the two requests together. */
  subject: string;
}

/** `challenges/{subject}`. */
const StoredChallenge = z.object({
  purpose: z.enum(['create', 'get']),
  hash: z.string(),
  expireAt: z.instanceof(Timestamp),
});

/** 256 random bits in base64url, good once and for five minutes. Only their hash is kept. */
export async function issueChallenge(
  place: ChallengePlace,
  { db, now }: { db: Firestore; now: Clock },
): Promise<string> {
  const challenge = randomBytes(CHALLENGE_BYTES).toString('base64url');
  await db.doc(paths.challenge(place.subject)).set({
    purpose: place.purpose,
    hash: hashOf(challenge),
    expireAt: Timestamp.fromMillis(now() + LIFE_MS),
  } satisfies z.infer<typeof StoredChallenge>);
  return challenge;
}

/**
 * Takes away the challenge that an answer is for, before the answer is looked at, and hands it over to check the answer
 * by. `undefined` unless it was issued for this place and is spent now for the first time: nothing proves anything then.
 */
export async function spendChallenge(
  answer: PasskeyAttestation | PasskeyAssertion,
  place: ChallengePlace,
  { db, now }: { db: Firestore; now: Clock },
): Promise<string | undefined> {
  const challenge = challengeOf(answer);
  const found = await db.doc(paths.challenge(place.subject)).get();
  const { updateTime } = found;
  if (updateTime === undefined) return undefined;
  const stored = StoredChallenge.parse(found.data());
  const good =
    stored.hash === hashOf(challenge) &&
    stored.purpose === place.purpose &&
    stored.expireAt.toMillis() > now();
  if (!good) return undefined;
  try {
    // Of two at once, one deletes what it has read.
    await found.ref.delete({ lastUpdateTime: updateTime });
    return challenge;
  } catch (error) {
    const lost = hasStatus(error, status.FAILED_PRECONDITION) || hasStatus(error, status.NOT_FOUND);
    if (lost) return undefined;
    throw error;
  }
}

function hashOf(challenge: string): string {
  return createHash('sha256').update(challenge).digest('base64url');
}
