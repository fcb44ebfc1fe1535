import { CommanderError } from 'commander';
import { InvalidOptionError } from '../core/errors.js';
import { UnknownOptionError } from '../core/options/known-options.js';
import { UnknownAggregateTypeError } from '../aggregates/errors.js';
import {
  FollowerNotResettableError,
  UnknownFollowerError,
  UnknownUpstreamError,
} from '../followers/errors.js';
import { UnknownHandlerError } from '../handlers/errors.js';
import { UnknownEntityError } from '../sources/errors.js';
import { ApplicationNotFoundError, CommandUsageError, LogNotFoundError } from './errors.js';

export const DONE = 0;
export const FAILED = 1;
export const WRONG_USE = 2;

const MISUSES = [
  ApplicationNotFoundError,
  CommandUsageError,
  FollowerNotResettableError,
  InvalidOptionError,
  LogNotFoundError,
  UnknownAggregateTypeError,
  UnknownEntityError,
  UnknownFollowerError,
  UnknownHandlerError,
  UnknownOptionError,
  UnknownUpstreamError,
];

/** 0 where help or the version was asked for, 2 where the caller has to ask for something else, else 1. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? DONE : WRONG_USE;
  return MISUSES.some((type) => error instanceof type) ? WRONG_USE : FAILED;
}
