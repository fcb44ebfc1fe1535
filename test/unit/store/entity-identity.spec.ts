import type { DataSource, EntityMetadata } from 'typeorm';
import { identified } from '../../../lib/store/typeorm/entity-identity.js';

const entity = (name: string, tablePath: string, parentEntityMetadata?: EntityMetadata) =>
  ({ name, tablePath, parentEntityMetadata, isJunction: false }) as EntityMetadata;

const customers = entity('User', 'customers');
const admins = entity('User', 'admins');
const content = entity('Content', 'content');
const photo = entity('Photo', 'content', content);
const dataSource = { entityMetadatas: [customers, admins, content, photo] } as unknown as DataSource;

describe('identified', () => {
  it.each([
    ['by name and table', { entity: 'User', table: 'admins' }, admins],
    ['by a name that is unique, as earlier releases stored it', { entity: 'Content' }, content],
    ['by name and table of a hierarchy', { entity: 'Photo', table: 'content' }, photo],
    ['by its table when the class was renamed', { entity: 'Account', table: 'admins' }, admins],
    [
      'the parent of its table when a class of a hierarchy was renamed',
      { entity: 'Image', table: 'content' },
      content,
    ],
    ['by a unique name when the table was renamed', { entity: 'Photo', table: 'contents' }, photo],
  ])('finds a class %s', (_, identity, expected) => {
    expect(identified(dataSource, identity)).toBe(expected);
  });

  it('refuses a name without a table that two classes have', () => {
    expect(() => identified(dataSource, { entity: 'User' })).toThrow(
      expect.objectContaining({
        code: 'PAYLOAD_NOT_DECODABLE',
        message: expect.stringContaining('customers and admins'),
      }),
    );
  });

  it('refuses a name that no class has', () => {
    expect(() => identified(dataSource, { entity: 'Gone', table: 'gone' })).toThrow(/Gone of the table gone/);
  });
});
