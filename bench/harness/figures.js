/** Figures of a row that differ from database to database: what its ratio may be at most. */
export function atMost(postgres, sqlite, mysql) {
  return { postgres: { atMost: postgres }, sqlite: { atMost: sqlite }, mysql: { atMost: mysql } };
}

/** What its ratio has to be at least. */
export function atLeast(postgres, sqlite, mysql) {
  return { postgres: { atLeast: postgres }, sqlite: { atLeast: sqlite }, mysql: { atLeast: mysql } };
}
