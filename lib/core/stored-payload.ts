/** A payload as it stands in the database: text, or bytes when a pipeline step (compression, encryption) made them. */
export interface StoredPayload {
  /** JSON text; null when `bytes` holds the payload. */
  text: string | null;
  bytes: Uint8Array | null;
  /** The steps that made it, in order, joined by `+`: `json`, `json+gzip`; `PRUNED` when it was removed. */
  encoding: string;
}

/** In place of the encoding of a payload that retention has removed. */
export const PRUNED = 'pruned';
