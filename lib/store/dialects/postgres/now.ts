/** The server's clock in epoch milliseconds, moving on within a transaction. */
export const NOW = '(extract(epoch FROM clock_timestamp()) * 1000)::bigint';
