import { OpenAPIHono, type RouteConfig } from '@hono/zod-openapi';

/** The whole API in one document, OpenAPI 3.1, from the very schemas that validate. */
export type OpenApiDocument = ReturnType<OpenAPIHono['getOpenAPI31Document']>;

const TAGS = [
  { name: 'Orders', description: 'Orders of your shops and orders that partners sent you.' },
  { name: 'Stock', description: 'What you have, and what of it is promised.' },
  { name: 'Erasures', description: 'Deleting archived orders for good, and the certificates of it.' },
  { name: 'Catalogue', description: 'Products, price lists, and what partners sell to you.' },
  { name: 'Audit', description: 'What was done to your data, when, and by whom.' },
  { name: 'Webhooks', description: 'Where commerce platforms send their events.' },
  { name: 'Connections', description: 'Your shops: connecting them, and how each is doing.' },
  { name: 'Company', description: 'Your company’s account.' },
  { name: 'Sessions', description: 'Signing in and out, and passwords.' },
  { name: 'Second factors', description: 'Authenticator apps, passkeys and recovery codes.' },
  { name: 'Recovery', description: 'Getting back in without the second factor that was lost.' },
  { name: 'Members', description: 'Who belongs to the company, and what each may do.' },
  {
    name: 'Deliveries',
    description: 'What goes out to shops and to your own endpoints, and what was given up.',
  },
  { name: 'API keys', description: 'Credentials for programs, with scopes and an end.' },
  { name: 'Partners', description: 'Companies that you trade with, and the terms of it.' },
  { name: 'Billing', description: 'Charges for what was shipped, through Stripe, and what became of them.' },
  { name: 'Export', description: 'Everything that you have here, in signed parts.' },
  { name: 'Approvals', description: 'What our support asks of you, and what you let it do.' },
  { name: 'Staff', description: 'For our own people: signing in, and the list of staff that is signed.' },
  { name: 'Support', description: 'For our own people: asking a merchant, and what was approved.' },
  { name: 'Trust', description: 'What anyone may read, without a key.' },
];

const DESCRIPTION = `
A hub for trade between merchants: orders in, shipments back, and nothing kept about a shopper that a label does not
need.

Ids are random and carry a prefix. Money is integer minor units with an ISO 4217 currency. Times are RFC 3339 UTC. Lists
answer \`data\` and \`next\`, which goes into \`after\` for the page that follows. Fields that a request does not know are
refused by name. Whatever is not a success is a problem of RFC 9457 with a \`code\` from a closed set. The header
\`Request-Id\` is on every answer, and \`Audit-Entry\` on the answer to every action.
`.trim();

/** Builds the document. Every route is declared once, with `createRoute`, beside the schemas that check it. */
export function openApiDocument(routes: readonly RouteConfig[], baseUrl: string): OpenApiDocument {
  const { openAPIRegistry, getOpenAPI31Document } = new OpenAPIHono();
  for (const declared of routes) {
    const route = { ...declared };
    delete route.middleware;
    openAPIRegistry.registerPath(route);
  }
  openAPIRegistry.registerComponent('securitySchemes', 'apiKey', {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'sr_live_… or sr_test_…',
    description: 'An API key of your company. Each operation names the scope that the key must have.',
  });
  openAPIRegistry.registerComponent('securitySchemes', 'session', {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'sr_session_…',
    description:
      'What a member who signs in is given. Each operation names the scope that the role must have.',
  });
  openAPIRegistry.registerComponent('securitySchemes', 'staff', {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'sr_staff_…',
    description: 'What one of our own people is given who signs in. Each operation names the right it needs.',
  });
  const used = new Set(routes.flatMap((route) => route.tags ?? []));
  return getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Strongroom',
      version: '1',
      description: DESCRIPTION,
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    servers: [{ url: baseUrl }],
    tags: TAGS.filter((tag) => used.has(tag.name)),
  });
}
