import { EventSourcingError, InvalidEventError, InvalidOptionError } from '../../../lib/core/errors.js';

describe('errors', () => {
  it('have a stable code, their own name, and the data of the message as properties', () => {
    const error = new InvalidEventError('key', 'a string', 'undefined');
    expect(error).toBeInstanceOf(EventSourcingError);
    expect(error).toMatchObject({
      code: 'INVALID_EVENT',
      name: 'InvalidEventError',
      field: 'key',
      expected: 'a string',
      actual: 'undefined',
    });
    expect(error.message).toBe(
      'Invalid event: expected key to be a string, got undefined. Nothing was recorded.',
    );
  });

  it('say where an option was given', () => {
    const error = new InvalidOptionError('timeout', 'a duration', '-1', '@EventHandler of Mails.send');
    expect(error.message).toBe('@EventHandler of Mails.send: expected timeout to be a duration, got -1.');
    expect(error).toMatchObject({
      code: 'INVALID_OPTION',
      option: 'timeout',
      where: '@EventHandler of Mails.send',
    });
  });

  it('of a subclass carry its name and cause', () => {
    class OwnError extends EventSourcingError {
      readonly code = 'OWN';
    }
    const cause = new Error('below');
    expect(new OwnError('above', { cause })).toMatchObject({ name: 'OwnError', code: 'OWN', cause });
  });
});
