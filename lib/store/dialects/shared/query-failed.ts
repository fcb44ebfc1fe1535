import { QueryFailedError } from 'typeorm';

/** What the driver answers; it rejects as TypeORM does, so that whoever looks at an error need not know who asked. */
export async function answerOf<T>(
  statement: string,
  parameters: unknown[],
  answer: T | Promise<T>,
): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw new QueryFailedError(statement, parameters, error as Error);
  }
}
