import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cellIn, cellOut } from '../../shared/catalogue/csv-cells.ts';
import { type CsvProblem, readCsv } from '../../shared/catalogue/read-csv.ts';
import { StoredProduct } from '../../shared/catalogue/stored-product.ts';
import { csvHeader, csvLines } from '../../shared/catalogue/write-csv.ts';

const read = (text: string) => readCsv(Buffer.from(text));
const HEADER = 'sku,title,price,currency';
const GOOD = 'A,One,19.90,USD';

describe('a file of products', () => {
  it('is read by its header, whatever divides its cells and ends its lines', () => {
    const write = { sku: 'A', product: { title: 'One', price: 1990, currency: 'USD' } };
    const forms = [
      `${HEADER}\n${GOOD}`,
      `\ufeff${HEADER}\r\n${GOOD}\r\n`,
      'price;currency;sku;title\n19.90;USD;A;One\n',
      'SKU\tTitle\tPrice\tCurrency\n"A"\t"One"\t"19.90"\t"USD"\n\n',
      `${HEADER}\r${GOOD}\r`,
      `\n\nsku;title;price;currency\nA;One;19.90;USD\n`,
      'sku,title,price,currency\nA,One,19.90, USD \n',
    ];
    for (const text of forms) {
      expect(read(text), text).toEqual({ writes: [write], problems: [], rows: 1, readable: true });
    }
  });

  it('may end its lines in several ways', () => {
    const file = read(`${HEADER}\r\n${GOOD}\nB,Two,1,USD\r\nC,Three,1,USD\rD,"a\rb",none,USD\n`);
    expect(file.writes.map(({ sku }) => sku)).toEqual(['A', 'B', 'C']);
    expect(file.problems).toEqual([expect.objectContaining({ line: 5, column: 'price' })]);
  });

  it('says nothing of what it has no column for, and empties what is empty', () => {
    const file = read(`${HEADER},description,group,images,barcode,active\n${GOOD},,,,,\n`);
    expect(file.writes[0]?.product).toEqual({
      ...{ title: 'One', price: 1990, currency: 'USD' },
      ...{ description: '', group: null, images: [], barcode: null, active: true },
    });
  });

  it('has prices with as many decimals as their currency', () => {
    const file = read(`${HEADER}\na,A,1990,JPY\nb,B,1.5,USD\nc,C,1.234,KWD\nd,D,0,EUR\n`);
    expect(file.problems).toEqual([]);
    expect(file.writes.map(({ product }) => product.price)).toEqual([1990, 150, 1234, 0]);
  });
});

/** One mistake each, after a row that is right. */
const MISTAKES: [string, text: string, CsvProblem | { line: number; column: string | null }][] = [
  ['no sku', ',One,1,USD', { line: 3, column: 'sku', message: 'is empty' }],
  ['an sku of two lines', '"a\nb",One,1,USD', { line: 3, column: 'sku' }],
  ['an sku that can stand in no URL', '..,One,1,USD', { line: 3, column: 'sku' }],
  ['no title', 'B,,1,USD', { line: 3, column: 'title' }],
  [
    'a price in words',
    'B,One,cheap,USD',
    { line: 3, column: 'price', message: 'not a price in its currency, such as 19.90' },
  ],
  ['a price with a comma', 'B,One,"19,90",USD', { line: 3, column: 'price' }],
  ['a price below zero', 'B,One,-1,USD', { line: 3, column: 'price' }],
  ['a tenth of a cent', 'B,One,1.001,USD', { line: 3, column: 'price' }],
  [
    'a tenth of a yen',
    'B,One,1.5,JPY',
    { line: 3, column: 'price', message: 'not a price in its currency, such as 1990' },
  ],
  ['too much', 'B,One,99999999999999,USD', { line: 3, column: 'price' }],
  ['no currency', 'B,One,1,', { line: 3, column: 'currency' }],
  ['a currency of nobody', 'B,One,1,XXX', { line: 3, column: 'currency' }],
  ['a currency in small letters', 'B,One,1,usd', { line: 3, column: 'currency' }],
  [
    'a cell too many',
    'B,One,1,USD,',
    { line: 3, column: null, message: 'has 5 cells where the header has 4' },
  ],
  ['a cell too few', 'B,One,1', { line: 3, column: null, message: 'has 3 cells where the header has 4' }],
  ['the same sku again', 'A,Two,1,USD', { line: 3, column: 'sku', message: 'stands in line 2 already' }],
];

