import type { ValueTransformer } from 'typeorm';

/** Positions and times stay far below 2^53, but drivers hand out 64-bit columns as strings. */
export const bigintNumber: ValueTransformer = {
  from: (value: unknown) => (value === null || value === undefined ? value : Number(value)),
  to: (value: unknown) => value,
};
