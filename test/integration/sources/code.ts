import type { ValueTransformer } from 'typeorm';

/** A value object without `toString`. */
export class Code {
  constructor(readonly letters: string) {}
}

/** Between a `Code` and the text that is stored of it. */
export const codeTransformer: ValueTransformer = {
  to: (code: Code | null | undefined) => code?.letters,
  from: (letters: string | null | undefined) => letters && new Code(letters),
};
