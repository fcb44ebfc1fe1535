import type { DynamicModule } from '@nestjs/common';
import { resolved } from '../core/options/declare.js';
import { notificationController, type NotificationService } from '../http/notification-controller.js';
import { type NotificationOptions, NOTIFICATIONS } from '../http/notification-options.js';
import type { Engine } from './engine.js';
import { engineToken } from './tokens.js';

/** The routes of one notification log. */
export function notificationModule(
  options: NotificationOptions,
  where: string,
): Required<Pick<DynamicModule, 'imports' | 'controllers' | 'providers'>> {
  const { path, ...checked } = resolved(NOTIFICATIONS, options, { where });
  const route = { ...checked, path: path.replace(/^\//, '') };
  const token = `EventSourcingNotifications(${checked.dataSource ?? 'default'})`;
  return {
    imports: checked.imports,
    controllers: [notificationController(route, token)],
    providers: [
      {
        provide: token,
        inject: [engineToken(checked.dataSource)],
        useFactory: ({ parts: { notifications, codec } }: Engine): NotificationService => ({
          log: notifications,
          content: (data) => codec.content(data),
        }),
      },
    ],
  };
}
