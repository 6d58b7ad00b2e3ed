import { formsOf } from './forms.ts';
import { layersOf } from './layers.ts';

/** What is looked for: a name for the report, and the values that give it away. */
export interface Canary {
  name: string;
  needles: (string | number)[];
}

/** Bytes to look through, and where they came from. */
export interface Piece {
  place: string;
  bytes: Buffer;
}

interface Pattern {
  canary: string;
  form: string;
  bytes: Buffer;
}

/** Looks for many canaries at once, in every form and below every layer of compression. */
export class Finder {
  readonly #byStart = new Map<number, Pattern[]>();
  /** By the first two bytes: most places are passed over by this alone. */
  readonly #starts = new Uint8Array(0x10000);

  constructor(canaries: readonly Canary[]) {
    for (const { name, needles } of canaries) {
      for (const needle of needles) {
        for (const [form, bytes] of formsOf(needle)) this.#add({ canary: name, form, bytes });
      }
    }
  }

  /** One line for each canary, form and place: `email in note, as hex, in log line 7`. */
  find(pieces: Iterable<Piece>): string[] {
    const found = new Set<string>();
    for (const { place, bytes } of pieces) {
      for (const layer of layersOf(bytes)) {
        for (const { canary, form } of this.#search(layer)) found.add(`${canary}, ${form}, in ${place}`);
      }
    }
    return [...found];
  }

  #add(pattern: Pattern): void {
    const start = pattern.bytes.readUInt32LE(0);
    this.#starts[start & 0xffff] = 1;
    const same = this.#byStart.get(start);
    if (same === undefined) this.#byStart.set(start, [pattern]);
    else same.push(pattern);
  }

  *#search(layer: Buffer): Generator<Pattern> {
    for (let at = 0; at + 4 <= layer.length; at++) {
      if (this.#starts[layer.readUInt16LE(at)] === 0) continue;
      for (const pattern of this.#byStart.get(layer.readUInt32LE(at)) ?? []) {
        const { bytes } = pattern;
        if (at + bytes.length <= layer.length && bytes.compare(layer, at, at + bytes.length) === 0) {
          yield pattern;
        }
      }
    }
  }
}
