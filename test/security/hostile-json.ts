import fc from 'fast-check';

/** Stands in every hostile value; no refusal and no line of the log may hold it. */
export const VALUE_MARK = 'vQ7xMarkedValue';
/** Stands in every unknown name; a refusal may name it, a line of the log may not. */
export const NAME_MARK = 'nQ7xMarkedName';

/** What a node of a JSON text becomes, given its own text. An empty text takes it out of its parent. */
type Change = (text: string) => string;

const NAMES = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf', 'then'];
const OTHER_NAMES = ['', '\0', '\ud800', 'length', '$ref', 'a.b', '../x', NAME_MARK, NAME_MARK.repeat(200)];

/** JSON texts of values that no schema of ours expects, and some texts that are no JSON. */
export const VALUES: readonly string[] = [
  ...['null', 'true', '0', '-0', '-1', '0.1', '1e400', '-1e400', '1e-400', '9007199254740993', '1E+2'],
  ...['123456789012345678901234567890', '1000000000001', '00', '01', '+1', '.5', '0x10', 'NaN', 'Infinity'],
  ...['undefined', "'single'", '{}', '[]', '[[]]', '[null]', '{"":""}', '', ' ', '{', ']', '//', ','],
  ...[
    '"\\ud800"',
    '"\\udfff\\ud800"',
    '"\\u0000"',
    '"a\\u0000b"',
    '"\\u202e\\u2028\\u2029"',
    '"\\x"',
    '"\\u12"',
  ],
  ...['"\u0001"', '"\n"', '"\ufeff"', '"NaN"', '"Infinity"', '"1"', '"-1"', '"1e3"', '"0x1F"', '"١٢٣"'],
  ...['"2026-02-30T00:00:00Z"', '"9999-12-31T23:59:59-23:59"', '"0000-01-01T00:00:00+23:59"'],
  ...['"2026-01-01T00:00:00.123456789Z"', '"2026-01-01T24:00:00Z"', '"+275760-09-13T00:00:00Z"'],
  ...['"%00"', '"../../x"', '"{{7*7}}"', '"${x}"', '"<script>"', '"https://x/\\ud800"', '"javascript:x"'],
  JSON.stringify(VALUE_MARK),
  JSON.stringify(`${VALUE_MARK} <a@b.example> 203.0.113.7 +12025550143`),
  JSON.stringify(`ord_${VALUE_MARK}`),
  JSON.stringify(`2026-01-01T00:00:00Z${VALUE_MARK}`),
  JSON.stringify(`${VALUE_MARK}\n\0\r\n\ud83d`),
  JSON.stringify('x'.repeat(70_000)),
  JSON.stringify('9'.repeat(5000)),
  JSON.stringify('ﷺ'.repeat(2000)),
  JSON.stringify({ [NAME_MARK]: VALUE_MARK }),
  JSON.stringify([VALUE_MARK, VALUE_MARK]),
  ...NAMES.map((name) => `{${JSON.stringify(name)}:{"${NAME_MARK}":"${VALUE_MARK}"}}`),
  `${'['.repeat(40)}${']'.repeat(40)}`,
  `${'['.repeat(20_000)}${']'.repeat(20_000)}`,
  `${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`,
  `[${'0,'.repeat(30_000)}0]`,
  `[${'{},'.repeat(600)}{}]`,
];

const value = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...VALUES) },
  { weight: 2, arbitrary: fc.json({ maxDepth: 3 }) },
  { weight: 1, arbitrary: fc.double().map(String) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 300 }).map((text) => JSON.stringify(text)) },
);

const name = fc.constantFrom(...NAMES, ...OTHER_NAMES);

const change: fc.Arbitrary<Change> = fc.oneof(
  value.map(
    (text): Change =>
      () =>
        text,
  ),
  fc.constant<Change>(() => ''),
  fc.constant<Change>((text) => JSON.stringify(text)),
  fc.constant<Change>((text) => `[${text}]`),
  fc.constant<Change>((text) => `{"a":${text}}`),
  fc.tuple(name, value).map(
    ([more, text]): Change =>
      (node) =>
        withMember(node, more, text),
  ),
  // The same name twice: whoever reads the text decides which one counts.
  fc.tuple(fc.nat(50), value).map(
    ([place, text]): Change =>
      (node) =>
        withMember(node, nameAt(node, place), text),
  ),
);

function withMember(node: string, more: string, text: string): string {
  if (!node.startsWith('{'))
    return node.startsWith('[') ? `[${text}${node === '[]' ? '' : ','}${node.slice(1)}` : text;
  return `${node.slice(0, -1)}${node === '{}' ? '' : ','}${JSON.stringify(more)}:${text}}`;
}

function nameAt(node: string, place: number): string {
  const names = [...node.matchAll(/"(\w+)":/g)].map((match) => match[1] ?? '');
  return names[place % Math.max(names.length, 1)] ?? '__proto__';
}

/** How many nodes a JSON value has, itself included. */
export function nodesOf(json: unknown): number {
  if (typeof json !== 'object' || json === null) return 1;
  return Object.values(json).reduce<number>((sum, member) => sum + nodesOf(member), 1);
}

/** The JSON text of a value, in which the nodes that `changes` names, in the order of the text, are changed. */
export function written(json: unknown, changes: ReadonlyMap<number, Change>): string {
  let place = 0;
  const write = (node: unknown): string => {
    const changed = changes.get(place++) ?? ((text: string) => text);
    if (Array.isArray(node))
      return changed(
        `[${node
          .map(write)
          .filter((text) => text !== '')
          .join()}]`,
      );
    if (typeof node !== 'object' || node === null) return changed(JSON.stringify(node));
    const members = Object.entries(node).map(
      ([key, member]) => [JSON.stringify(key), write(member)] as const,
    );
    const left = members.filter(([, text]) => text !== '').map(([key, text]) => `${key}:${text}`);
    return changed(`{${left.join()}}`);
  };
  return write(json);
}

/** Texts that are near to that of `json`: one to three of its nodes are changed. */
export function nearJson(json: unknown): fc.Arbitrary<string> {
  const nodes = nodesOf(json);
  return fc
    .array(fc.tuple(fc.nat(nodes - 1), change), { minLength: 1, maxLength: 3 })
    .map((changes) => written(json, new Map(changes)));
}

/** Bytes that are nearly UTF-8. */
export function nearUtf8(text: string): fc.Arbitrary<Buffer> {
  const bytes = Buffer.from(text);
  const wrong = fc.constantFrom(
    [0xc0, 0x80],
    [0xff],
    [0xfe, 0xff],
    [0x80],
    [0xed, 0xa0, 0x80],
    [0xf5, 0x90],
    [0],
  );
  const at = (place: number) => place % (bytes.length + 1);
  return fc.oneof(
    { weight: 8, arbitrary: fc.constant(bytes) },
    {
      weight: 2,
      arbitrary: fc
        .tuple(fc.nat(), wrong)
        .map(([place, more]) =>
          Buffer.concat([bytes.subarray(0, at(place)), Buffer.from(more), bytes.subarray(at(place))]),
        ),
    },
    { weight: 1, arbitrary: fc.nat().map((place) => bytes.subarray(0, at(place))) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytes]),
        Buffer.from(text, 'utf16le'),
        Buffer.from(text, 'latin1'),
        Buffer.concat([bytes, bytes]),
        Buffer.concat([bytes, Buffer.from('\0')]),
        Buffer.alloc(0),
      ),
    },
  );
}
