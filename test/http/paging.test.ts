import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { randomId } from '../../shared/domain/ids.ts';
import { cursorOf, pageOf, pageQuery, type Place, placeOf } from '../../shared/http/paging.ts';

const at = '2026-11-23T09:00:00.000Z';

describe('a page', () => {
  const rows = [1, 2, 3].map((n) => ({ n, id: randomId('order') }));
  const show = (row: { n: number; id: string }) => row.n;
  const place = (row: { n: number; id: string }): Place => [at, row.id];

  it('has a next when there is more, and the place of its last row in it', () => {
    const page = pageOf(rows, 2, place, show);
    expect(page.data).toEqual([1, 2]);
    expect(placeOf('order', page.next ?? '')).toEqual([at, rows[1]?.id]);
  });

  it('has none when it is the last, full or empty', () => {
    expect(pageOf(rows, 3, place, show)).toEqual({ data: [1, 2, 3], next: null });
    expect(pageOf([], 3, place, show)).toEqual({ data: [], next: null });
  });

  it('has 50 rows unless told, and 100 at most', () => {
    const query = z.strictObject(pageQuery);
    expect(query.parse({}).limit).toBe(50);
    expect(query.parse({ limit: '100' }).limit).toBe(100);
    for (const limit of ['0', '101', '-1', '1e1', '05', ' 5', '', 'all']) {
      expect(query.safeParse({ limit }).success).toBe(false);
    }
  });
});

describe('a cursor', () => {
  const id = randomId('order');
  it.each([
    ['that is empty', ''],
    ['that is not base64', '***'],
    ['that is not JSON', Buffer.from('{').toString('base64url')],
    ['of another list', cursorOf([at, randomId('audit')])],
    ['with another time', cursorOf(['yesterday', id])],
    ['with more in it', Buffer.from(JSON.stringify([at, id, 1])).toString('base64url')],
    ['with something after it', `${cursorOf([at, id])}AA`],
    ['written in another way', Buffer.from(JSON.stringify([at, id], null, 1)).toString('base64url')],
  ])('%s is refused at `after`', (_, cursor) => {
    expect(() => placeOf('order', cursor)).toThrow(
      expect.objectContaining({
        code: 'BAD_REQUEST',
        fields: [{ path: 'after', message: 'not a cursor of this list' }],
      }),
    );
  });
});
