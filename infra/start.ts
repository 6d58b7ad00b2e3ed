/** Becomes `index.cjs` of a deployed function: the module that `node` starts and that functions-framework loads. */
import { type Bundle, runBundle } from './script.ts';

// Without it functions-framework tells callers the messages of errors.
process.env['NODE_ENV'] = 'production';

runBundle(__dirname, module, require);
if (require.main === module) (module.exports as Bundle).start();
