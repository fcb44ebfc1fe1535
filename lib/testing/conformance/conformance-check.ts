/** One named check of a conformance suite: resolves when it holds, rejects with an `AssertionError` when not. */
export interface ConformanceCheck {
  name: string;
  run(): Promise<void>;
}

/** Checks for any test runner, to be run one after another. */
export interface ConformanceSuite {
  checks: readonly ConformanceCheck[];
  /** To be called after the last check: closes what they opened. */
  close(): Promise<void>;
}
