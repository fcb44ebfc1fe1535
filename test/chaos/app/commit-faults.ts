/** How a producer's transaction ends otherwise than TypeORM says, or without TypeORM saying anything. */
export const COMMIT_FAULTS = {
  'swallowed-error': 'A failing statement swallowed in a producer’s transaction, which then commits',
  'swallowed-deadlock': 'A deadlock swallowed in a producer’s transaction, which then commits',
  'raw-rollback': 'A raw ROLLBACK in a producer’s transaction, which then commits',
  'raw-commit': 'A raw COMMIT of a producer’s transaction, which then commits, rolls back, or neither',
  'killed-commit': 'A producer’s session ended at its COMMIT',
  'throwing-hook': 'Another subscriber that throws when a producer’s transaction has committed',
} as const;

export type CommitFault = keyof typeof COMMIT_FAULTS;