describe('a mistake in a file', () => {
  it.each(MISTAKES)('is named by line and column: %s', (_what, row, problem) => {
    const file = read(`${HEADER}\n${GOOD}\n${row}\n`);
    expect(file.problems).toEqual([expect.objectContaining(problem)]);
    expect(file).toMatchObject({ rows: 2, readable: true, writes: [{ sku: 'A' }] });
  });

  it('is named by its own line behind cells of several lines and empty lines', () => {
    const ends = read(`${HEADER}\r\nA,"One\r\nof\r\nthree",1,USD\r\nB,Two,none,USD\r\n`);
    expect(ends.problems).toEqual([expect.objectContaining({ line: 5, column: 'price' })]);
    const file = read(`${HEADER}\nA,"One\nof\nthree",1,USD\n\nB,Two,none,USD\n"C","a\nb",1,EURO\n`);
    expect(file.problems.map(({ line, column }) => [line, column])).toEqual([
      [6, 'price'],
      [7, 'currency'],
    ]);
  });

  it('is none of a row that a spreadsheet left empty', () => {
    const file = read(`${HEADER}\n${GOOD}\n,,,\n"", ,,\nB,Two,none,USD\n,,,\n`);
    expect(file).toMatchObject({ rows: 2, problems: [{ line: 5, column: 'price' }] });
  });

  it('is kept with the first 200, however many there are', () => {
    const file = read(`${HEADER}\n${'x\n'.repeat(300)}`);
    expect(file).toMatchObject({ rows: 300, writes: [] });
    expect(file.problems.map(({ line }) => line)).toEqual(Array.from({ length: 200 }, (_, at) => at + 2));
  });

  it('shows nothing of the cell that it is in', () => {
    const file = read(`${HEADER}\nsecret-sku\u0007,secret-title,secret-price,secret-currency\n`);
    expect(JSON.stringify(file.problems)).not.toContain('secret');
  });

  it.each([
    [
      'more than one column at once',
      `${HEADER},active,barcode,images\nB,One,x,USD,maybe,"?",http://a.example\n`,
    ],
  ])('is told together with the others of its row: %s', (_what, text) => {
    expect(
      read(text)
        .problems.map(({ column }) => column)
        .sort(),
    ).toEqual(['active', 'barcode', 'images', 'price']);
  });

  it.each([
    ['options without a name', `${HEADER},option1_name,option1_value\nB,One,1,USD,,green\n`, 'option1_name'],
    ['options without a value', `${HEADER},option2_name,option2_value\nB,One,1,USD,Size,\n`, 'option2_value'],
    [
      'an image over http',
      `${HEADER},images\nB,One,1,USD,https://a.example/1 http://a.example/2\n`,
      'images',
    ],
  ])('in %s', (_what, text, column) => {
    expect(read(text).problems).toEqual([expect.objectContaining({ line: 2, column })]);
  });
});

