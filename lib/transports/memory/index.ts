import { MemoryBroker, type MemoryOptions } from './memory-broker.js';

export { MemoryBroker, type MemoryMessage, type MemoryOptions } from './memory-broker.js';

/**
 * A broker in the memory of this process, for tests and for applications that have one process. Give the same one to all applications
 * that are to meet in it. Throws `UnknownOptionError` or `InvalidOptionError`.
 */
export function memory(options?: MemoryOptions): MemoryBroker {
  return new MemoryBroker(options);
}
