import { GatedDatabase } from './gated-database.js';

describe('parameters of a statement', () => {
  const database = new GatedDatabase();
  afterEach(() => database.remove());

  it.each([[[null]], [[null, 1]], [[true]], [['text']]])('arrive as they are: %p', async (parameters) => {
    const dataSource = await database.open();
    const marks = parameters.map((_, index) => `? AS p${index}`).join(', ');
    const [row] = await dataSource.query<Record<string, unknown>[]>(`SELECT ${marks}`, parameters);
    const expected = parameters.map((value) => (value === true ? 1 : value));
    expect(Object.values(row!).map(String)).toEqual(expected.map(String));
  });

  it('may be missing', async () => {
    const dataSource = await database.open();
    expect(await dataSource.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });
});
