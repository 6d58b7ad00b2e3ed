import type { ShipTo } from '../../shared/domain/order.ts';
import type { Canaries } from './canary.ts';
import { address, type Person, person, type Planted, shipToOf, SKUS } from './plant.ts';

/** `data` of a Standard Webhooks event, with what it does not name and what it does. */
export function standardData(c: Canaries, at: string): Planted {
  const { payload, shipTo, titles } = ownForm(c, at);
  const data = payload as { lines: object[]; shipTo: object; totals: object };
  return {
    shipTo,
    titles,
    payload: {
      ...data,
      email: c.email(`${at} email`),
      customerPhone: c.phone(`${at} customerPhone`),
      ip: c.ip(`${at} ip`),
      note: c.mixed(`${at} note`),
      userId: c.id(`${at} userId`),
      billTo: address(c, `${at} billTo`),
      totals: { ...data.totals, note: c.mixed(`${at} totals note`) },
      lines: data.lines.map((line, place) => ({
        ...line,
        properties: [{ name: 'Email', value: c.mixed(`${at} property ${place}`) }],
      })),
      shipTo: {
        ...data.shipTo,
        email: c.email(`${at} shipTo email`),
        phone: c.phone(`${at} shipTo phone`),
        company: c.mixed(`${at} shipTo company`),
        latitude: c.degrees(`${at} latitude`),
      },
    },
  };
}

/** The body of `POST /v1/orders`: fields that it does not name are refused, so all is in the text that is kept. */
export function ownForm(c: Canaries, at: string): Planted {
  const who = person(c, at);
  const titles = [1, 2, 3].map((line) => `${c.kept(`${at} title ${line}`)} player`);
  return {
    shipTo: shipToOf(who),
    titles,
    payload: {
      currency: 'USD',
      lines: titles.map((title, place) => ({
        sku: SKUS[place],
        title: `${title}, ${c.phone(`${at} title ${place}`)} ${c.email(`${at} title ${place}`)}`,
        quantity: 2,
        unitPrice: 19_900,
      })),
      totals: { items: 119_400, shipping: 0, tax: 0, discount: 0, total: 119_400 },
      shipTo: addressText(c, at, who),
    },
  };
}

/** Just the address of one who lives elsewhere by now. */
export function newAddress(c: Canaries, at: string): { typed: ShipTo; shipTo: ShipTo } {
  const who = person(c, at);
  return { typed: addressText(c, at, who), shipTo: shipToOf(who) };
}

function addressText(c: Canaries, at: string, who: Person): ShipTo {
  return {
    firstName: `${who.firstName} ${c.phone(`${at} firstName`, 'word')}`,
    lastName: `${who.lastName} <${c.email(`${at} lastName`)}>`,
    streetAddress: [
      `${who.street} ${c.ipv6(`${at} streetAddress`)}`,
      c.email(`${at} streetAddress`),
      `${who.more}, ${c.phone(`${at} streetAddress`, 'exit')}`,
      `${c.phone(`${at} town`)} ${who.town}`,
    ].join('\n'),
    postalCode: `${who.postalCode} ${c.ip(`${at} postalCode`)}`,
    region: `${who.region} ${c.ip(`${at} region`)}`,
    country: 'DE',
  };
}

/** What an event has beside its `data`. */
export function besideData(c: Canaries, type: string): Record<string, unknown> {
  return {
    email: c.email(`beside ${type}`),
    ip: c.ip(`beside ${type}`),
    actor: { note: c.mixed(`beside ${type}`) },
  };
}
