import { describe, expect, it } from 'vitest';
import { checkIfMatch, etagOf } from '../../shared/http/etag.ts';

const version = { seconds: 1_795_424_400, nanoseconds: 123_456_000 };
const later = { seconds: 1_795_424_400, nanoseconds: 123_457_000 };

describe('an entity tag', () => {
  it('is strong, and another one a microsecond later', () => {
    expect(etagOf(version)).toMatch(/^"[0-9a-z]+-[0-9a-z]+"$/);
    expect(etagOf(later)).not.toBe(etagOf(version));
  });

  it.each([undefined, '*', etagOf(version), `"other", ${etagOf(version)}`])(
    'lets If-Match %s pass',
    (ifMatch) => {
      expect(() => {
        checkIfMatch(ifMatch, version);
      }).not.toThrow();
    },
  );

  it.each([etagOf(later), `W/${etagOf(version)}`, 'nonsense', ''])('refuses If-Match %s', (ifMatch) => {
    expect(() => {
      checkIfMatch(ifMatch, version);
    }).toThrow(expect.objectContaining({ code: 'PRECONDITION_FAILED' }));
  });
});
