import { hash, verify } from '@node-rs/argon2';
import type { ZxcvbnFactory } from '@zxcvbn-ts/core';
import { AppError, badFields } from '../domain/errors.ts';

/** argon2id (the package's default), 19 MiB, two passes, one lane: OWASP's password storage cheat sheet. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1, outputLen: 32 } as const;
const CURRENT = '$argon2id$v=19$m=19456,t=2,p=1$';
/** As many at once as libuv has threads: 76 MiB. Whoever comes when this many wait besides is told to come again. */
const AT_ONCE = 4;
const MOST_WAITING = 64;

export const PASSWORD_LENGTH = { min: 12, max: 256 } as const;
/** zxcvbn's scale goes from 0 to 4; 3 withstands 10^8 guesses. */
const GOOD_ENOUGH = 3;
/** So much of a password is to be neither the address nor the company's name. */
const UNKNOWN_LENGTH = 8;

export interface Passwords {
  /** A hash to store. */
  hash(password: string): Promise<string>;
  /** One hash of work whether there is a hash to compare with or none; `renew` says that a stronger one is due. */
  verify(stored: string | undefined, password: string): Promise<{ good: boolean; renew: boolean }>;
}

/** Passwords as argon2id hashes. A password is nowhere but in the request that brings it. */
export function createPasswords(): Passwords {
  const turn = takeTurns(AT_ONCE, MOST_WAITING);
  let nobodys: Promise<string> | undefined;
  return {
    hash: (password) => turn(() => hash(normal(password), COST)),
    async verify(stored, password) {
      // Made once: the time it takes is told to nobody in particular.
      nobodys ??= hash('nobody has this password', COST);
      const against = stored ?? (await nobodys);
      const equal = await turn(() => verify(against, normal(password)));
      return { good: equal && stored !== undefined, renew: !against.startsWith(CURRENT) };
    },
  };
}

/**
 * `BAD_REQUEST` at `field` for a password that is too short, too long or too easily guessed, also by somebody who
 * knows the words in `known`. There are no rules about kinds of characters.
 */
export async function requireGoodPassword(
  password: string,
  field: string,
  known: readonly string[],
): Promise<void> {
  const length = Array.from(normal(password)).length;
  if (length < PASSWORD_LENGTH.min || length > PASSWORD_LENGTH.max) {
    throw badFields({ path: field, message: 'must have 12 to 256 characters' });
  }
  guesser ??= loadGuesser();
  const words = [...known.flatMap((text) => [text, ...text.split(/[^\p{L}\p{N}]+/u)]), 'strongroom']
    .map((word) => word.toLowerCase())
    .filter((word) => word.length > 2)
    .sort((a, b) => b.length - a.length);
  // zxcvbn takes three words in a row for strong, whoever knows them.
  const rest = words.reduce((left, word) => left.replaceAll(word, ''), normal(password).toLowerCase());
  const { score } = (await guesser).check(normal(password), words);
  if (rest.length < UNKNOWN_LENGTH || score < GOOD_ENOUGH) {
    throw badFields({ path: field, message: 'is too easily guessed: use a longer or less common one' });
  }
}

let guesser: Promise<ZxcvbnFactory> | undefined;

/** The lists of words come with the first password that is chosen: signing in does without, and starts sooner. */
async function loadGuesser(): Promise<ZxcvbnFactory> {
  const [{ ZxcvbnFactory }, common, english] = await Promise.all([
    import('@zxcvbn-ts/core'),
    import('@zxcvbn-ts/language-common'),
    import('@zxcvbn-ts/language-en'),
  ]);
  return new ZxcvbnFactory({
    dictionary: { ...common.dictionary, ...english.dictionary },
    graphs: common.adjacencyGraphs,
    // What comes later in a long password is not what makes it weak, and the search is worse than linear.
    maxLength: 100,
  });
}

/** NIST SP 800-63B, section 5.1.1.2: the same password typed on another keyboard is the same. */
function normal(password: string): string {
  return password.normalize('NFKC');
}

/** Runs so many pieces of work at a time and lets so many wait; `UNAVAILABLE` for those beyond. */
function takeTurns(atOnce: number, mostWaiting: number): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (running >= atOnce) {
      if (waiting.length >= mostWaiting) throw new AppError('UNAVAILABLE', undefined, { retryAfter: 2 });
      await new Promise<void>((go) => waiting.push(go));
    } else {
      running += 1;
    }
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
