import sanitize from 'sanitize-html';

const ALLOWED = {
  allowedTags: [
    ...['h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'p', 'br', 'hr', 'div', 'span', 'blockquote', 'pre', 'code'],
    ...['ul', 'ol', 'li', 'dl', 'dt', 'dd', 'b', 'strong', 'i', 'em', 'u', 's', 'small', 'sub', 'sup', 'a'],
    ...['table', 'caption', 'thead', 'tbody', 'tfoot', 'tr', 'th', 'td'],
  ],
  allowedAttributes: { a: ['href', 'title', 'rel'], th: ['colspan', 'rowspan'], td: ['colspan', 'rowspan'] },
  allowedSchemes: ['https'],
  allowProtocolRelative: false,
  disallowedTagsMode: 'discard',
  // A link out of a partner's text tells the other shop nothing and lends it nothing.
  transformTags: { a: sanitize.simpleTransform('a', { rel: 'nofollow noopener noreferrer' }) },
} satisfies sanitize.IOptions;

/** HTML with text, lists, tables and https links in it, and nothing that runs, loads or styles. Cleaning twice is once. */
export function cleanHtml(html: string): string {
  if (!/[<&>"]/.test(html)) return html.toWellFormed().trim();
  return sanitize(html.toWellFormed(), ALLOWED).trim();
}

/**
 * What people read of such HTML, tags as spaces, and the titles of the links that are in it once it is `clean`.
 * Addresses of images and links have digits of their own.
 */
export function shownText(html: string, clean: string): string {
  if (!/[<&]/.test(html)) return html;
  const titles = [...clean.matchAll(/ title="([^"]*)"/g)].map(([, title = '']) => title);
  const parts = html.split('<').map((part) => part.slice(part.indexOf('>') + 1));
  // Entities are read as what they stand for.
  return sanitize([...parts, ...titles].join(' ').toWellFormed(), { allowedTags: [], allowedAttributes: {} });
}
