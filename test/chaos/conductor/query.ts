/** The rows of a statement, by whoever is connected. */
export type Query = <T>(sql: string) => Promise<T[]>;
