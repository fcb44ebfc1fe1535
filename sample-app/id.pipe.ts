import { BadRequestException, Injectable, type PipeTransform } from '@nestjs/common';

/** Larger than any id will get, and small enough for the integer column of every database. */
export const MAX_ID = 999_999_999;

/** The id in a path, as a number. */
@Injectable()
export class IdPipe implements PipeTransform<string, number> {
  transform(value: string): number {
    const id = Number(value);
    if (/^\d+$/.test(value) && id <= MAX_ID) return id;
    throw new BadRequestException(`Expected an id from 0 to ${MAX_ID} in the path.`);
  }
}