describe('a file that is no table of products', () => {
  it.each([
    ['is empty', '', 1, null, 'there is no header'],
    [
      'has a column that nobody knows',
      `${HEADER},colour\n${GOOD},x\n`,
      1,
      '5',
      'the header names no column that is known',
    ],
    ['has a column twice', `${HEADER},sku\n${GOOD},x\n`, 1, 'sku', 'the header names it twice'],
    ['has no prices', 'sku,title,currency\nA,One,USD\n', 1, 'price', 'the header lacks it'],
    [
      'has a quote that is never closed',
      `${HEADER}\nA,"One\nTwo",1,USD\n\nB,"One,1,USD\n${GOOD}\n`,
      5,
      null,
      'a quote that was opened is never closed',
    ],
    [
      'has a quote in the middle of a cell',
      `${HEADER}\n${GOOD}\nA,O"ne,1,USD\n`,
      3,
      null,
      'a quote is opened in the middle of a cell',
    ],
  ])('%s', (_what, text, line, column, message) => {
    expect(read(text)).toEqual({
      writes: [],
      rows: 0,
      readable: false,
      problems: [{ line, column, message }],
    });
  });

  it.each(['\n', '\r\n', '\r'])('names the line of a quote that is never closed, by ends of %j', (end) => {
    const lines = [HEADER, GOOD, 'B,"Two', 'lines",1,USD', 'C,"Three,1,USD', 'D,Four,1,USD', ''];
    expect(read(lines.join(end))).toMatchObject({ readable: false, problems: [{ line: 5, column: null }] });
  });

  it('has more rows than are read', () => {
    const text = `${HEADER}\n${GOOD}\n\n,,,\nB,"Two\nlines",1,USD\n,\nC,Three,1,USD\nD\n`;
    expect(readCsv(Buffer.from(text), 5)).toMatchObject({ readable: true, rows: 4 });
    expect(readCsv(Buffer.from(text), 4)).toEqual({
      ...{ writes: [], rows: 0, readable: false },
      problems: [{ line: 9, column: null, message: 'there are more than 4 rows' }],
    });
  });

  it('has a line of nothing but cells, which would take more memory than there is', () => {
    const file = read(`${HEADER}\r\n${GOOD}\r\n${','.repeat(1000)}\r\n`);
    expect(file).toMatchObject({ readable: false, rows: 0, problems: [{ line: 3, column: null }] });
  });

  it('is not UTF-8', () => {
    const latin = Buffer.from(`${HEADER}\nA,\u00fcber,1,USD\n`, 'latin1');
    expect(readCsv(latin)).toMatchObject({
      readable: false,
      problems: [{ line: 1, message: 'the file is not UTF-8' }],
    });
  });
});

describe('cells that a spreadsheet would run', () => {
  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '\uff1d1'])(
    '%j is quoted on the way out',
    (cell) => {
      expect(cellOut(cell)).toBe(`'${cell}`);
      expect(cellIn(`'${cell}`)).toBe(cell);
    },
  );

  it.each(["it's", "'quoted'", 'a=b', '', "'"])('%j is left as it is', (cell) => {
    expect(cellOut(cell)).toBe(cell);
    expect(cellIn(cell)).toBe(cell);
  });

  it('each comes back as it was, and none goes out that begins with a sign', () => {
    const text = fc.string({ unit: fc.constantFrom("'", '=', '+', '-', '@', '\t', 'a', '"', ',', '\n') });
    fc.assert(
      fc.property(text, (cell) => {
        expect(cellIn(cellOut(cell))).toBe(cell);
        expect(cellOut(cell)).not.toMatch(/^[=+\-@\t\r]/);
      }),
    );
  });
});

describe('an export', () => {
  const word = fc
    .string({
      unit: fc.constantFrom('=', '+', '-', '@', "'", '"', ',', ';', '\u00fc', '\u{1f600}', 'x', ' '),
      minLength: 1,
      maxLength: 12,
    })
    .map((text) => text.trim())
    .filter((text) => text !== '');
  const product = fc.record({
    sku: word.filter((sku) => sku !== '.' && sku !== '..'),
    title: word,
    price: fc.integer({ min: 0, max: 1_000_000_000_000 }),
    currency: fc.constantFrom('USD', 'JPY', 'KWD'),
    active: fc.boolean(),
    group: fc.option(word),
    options: fc.array(fc.record({ name: word, value: word }), { maxLength: 3 }),
    description: fc.oneof(word, fc.constantFrom('', '<p>a\nb</p>', 'a\rb', 'a\r\nb')),
    images: fc.array(fc.constantFrom('https://a.example/1.jpg', 'https://a.example/2.jpg?x=1,2'), {
      maxLength: 3,
    }),
    barcode: fc.option(fc.constantFrom('0885909260546', '-1')),
  });

  it.each(['a\nb', 'a\rb', 'a\r\nb'])(
    'quotes a cell of several lines, however they end: %j',
    (description) => {
      const some = { sku: 'A', title: 'One', price: 1, currency: 'USD', active: true, description };
      expect(csvLines([StoredProduct.parse(some)])).toContain(`,"${description}",`);
    },
  );

  it('is read back as what was exported', () => {
    const some = fc.uniqueArray(product, { maxLength: 5, selector: ({ sku }) => sku });
    fc.assert(
      fc.property(some, (products) => {
        const file = read(csvHeader() + csvLines(products.map((each) => StoredProduct.parse(each))));
        expect(file.problems).toEqual([]);
        expect(file.writes.map(({ sku, product: fields }) => ({ sku, ...fields }))).toEqual(products);
      }),
    );
  });
});
