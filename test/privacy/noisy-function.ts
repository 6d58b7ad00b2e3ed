import type { Build } from '../../shared/http/entry.ts';

/** A function that says on both outputs what it is sent, as ours must not. */
export const build: Build = () => (req, res) => {
  process.stdout.write(`out ${req.get('x-out') ?? ''}\n`);
  process.stderr.write(`err ${req.get('x-err') ?? ''}\n`);
  console.error(req.rawBody);
  res.end();
};
