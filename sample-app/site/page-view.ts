import { IsString, MaxLength } from 'class-validator';
import { EventType } from 'nestjs-once';

/** Somebody has opened a page. */
@EventType('site.PageView', { whitelist: 'forbid' })
export class PageView {
  @IsString()
  @MaxLength(200)
  path: string;
}
