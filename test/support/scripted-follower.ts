import { Injectable, type Type } from '@nestjs/common';
import {
  Follower,
  type FollowerContext,
  type FollowerOptions,
  type GroupPattern,
  On,
  type RecordedEvent,
} from 'nestjs-once';

export type FollowerScript = (event: RecordedEvent<any>, context: FollowerContext) => unknown;

/** A follower with one method, which does what the test says. */
export function scriptedFollower(
  name: string,
  pattern: GroupPattern,
  script: FollowerScript,
  options: FollowerOptions = {},
): Type {
  @Injectable()
  @Follower(name, options)
  class Scripted {
    @On(pattern)
    follow(event: RecordedEvent, context: FollowerContext): unknown {
      return script(event, context);
    }
  }
  return Scripted;
}
