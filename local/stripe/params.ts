import type { Form, FormValue } from './form.ts';
import { badParam, Refusal } from './refusal.ts';

/** The parameters of one call. Each is asked for once by name; what nobody asked for is refused, as Stripe does. */
export class Params {
  readonly #form: Form;
  readonly #unread: Set<string>;

  constructor(form: Form) {
    this.#form = form;
    this.#unread = new Set(Object.keys(form));
    this.#unread.delete('expand');
  }

  text(name: string): string | undefined {
    const value = this.#take(name);
    if (value === undefined || typeof value === 'string') return value;
    throw badParam(name, 'Invalid string', 'parameter_invalid_string');
  }

  needed(name: string): string {
    const value = this.text(name);
    if (value !== undefined && value !== '') return value;
    throw badParam(name, `Missing required param: ${name}.`, 'parameter_missing');
  }

  whole(name: string): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    if (/^-?\d{1,15}$/.test(value)) return Number(value);
    throw badParam(name, `Invalid integer: ${value}`, 'parameter_invalid_integer');
  }

  flag(name: string): boolean {
    return this.text(name) === 'true';
  }

  object(name: string): Record<string, FormValue> {
    const value = this.#take(name);
    return typeof value === 'object' && !Array.isArray(value) ? value : {};
  }

  list(name: string): FormValue[] {
    const value = this.#take(name);
    return Array.isArray(value) ? value : value === undefined ? [] : [value];
  }

  /** Up to 50 keys of up to 40 characters, values of up to 500. */
  metadata(): Record<string, string> {
    const entries = Object.entries(this.object('metadata')).map(
      ([name, value]) => [name, typeof value === 'string' ? value : ''] as const,
    );
    if (entries.length > 50 || entries.some(([name, value]) => name.length > 40 || value.length > 500)) {
      throw badParam('metadata', 'Metadata is too large');
    }
    return Object.fromEntries(entries);
  }

  /** Names that are taken and not looked at. */
  ignore(...names: string[]): void {
    for (const name of names) this.#unread.delete(name);
  }

  finish(): void {
    const [unknown] = this.#unread;
    if (unknown === undefined) return;
    throw new Refusal(400, 'invalid_request_error', `Received unknown parameter: ${unknown}`, {
      code: 'parameter_unknown',
      param: unknown,
    });
  }

  #take(name: string): FormValue | undefined {
    this.#unread.delete(name);
    return Object.hasOwn(this.#form, name) ? this.#form[name] : undefined;
  }
}
