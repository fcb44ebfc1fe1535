import { describe } from '../core/describe.js';
import { MessageRefusedError } from './errors.js';
import type { Serializer } from './serializer.js';

/** The bytes as they are: `data` is a `Uint8Array` when it is received, and bytes or text when it is sent. The group is the topic. */
export function raw(): Serializer {
  return {
    name: 'raw',
    serialize: ({ key, data }, topic) => {
      if (typeof data === 'string') return { value: Buffer.from(data) };
      if (data instanceof Uint8Array) return { value: data };
      throw new MessageRefusedError(
        topic,
        `raw() sends text or bytes, and the data of event ${key} is ${describe(data)}.`,
      );
    },
    deserialize: ({ value }) => ({ data: Buffer.from(value) }),
  };
}
