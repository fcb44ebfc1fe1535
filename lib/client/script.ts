// What becomes /event/log.js: `<script src="/event/log.js"></script>` makes the global `eventLog`.
import { createEventLog } from './create-event-log.js';
import { scriptOptions, type ScriptTag } from './script-options.js';

const scope = globalThis as unknown as {
  document: { currentScript: ScriptTag };
  eventLog?: ReturnType<typeof createEventLog>;
};

// A tag that is there twice is one client.
scope.eventLog ??= createEventLog(scriptOptions(scope.document.currentScript));
