import { html } from 'hono/html';
import { ERRORS } from '../../domain/errors.ts';
import type { OpenApiDocument } from '../openapi.ts';
import { REFERENCE_STYLE } from './reference-style.ts';

type Html = ReturnType<typeof html>;

/** The parts of OpenAPI 3.1 that our own document is made of. */
interface Document {
  info: { title: string; description: string };
  servers: { url: string }[];
  tags: { name: string; description: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}

interface Operation {
  operationId: string;
  tags: string[];
  summary: string;
  description?: string;
  security: Record<string, string[]>[];
  parameters?: { name: string; in: string; required?: boolean; schema: Schema; description?: string }[];
  requestBody?: { content: Content };
  responses: Record<string, { description: string; content?: Content }>;
}

type Content = Record<string, { schema: Schema }>;

interface Schema {
  $ref?: string;
  type?: string | string[];
  format?: string;
  enum?: unknown[];
  const?: unknown;
  description?: string;
  example?: unknown;
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  anyOf?: Schema[];
  oneOf?: Schema[];
}

/** The sections of these operations, in this order. */
export function operationSections(openApi: OpenApiDocument, operationIds: readonly string[]): Html[] {
  const document = openApi as unknown as Document;
  const operations = operationsOf(document);
  return operationIds.map((id) => {
    const found = operations.find(({ operation }) => operation.operationId === id);
    if (found === undefined) throw new Error(`There is no operation ${id}.`);
    return section(document, found.path, found.method, found.operation);
  });
}

function operationsOf(document: Document): { path: string; method: string; operation: Operation }[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
}

/** The OpenAPI document as one page: no script, nothing from elsewhere, every value escaped. */
export function referencePage(openApi: OpenApiDocument): Html {
  const document = openApi as unknown as Document;
  const operations = operationsOf(document);
  const groups = document.tags.map((tag) => ({
    ...tag,
    operations: operations.filter(({ operation }) => operation.tags.includes(tag.name)),
  }));
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${document.info.title} API</title>
        <link rel="alternate" type="application/json" href="/v1/openapi.json" />
        ${REFERENCE_STYLE}
      </head>
      <body>
        <nav aria-label="Contents">
          ${groups.map(
            (group) =>
              html`<p><a href="#${group.name}">${group.name}</a></p>
                <ul>
                  ${group.operations.map(
                    ({ operation }) =>
                      html`<li><a href="#${operation.operationId}">${operation.summary}</a></li>`,
                  )}
                </ul>`,
          )}
          <p><a href="#errors">Errors</a></p>
        </nav>
        <main>
          <h1>${document.info.title} API</h1>
          <p>
            Base URL <code>${document.servers[0]?.url}</code>. Also as
            <a href="/v1/openapi.json">OpenAPI 3.1</a>.
          </p>
          ${prose(document.info.description)}
          ${groups.map(
            (group) =>
              html`<h2 id="${group.name}">${group.name}</h2>
                <p>${group.description}</p>
                ${group.operations.map(({ path, method, operation }) => section(document, path, method, operation))}`,
          )}
          <h2 id="errors">Errors</h2>
          <p>The values of <code>code</code> in a problem.</p>
          <dl>
            ${Object.entries(ERRORS).map(
              ([code, { status, title }]) =>
                html`<dt id="${code}"><code>${code}</code> ${status}</dt>
                  <dd>${title}.</dd>`,
            )}
          </dl>
        </main>
      </body>
    </html>`;
}

function section(document: Document, path: string, method: string, operation: Operation): Html {
  const scopes = operation.security.flatMap((way) => Object.values(way).flat());
  const body = Object.values(operation.requestBody?.content ?? {})[0]?.schema;
  const parameters = (operation.parameters ?? []).map((parameter) => ({
    name: parameter.name,
    type: `${typeOf(parameter.schema)}, in ${parameter.in}${parameter.required === true ? ', required' : ''}`,
    description: parameter.description ?? parameter.schema.description ?? '',
  }));
  return html`<section id="${operation.operationId}">
    <h3>${operation.summary}</h3>
    <p><code class="call">${method} ${path}</code></p>
    ${prose(operation.description ?? '')}
    ${scopes.length > 0 ? html`<p>Scope <code>${scopes.join(', ')}</code></p>` : ''}
    ${parameters.length > 0 ? table('Parameters', parameters) : ''}
    ${body === undefined ? '' : [table('Body', fieldsOf(document, body)), example(document, body)]}
    <h4>Answers</h4>
    <dl>
      ${Object.entries(operation.responses).map(([status, answer]) => {
        const schema = answer.content?.['application/json']?.schema;
        return html`<dt>${status}</dt>
          <dd>
            ${inline(answer.description)}
            ${
              schema === undefined
                ? ''
                : html`<details>
                    <summary>Fields</summary>
                    ${table('', fieldsOf(document, schema))} ${example(document, schema)}
                  </details>`
            }
          </dd>`;
      })}
    </dl>
  </section>`;
}

interface Row {
  name: string;
  type: string;
  description: string;
}

function table(caption: string, rows: Row[]): Html {
  return html`<table>
    ${
      caption === ''
        ? ''
        : html`<caption>
            ${caption}
          </caption>`
    }
    ${rows.map(
      (row) =>
        html`<tr>
          <th scope="row"><code>${row.name}</code></th>
          <td>${row.type}</td>
          <td>${inline(row.description)}</td>
        </tr>`,
    )}
  </table>`;
}

/** Members of a schema in reading order, those of nested objects as `lines[].sku`. */
function fieldsOf(document: Document, schema: Schema, prefix = ''): Row[] {
  const { properties = {}, required = [] } = resolved(document, schema);
  return Object.entries(properties).flatMap(([name, property]) => {
    const own = resolved(document, property);
    const inner = own.items === undefined ? own : resolved(document, own.items);
    const path = `${prefix}${name}${own.items === undefined ? '' : '[]'}`;
    const type = `${typeOf(own)}${required.includes(name) ? '' : ', optional'}`;
    const row = { name: path, type, description: own.description ?? '' };
    return [row, ...fieldsOf(document, inner, `${path}.`)];
  });
}

function typeOf(schema: Schema): string {
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return [...new Set(choices.map(typeOf))].join(' or ');
  if (schema.enum !== undefined) return schema.enum.map(String).join(' | ');
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  const type = [schema.type ?? 'object'].flat().join(' or ');
  return schema.format === undefined ? type : `${type} (${schema.format})`;
}

function resolved(document: Document, schema: Schema): Schema {
  const choice = schema.anyOf?.find((one) => one.$ref !== undefined || one.properties !== undefined);
  const ref = (choice ?? schema).$ref?.split('/').at(-1);
  if (ref !== undefined) return { ...document.components.schemas[ref], ...schema };
  return choice === undefined ? schema : { ...choice, ...schema };
}

function example(document: Document, schema: Schema): Html | '' {
  const value = resolved(document, schema).example;
  return value === undefined ? '' : html`<pre>${JSON.stringify(value, null, 2)}</pre>`;
}

/** Paragraphs, and what stands between backticks as code. */
function prose(text: string): Html[] {
  return text
    .split(/\n{2,}/)
    .filter((paragraph) => paragraph !== '')
    .map((paragraph) => html`<p>${inline(paragraph)}</p>`);
}

function inline(text: string): (Html | string)[] {
  return text.split('`').map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part));
}
