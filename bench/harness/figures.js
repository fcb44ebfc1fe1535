/** Figures of a row that differ from database to database: what its ratio may be at most. MySQL only informs. */
export function atMost(postgres, sqlite, mariadb) {
  return { postgres: { atMost: postgres }, sqlite: { atMost: sqlite }, mariadb: { atMost: mariadb } };
}

/** What its ratio has to be at least. */
export function atLeast(postgres, sqlite, mariadb) {
  return { postgres: { atLeast: postgres }, sqlite: { atLeast: sqlite }, mariadb: { atLeast: mariadb } };
}
