import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** How often the mail of each event key was sent, by the files that the mail transport left. */
export async function sentMails(folder: string): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const name of await readdir(folder)) {
    const lines = (await readFile(join(folder, name), 'utf8')).split('\n').filter((line) => line !== '');
    for (const line of lines) {
      const key = eventKey((JSON.parse(line) as { messageId: string }).messageId);
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  return counts;
}

function eventKey(messageId: string): string {
  return decodeURIComponent(messageId.slice(1, messageId.lastIndexOf('@')));
}
