import type { RecordedEvent } from '../../core/event.js';
import type { Preclaimed } from '../deliveries/preclaims.js';

/** An event that this process appended, in a transaction that may still be open. */
export interface AppendedEvent {
  readonly position: number;
  readonly key: string;
  readonly group: string;
  /** The handlers of its deliveries that are pending and due at once: one id for each delivery. */
  readonly due: readonly number[];
  /** Its deliveries that were created as claims of this process. */
  readonly preclaimed: readonly Preclaimed[];
  /** The event as a reader of the log sees it; absent where nobody watched the stream when it was appended. */
  readonly event?: RecordedEvent;
}
