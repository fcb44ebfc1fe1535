/** How each table is made, by what the server says of its version. */
export function tableOptions(version: string): string {
  // Byte by byte, without the padding that makes 'a' and 'a ' one key.
  const collation = /mariadb/i.test(version) ? 'utf8mb4_nopad_bin' : 'utf8mb4_0900_bin';
  return `ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE ${collation}`;
}
