import { messageOf } from '../core/thrown.js';
import { PayloadDecodingError, UnknownKeyError } from './errors.js';
import { NOBODY, type PayloadOwner } from './payload-owner.js';

/** Of what was thrown by a payload that is not what it should be. Of a secret one it says nothing: the parser quotes what it reads. */
export function unreadable(thrown: unknown, isSecret: boolean): PayloadDecodingError {
  if (isSecret) return new PayloadDecodingError('what was decrypted is not what was encrypted once');
  return new PayloadDecodingError(messageOf(thrown), { cause: thrown });
}

/** Does `read`, whose errors name the owner: those of a promise that it returns, too. */
export function naming(owner: PayloadOwner, read: () => unknown): unknown {
  if (owner === NOBODY) return read();
  try {
    const result = read();
    return result instanceof Promise
      ? result.catch((thrown: unknown) => {
          throw named(thrown, owner);
        })
      : result;
  } catch (thrown) {
    throw named(thrown, owner);
  }
}

function named(thrown: unknown, event: PayloadOwner): unknown {
  if (thrown instanceof PayloadDecodingError && !thrown.event) {
    const { problem, cause } = thrown;
    return new PayloadDecodingError(problem, { event, ...(cause === undefined ? {} : { cause }) });
  }
  if (thrown instanceof UnknownKeyError && !thrown.event) {
    const { keyId, problem, subject } = thrown;
    return new UnknownKeyError(keyId, problem, { event, ...(subject === undefined ? {} : { subject }) });
  }
  return thrown;
}
