import { describe, expect, it } from 'vitest';
import { sourceOf } from '../../shared/http/source.ts';

describe('where a request comes from', () => {
  it.each([
    ['198.51.100.7, 203.0.113.1', '198.51.100.7'],
    ['10.0.0.1, whatever a caller says, 198.51.100.7, 203.0.113.1', '198.51.100.7'],
    ['2001:db8:1:2:3:4:5:6, 203.0.113.1', '2001:db8:1:2'],
    ['2001:0db8:0001:0002::9, 203.0.113.1', '2001:db8:1:2'],
    ['2001:db8::1, 203.0.113.1', '2001:db8:0:0'],
    ['::1, 203.0.113.1', '0:0:0:0'],
    ['::ffff:198.51.100.7, 203.0.113.1', '198.51.100.7'],
  ])('%s is %s', (header, source) => {
    expect(sourceOf(header)).toBe(source);
  });

  it.each([undefined, '', '198.51.100.7', 'unknown, 203.0.113.1', 'a'.repeat(5000)])(
    '%s says nothing',
    (header) => {
      expect(sourceOf(header)).toBe('unknown');
    },
  );
});
