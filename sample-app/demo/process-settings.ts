/** What the demo tells each of its processes when it starts it. */
export interface ProcessSettings {
  /** A database URL, or the path of a SQLite file. */
  database: string;
  /** The folder that mails are written to. */
  mails: string;
  /** How far the clock is moved from real time, in milliseconds. */
  clockOffset: number;
}

/** The settings that this process was started with. */
export function processSettings(): ProcessSettings {
  const argument = process.argv[3];
  if (!argument) throw new Error('Expected to be started by the demo: run npm run demo.');
  return JSON.parse(argument) as ProcessSettings;
}
