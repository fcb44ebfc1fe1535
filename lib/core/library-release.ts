/** This library's release. A constant, since an application may be bundled into one file; a test compares it with `package.json`. */
export const LIBRARY_RELEASE = '0.1.0';

/** What runs in a process. */
export interface RunningRelease {
  /** This library's release. */
  readonly library: string;
  /** The application's; undefined where it names none. */
  readonly application?: string;
}
