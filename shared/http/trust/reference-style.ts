import { createHash } from 'node:crypto';
import { raw } from 'hono/html';

const STYLE = `
:root { color-scheme: light dark; --line: light-dark(#d8dbe0, #3a3f47); --soft: light-dark(#f4f5f7, #22262c); }
* { box-sizing: border-box; }
body { margin: 0; font: 16px/1.55 system-ui, sans-serif; color: light-dark(#1c2026, #e4e7eb); background: light-dark(#fff, #16191d); }
nav { padding: 1.5rem; font-size: .9rem; border-bottom: 1px solid var(--line); }
nav ul { margin: .2rem 0 .8rem; padding-left: 1.1rem; }
nav p { margin: 0; font-weight: 600; }
main { max-width: 54rem; padding: 1.5rem; }
a { color: light-dark(#0b57c2, #8ab8ff); }
section { border-top: 1px solid var(--line); padding-bottom: 1rem; }
code, pre { font: .875em/1.5 ui-monospace, monospace; background: var(--soft); border-radius: 4px; }
code { padding: .1em .3em; overflow-wrap: anywhere; }
pre { padding: .8rem 1rem; overflow-x: auto; }
.call { font-weight: 600; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
caption { text-align: left; font-weight: 600; padding: .5rem 0; }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem .35rem 0; border-top: 1px solid var(--line); font-weight: 400; }
dt { font-weight: 600; margin-top: .5rem; }
dd { margin: 0 0 0 1.2rem; }
@media (min-width: 70rem) {
  body { display: grid; grid-template-columns: 17rem 1fr; }
  nav { position: sticky; top: 0; height: 100vh; overflow-y: auto; border-bottom: 0; border-right: 1px solid var(--line); }
}
`;

/** The whole element: its hash counts every space inside it. */
export const REFERENCE_STYLE = raw(`<style>${STYLE}</style>`);

/** Allows this one style sheet by its hash, and nothing else whatever. */
export const REFERENCE_CSP = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');
