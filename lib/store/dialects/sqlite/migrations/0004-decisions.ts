/** One transaction writes at a time: there is nothing to lock beside the file. */
export function decisions(): string[] {
  return [];
}

export function dropDecisions(): string[] {
  return [];
}
