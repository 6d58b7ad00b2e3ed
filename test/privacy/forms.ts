/** Every form in which a text or a number could stand in bytes, by the name of the form. */
export type Forms = Map<string, Buffer>;

/** Shorter ones stand by chance in a few megabytes of random bytes: those of long needles are passed over. */
const SHORTEST = 6;

export function formsOf(needle: string | number): Forms {
  if (String(needle).length < SHORTEST) throw new Error(`${needle} is too short to be looked for.`);
  return typeof needle === 'number' ? formsOfNumber(needle) : formsOfText(needle);
}

function formsOfText(original: string): Forms {
  const forms: Forms = new Map();
  for (const text of new Set([original, original.toLowerCase(), original.toUpperCase()])) {
    const bytes = Buffer.from(text, 'utf8');
    const add = (form: string, encoded: string | Buffer): void => {
      forms.set(
        text === original ? form : `${form} (${text})`,
        typeof encoded === 'string' ? Buffer.from(encoded, 'utf8') : encoded,
      );
    };
    add('as it is', bytes);
    add('UTF-16LE', Buffer.from(text, 'utf16le'));
    add('UTF-16BE', Buffer.from(text, 'utf16le').swap16());
    add('Latin-1', Buffer.from(text, 'latin1'));
    for (const offset of [0, 1, 2]) {
      const inner = base64At(bytes, offset);
      add(`base64 at offset ${offset}`, inner);
      add(`base64url at offset ${offset}`, inner.replaceAll('+', '-').replaceAll('/', '_'));
    }
    for (const [form, byte] of Object.entries(BYTE_BY_BYTE)) add(form, [...bytes].map(byte).join(''));
    for (const [form, unit] of Object.entries(UNIT_BY_UNIT)) {
      add(form, Array.from({ length: text.length }, (_, at) => unit(text.charCodeAt(at))).join(''));
    }
    add('as an inspected buffer', [...bytes].map((byte) => hex(byte, 2)).join(' '));
    add('as a buffer in JSON', [...bytes].join(','));
    add('percent-encoded', encodeURIComponent(text));
    add('as a form', new URLSearchParams({ _: text }).toString().slice(2));
    add('JSON', JSON.stringify(text).slice(1, -1));
    add('JSON with slashes', JSON.stringify(text).slice(1, -1).replaceAll('/', '\\/'));
    add('JSON in JSON', JSON.stringify(JSON.stringify(text)).slice(3, -3));
  }
  return distinct(forms);
}

const BYTE_BY_BYTE: Record<string, (byte: number) => string> = {
  hex: (byte) => hex(byte, 2),
  'upper-case hex': (byte) => hex(byte, 2).toUpperCase(),
  'percent-encoded whole': (byte) => `%${hex(byte, 2)}`,
  'percent-encoded whole, upper case': (byte) => `%${hex(byte, 2).toUpperCase()}`,
};

const UNIT_BY_UNIT: Record<string, (unit: number) => string> = {
  'JSON escaped whole': (unit) => `\\u${hex(unit, 4)}`,
  'JSON escaped whole, upper case': (unit) => `\\u${hex(unit, 4).toUpperCase()}`,
};

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}

/** The characters that depend on these bytes alone, when so many other bytes stand before them. */
function base64At(bytes: Buffer, offset: number): string {
  const encoded = Buffer.concat([Buffer.alloc(offset), bytes])
    .toString('base64')
    .replace(/=+$/, '');
  const sharedWithNext = (offset + bytes.length) % 3 === 0 ? 0 : 1;
  return encoded.slice(Math.ceil((offset * 8) / 6), encoded.length - sharedWithNext);
}

function formsOfNumber(value: number): Forms {
  const forms: Forms = new Map([['as it is', Buffer.from(String(value))]]);
  const double = Buffer.alloc(8);
  double.writeDoubleLE(value);
  forms.set('double', double);
  forms.set('double, big endian', Buffer.from(double).reverse());
  if (Number.isSafeInteger(value)) forms.set('varint', varint(BigInt(value)));
  return distinct(forms);
}

/** As Protocol Buffers write whole numbers. */
function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(rest)]);
}

function distinct(forms: Forms): Forms {
  const seen = new Set<string>();
  return new Map(
    [...forms].filter(([, bytes]) => {
      const key = bytes.toString('latin1');
      const fresh = bytes.length >= SHORTEST && !seen.has(key);
      seen.add(key);
      return fresh;
    }),
  );
}
