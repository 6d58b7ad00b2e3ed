import type { ShipTo } from '../domain/order.ts';

/** Our street address, whose last line is the town, in the three fields that shops have for it. */
export function streetAndTown({ streetAddress }: Pick<ShipTo, 'streetAddress'>): {
  street1: string;
  street2: string;
  town: string;
} {
  const lines = streetAddress.split('\n').filter((line) => line !== '');
  const town = lines.length > 1 ? (lines.at(-1) ?? '') : '';
  const [street1 = '', ...more] = lines.length > 1 ? lines.slice(0, -1) : lines;
  return { street1, street2: more.join(', '), town };
}
