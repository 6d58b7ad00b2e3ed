import { addEdge } from './edge.ts';
import { addIdentities, COMMANDS } from './identities.ts';
import { addCalls, addTopics } from './messages.ts';
import { type Block, Plan } from './plan.ts';
import { addSecrets, addServices, environmentOf } from './services.ts';
import type { Settings } from './settings.ts';
import { addStores } from './stores.ts';
import { addWatch } from './watch.ts';

/**
 * Two root modules, since images and secrets come between: `base` is there before anything runs and is kept whatever
 * happens, `serve` runs. Names in both follow from the settings, so that neither reads the other's state.
 */
export function plansOf(settings: Settings): Record<'base' | 'serve', Block> {
  const base = new Plan();
  addStores(base, settings);
  addTopics(base, settings);
  addIdentities(base, settings);
  addSecrets(base, settings);
  const serve = new Plan();
  addServices(serve, settings);
  addCalls(serve, settings);
  addEdge(serve, settings);
  addWatch(serve, settings);
  return { base: base.toJson('strongroom/base'), serve: serve.toJson('strongroom/serve') };
}

/** The environment of each command that people run against the hub, as lines for a shell, by the command's identity. */
export function commandsOf(settings: Settings): Record<string, string> {
  return Object.fromEntries(
    COMMANDS.map((name) => {
      const lines = Object.entries(environmentOf(name, settings)).map(([key, value]) => `${key}=${value}\n`);
      return [name, lines.join('')];
    }),
  );
}
