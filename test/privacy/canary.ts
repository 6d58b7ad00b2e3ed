import { createHash } from 'node:crypto';
import type { Canary } from './finder.ts';

/** No vowels: a word that means nothing in any language, and none for a phone or an email address. */
const LETTERS = 'bcdfghjkqrsvwxyz';

/** Of which every email address here is; a piece of one that stays behind still shows. */
const MAIL_HOST = 'canarypost.example';

type Writing = 'plus' | 'exit' | 'word';

/**
 * Values that stand nowhere else, each made of the name of the place where it is planted, so that what is found
 * somewhere says where it came from.
 */
export class Canaries {
  /** To be found nowhere at all. */
  readonly banned: Canary[] = [{ name: 'the host of the email addresses', needles: [MAIL_HOST] }];
  /** To be found in the audited single read, and nowhere else. */
  readonly sealed: Canary[] = [];
  readonly #names = new Set<string>();

  /** A part of the address or a title: kept, sealed. */
  kept(place: string): string {
    const word = this.#word(place);
    const name = `${word[0]?.toUpperCase() ?? ''}${word.slice(1)}`;
    this.sealed.push({ name: place, needles: [name] });
    return name;
  }

  text(place: string): string {
    const word = this.#word(`text in ${place}`);
    this.#ban(`text in ${place}`, word);
    return `Please leave it with ${word}.`;
  }

  /** Long enough, and easily guessed by nobody. */
  password(place: string): string {
    const first = this.#word(`password for ${place}`);
    const second = this.#word(`password for ${place}, its end`);
    this.#ban(`password for ${place}`, first, second);
    return `${first} ${second}`;
  }

  email(place: string): string {
    const local = this.#word(`email in ${place}`);
    this.#ban(`email in ${place}`, local);
    return `${local}@${MAIL_HOST}`;
  }

  /** As a person would write it in an address, or with a plus as shops do. */
  phone(place: string, writing: Writing = 'plus'): string {
    const digits = this.#digits(`phone in ${place}`, 10);
    const national = `${digits.slice(0, 3)} ${digits.slice(3, 6)}-${digits.slice(6)}`;
    const written = { plus: `+49 ${national}`, exit: `0049 ${national}`, word: `Tel. 0${national}` }[writing];
    this.#ban(`phone in ${place}`, national, digits, digits.slice(2), written);
    return written;
  }

  /** The same number without any sign that it is one: to be cut since the payload names it elsewhere. */
  bare(phone: string): string {
    return phone.replace(/^\+49 (\d{3}) (\d{3})-/, '0$1/$2 ');
  }

  ip(place: string): string {
    const [first = 0, ...rest] = this.#hash(`ip in ${place}`).subarray(0, 4);
    // A range that nobody has (RFC 1112, section 4); three digits in each part, so that none is a part of another.
    const address = [240 + (first % 15), ...rest.map((byte) => 100 + (byte % 156))].join('.');
    this.#ban(`ip in ${place}`, address);
    return address;
  }

  ipv6(place: string): string {
    const hex = this.#hash(`ipv6 in ${place}`).toString('hex');
    const address = `2001:db8:a${hex.slice(0, 3)}:b${hex.slice(3, 6)}::c${hex.slice(6, 9)}`;
    this.#ban(`ipv6 in ${place}`, address);
    return address;
  }

  /** A whole number, as ids of people and devices are. */
  id(place: string): number {
    const value = Number(`7${this.#digits(`id in ${place}`, 13)}`);
    this.#ban(`id in ${place}`, value);
    return value;
  }

  /** Degrees with nine decimals. */
  degrees(place: string): number {
    const value = Number(`48.${this.#digits(`degrees in ${place}`, 9)}`);
    this.#ban(`degrees in ${place}`, value);
    return value;
  }

  /** All four that may stand in text that somebody typed. */
  mixed(place: string): string {
    const at = `${place}, typed`;
    return `${this.text(at)} ${this.email(at)} ${this.phone(at)} ${this.ip(at)}`;
  }

  #ban(name: string, ...needles: Canary['needles']): void {
    if (needles.some((needle) => this.banned.some((other) => other.needles.includes(needle)))) {
      throw new Error(`${name} has the value of another canary: give its place another name.`);
    }
    this.banned.push({ name, needles });
  }

  #hash(name: string): Buffer {
    if (this.#names.has(name)) throw new Error(`There is a canary for ${name} already.`);
    this.#names.add(name);
    return createHash('sha256').update(name).digest();
  }

  #word(name: string): string {
    return [...this.#hash(name).subarray(0, 12)].map((byte) => LETTERS[byte % LETTERS.length]).join('');
  }

  /** No zero in front. */
  #digits(name: string, count: number): string {
    const digits = [...this.#hash(name)].map((byte) => 1 + (byte % 9));
    return digits.slice(0, count).join('');
  }
}
