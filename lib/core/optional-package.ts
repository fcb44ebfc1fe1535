/** What `load` imports; undefined where the package is not installed. What is installed but broken is an error. */
export async function ifInstalled<T>(name: string, load: () => Promise<T>): Promise<T | undefined> {
  try {
    return await load();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const isMissing = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND';
    if (isMissing && message.includes(name)) return undefined;
    throw error;
  }
}
