/** The text with escapes in place of all that not every encoding has: any database takes it. */
export function asciiOf(text: string): string {
  return text.replace(/[^\t\n\r -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
