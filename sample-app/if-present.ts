import { ValidateIf } from 'class-validator';

/** Lets a property be absent; unlike `IsOptional`, it may not be null. */
export function IfPresent(): PropertyDecorator {
  return ValidateIf((_, value) => value !== undefined);
}
