import type { EventLogOptions } from './options.js';

/** What is read of a script's tag. */
export interface ScriptTag {
  readonly src: string;
  readonly dataset: Readonly<Record<string, string | undefined>>;
}

export interface ScriptOptions extends EventLogOptions {
  /** Of the global. Default `eventLog`. */
  name?: string;
}

/**
 * The options in a script's tag, each as an attribute: `data-batch-size="20"`, `data-respect-do-not-track`,
 * `data-storage="false"`. Events go to where the script is from, without its `.js`; without an address there is no `url`.
 */
export function scriptOptions({ src, dataset }: ScriptTag): ScriptOptions {
  const given = Object.entries(dataset).map(([name, text]) => [name, valueOf(text)]);
  const url = src ? { url: src.replace(/\.js([?#].*)?$/, '') } : {};
  return { ...url, ...Object.fromEntries(given) } as ScriptOptions;
}

/** An attribute without a value says yes. */
function valueOf(text = ''): unknown {
  if (text === '' || text === 'true') return true;
  return text === 'false' ? false : Number(text) || text;
}
