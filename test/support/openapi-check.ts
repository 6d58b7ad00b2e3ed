import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { OpenApiDocument } from '../../shared/http/openapi.ts';

/** An answer as a client saw it. `body` is the text, empty when there was none. */
export interface SeenAnswer {
  method: string;
  /** With or without a query. */
  path: string;
  status: number;
  contentType: string | null;
  body: string;
}

/** Throws, naming the operation and what is wrong, unless the document allows the answer. */
export type AnswerCheck = (answer: SeenAnswer) => void;

interface Answer {
  content?: Record<string, { schema: object }>;
}
type Paths = Record<string, Record<string, { responses: Record<string, Answer> }>>;

/**
 * Checks answers against the document that the hub publishes: the path and method must be described, the status and
 * media type declared, and the body valid. Where no operation is, only a problem may answer.
 */
export function answerCheck(document: OpenApiDocument): AnswerCheck {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addSchema(document, 'openapi.json');
  const paths = document.paths as unknown as Paths;
  // OpenAPI 3.1, Paths Object: a concrete path is matched before a templated one.
  const templates = Object.keys(paths)
    .toSorted((a, b) => a.split('{').length - b.split('{').length)
    .map((path) => ({ path, pattern: patternOf(path) }));
  const compiled = new Map<string, ValidateFunction>();

  const validate = (pointer: string, body: unknown, where: string): void => {
    const known = compiled.get(pointer);
    const check = known ?? ajv.compile({ $ref: `openapi.json#${pointer}` });
    if (known === undefined) compiled.set(pointer, check);
    if (check(body)) return;
    throw new Error(`${where}: ${ajv.errorsText(check.errors, { dataVar: 'body' })}`);
  };

  return (answer) => {
    const pathname = answer.path.split('?')[0] ?? '';
    const path = templates.find(({ pattern }) => pattern.test(pathname))?.path;
    // RFC 9110, section 9.3.2: HEAD is GET without the body.
    const method = answer.method === 'HEAD' ? 'get' : answer.method.toLowerCase();
    const operation = path === undefined ? undefined : paths[path]?.[method];
    const where = `${answer.method} ${path ?? pathname} ${answer.status}`;
    if (path === undefined || operation === undefined) {
      // 401 also there: a stranger is not told what exists.
      if (![401, 404, 405].includes(answer.status)) throw new Error(`${where}: no such operation`);
      if (answer.method === 'HEAD') return;
      validate('/components/schemas/Problem', parsed(answer, where), where);
      return;
    }
    const declared = operation.responses[String(answer.status)];
    if (declared === undefined) throw new Error(`${where}: the status is not declared`);
    const mediaType = (answer.contentType ?? '').split(';')[0] ?? '';
    if (declared.content === undefined) {
      if (answer.body !== '') throw new Error(`${where}: no body is declared`);
      return;
    }
    if (declared.content[mediaType] === undefined) throw new Error(`${where}: ${mediaType} is not declared`);
    if (answer.method === 'HEAD' || !mediaType.endsWith('json') || mediaType.endsWith('x-ndjson')) return;
    const parts = ['paths', path, method, 'responses', String(answer.status), 'content', mediaType, 'schema'];
    validate(parts.map((part) => `/${pointerPart(part)}`).join(''), parsed(answer, where), where);
  };
}

function parsed(answer: SeenAnswer, where: string): unknown {
  try {
    return JSON.parse(answer.body);
  } catch {
    throw new Error(`${where}: the body is not JSON`);
  }
}

function patternOf(template: string): RegExp {
  const source = template
    .split('/')
    .map((part) => (part.startsWith('{') ? '[^/]+' : part.replace(/[.*+?^$()[\]\\|]/g, '\\$&')))
    .join('/');
  return new RegExp(`^${source}$`);
}

/** RFC 6901, then as a part of a URI fragment. */
function pointerPart(part: string): string {
  return encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'));
}
