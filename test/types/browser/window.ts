// Checked by `npm run typecheck` with the DOM's types and without Node's: the client is at home in a browser, and a
// browser's window is all that it asks for.
import type { EventStorage } from '../../../lib/client/options.js';
import type { Page } from '../../../lib/client/page.js';
import type { ScriptTag } from '../../../lib/client/script-options.js';

window satisfies Page;
sessionStorage satisfies EventStorage;
document.createElement('script') satisfies ScriptTag;
