import { Injectable, Logger } from '@nestjs/common';

/** Stands for whatever would go out to the runner. */
@Injectable()
export class CheerLeader {
  private readonly logger = new Logger('CheerLeader');

  passOn({ kind, note }: { kind: string; note?: string }): void {
    this.logger.log(note ? `${kind}: ${note}` : kind);
  }
}
