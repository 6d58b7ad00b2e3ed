export type Block = Record<string, unknown>;

/** One root module of Terraform in its JSON syntax: https://developer.hashicorp.com/terraform/language/syntax/json. */
export class Plan {
  readonly #resources = new Map<string, Map<string, Block>>();
  readonly #data = new Map<string, Map<string, Block>>();
  readonly #variables = new Map<string, Block>();

  /** Answers how others refer to the resource: `${type.name.attribute}`. */
  resource(type: string, name: string, body: Block): (attribute: string) => string {
    const label = put(this.#resources, type, name, body);
    return (attribute) => `\${${type}.${label}.${attribute}}`;
  }

  /** Something that is there, and only asked for. */
  data(type: string, name: string, body: Block): (attribute: string) => string {
    const label = put(this.#data, type, name, body);
    return (attribute) => `\${data.${type}.${label}.${attribute}}`;
  }

  /** A value that is asked for at each run. */
  variable(name: string, description: string): string {
    this.#variables.set(name, { type: 'string', description });
    return `\${var.${name}}`;
  }

  toJson(backend: string): Block {
    return {
      terraform: {
        required_version: '>= 1.9',
        required_providers: { google: { source: 'hashicorp/google', version: '~> 7.0' } },
        // Its bucket is named at `terraform init -backend-config=bucket=…`.
        backend: { gcs: { prefix: backend } },
      },
      ...(this.#variables.size > 0 && { variable: Object.fromEntries(this.#variables) }),
      ...(this.#data.size > 0 && { data: blocksOf(this.#data) }),
      resource: blocksOf(this.#resources),
    };
  }
}

type Blocks = Map<string, Map<string, Block>>;

function put(blocks: Blocks, type: string, name: string, body: Block): string {
  const label = labelOf(name);
  const ofType = blocks.get(type) ?? new Map<string, Block>();
  if (ofType.has(label)) throw new Error(`${type}.${label} is there already`);
  ofType.set(label, body);
  blocks.set(type, ofType);
  return label;
}

function blocksOf(blocks: Blocks): Block {
  return Object.fromEntries([...blocks].map(([type, named]) => [type, Object.fromEntries(named)]));
}

function labelOf(name: string): string {
  const label = name.replace(/[^A-Za-z0-9_-]+/g, '-').replace(/^-+|-+$/g, '');
  return /^[0-9-]/.test(label) ? `_${label}` : label;
}
