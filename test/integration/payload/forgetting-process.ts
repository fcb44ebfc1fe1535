// A process that is killed while it forgets somebody: node test/support/run-ts.mjs <this file> <ForgettingSetup as JSON>.
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { EventSourcingModule, Forgetting } from 'nestjs-once';
import type { Engine } from '../../../lib/module/engine.js';
import { engineToken } from '../../../lib/module/tokens.js';
import { type DatabaseAddress, dataSourceOptionsFrom } from '../../support/data-source-options.js';

export interface ForgettingSetup {
  address: DatabaseAddress;
  /** Where it stands still, to be killed: before its key was destroyed, or after. */
  standsStill: 'before' | 'after';
  subject: string;
}

async function main({ address, standsStill, subject }: ForgettingSetup): Promise<void> {
  @Module({
    imports: [
      TypeOrmModule.forRoot({ ...dataSourceOptionsFrom(address), autoLoadEntities: true }),
      EventSourcingModule.forRoot({ dispatch: 'none' }),
    ],
  })
  class Application {}

  const app = await NestFactory.createApplicationContext(Application, { logger: false });
  const { subjectKeys } = app.get<Engine>(engineToken(), { strict: false }).parts;
  const destroy = subjectKeys.destroy.bind(subjectKeys);
  subjectKeys.destroy = async (given) => {
    if (standsStill === 'after') await destroy(given);
    process.send!('stands still');
    await new Promise(() => setInterval(() => undefined, 1000));
  };
  await app.get(Forgetting).forget(subject);
}

await main(JSON.parse(process.argv[2]!) as ForgettingSetup);
