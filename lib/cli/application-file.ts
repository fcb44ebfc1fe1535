import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { messageOf } from '../core/thrown.js';
import { ApplicationNotFoundError, ApplicationStartError } from './errors.js';
import type { CommandIo } from './io.js';

const VARIABLE = 'NESTJS_ONCE_APP';
const DEFAULT = 'dist/app.module.js';
/** What Nest's `@Module` leaves on a class. */
const MODULE_METADATA = ['imports', 'providers', 'controllers', 'exports'];

/** Where the application is: as told, else by the environment, else as package.json says, else where Nest's build puts it. */
export function applicationFile(
  told: string | undefined,
  { env, cwd }: Pick<CommandIo, 'env' | 'cwd'>,
): string {
  const named = told ?? (env[VARIABLE] || undefined);
  if (named !== undefined) return resolve(cwd, named);
  const manifest = nearestManifest(cwd);
  const field = manifest && fieldOf(manifest);
  return field ? resolve(dirname(manifest), field) : resolve(manifest ? dirname(manifest) : cwd, DEFAULT);
}

function nearestManifest(folder: string): string | undefined {
  const file = join(folder, 'package.json');
  if (existsSync(file)) return file;
  const above = dirname(folder);
  return above === folder ? undefined : nearestManifest(above);
}

function fieldOf(manifest: string): string | undefined {
  try {
    const { 'nestjs-once': own } = JSON.parse(readFileSync(manifest, 'utf8')) as {
      'nestjs-once'?: { app?: unknown };
    };
    return typeof own?.app === 'string' ? own.app : undefined;
  } catch (error) {
    throw new ApplicationNotFoundError(
      manifest,
      `cannot be told, since that file is no JSON (${messageOf(error)})`,
    );
  }
}

/** A module of Nest, or what makes an application. */
export type ApplicationExport = { module: Function } | { make: () => unknown };

/** What the file exports. Throws `ApplicationNotFoundError`, and `ApplicationStartError` where it cannot be loaded. */
export async function loadApplication(file: string): Promise<ApplicationExport> {
  if (!existsSync(file)) throw new ApplicationNotFoundError(file, 'is not there');
  let loaded: Record<string, unknown>;
  try {
    loaded = (await import(pathToFileURL(file).href)) as Record<string, unknown>;
  } catch (error) {
    throw new ApplicationStartError(file, error);
  }
  const found = exported(loaded);
  if (found) return found;
  throw new ApplicationNotFoundError(file, `exports ${Object.keys(loaded).join(', ') || 'nothing'}`);
}

/** Of a CommonJS file, `default` is all that it exports. */
export function exported(loaded: Record<string, unknown>): ApplicationExport | undefined {
  const { default: byDefault, ...named } = loaded;
  if (typeof byDefault === 'function') return kindOf(byDefault);
  const all = { ...(byDefault as Record<string, unknown> | undefined), ...named };
  if (typeof all.default === 'function') return kindOf(all.default);
  if (typeof all.AppModule === 'function') return { module: all.AppModule };
  const modules = [...new Set(Object.values(all))].filter(isModule);
  if (modules.length === 1) return { module: modules[0]! };
  const functions = [...new Set(Object.values(all))].filter((one) => typeof one === 'function');
  return modules.length === 0 && functions.length === 1 ? kindOf(functions[0]!) : undefined;
}

function kindOf(value: Function): ApplicationExport | undefined {
  if (isModule(value)) return { module: value };
  return isClass(value) ? undefined : { make: value };
}

function isModule(value: unknown): value is Function {
  if (typeof value !== 'function') return false;
  return MODULE_METADATA.some((key) => Reflect.hasMetadata?.(key, value));
}

function isClass(value: Function): boolean {
  return /^class\b/.test(Function.prototype.toString.call(value));
}
