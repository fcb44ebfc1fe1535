import { describe } from '../core/describe.js';
import { assertPropertyName, assertText } from './property-names.js';
import { malformed } from './refused-request.js';

/** An object or array that is open while the text is gone through. */
interface Frame {
  /** Of an object: the names that it had so far. */
  names?: Set<string>;
  expectsName: boolean;
}

const NUMBER = /-?\d+(\.\d+)?([eE][+-]?\d+)?/y;
const [QUOTE, COMMA, MINUS, ZERO, NINE] = [34, 44, 45, 48, 57];
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [91, 93, 123, 125];

/**
 * Finds in a JSON text what `JSON.parse` lets pass: names given twice, nesting without end, numbers that do not survive,
 * text that no database takes. Once through the text, whatever it is; whether it is JSON at all is for `JSON.parse` to say.
 */
export class JsonScan {
  private readonly frames: Frame[] = [];
  private at = 0;
  /** 1 where the text is an array of events, whose data begins one level down. */
  private readonly outer: number;

  constructor(
    private readonly text: string,
    private readonly maxDepth: number,
    /** Of the event that the text begins with. */
    private index = 0,
  ) {
    this.outer = /^\s*\[/.test(text) ? 1 : 0;
  }

  /** Throws `RefusedRequestError`. */
  run(): void {
    while (this.at < this.text.length) this.step(this.text.charCodeAt(this.at));
  }

  private step(code: number): void {
    if (code === QUOTE) return this.string();
    if (code === MINUS || (code >= ZERO && code <= NINE)) return this.number();
    this.at++;
    if (code === OPEN_OBJECT || code === OPEN_ARRAY) this.open(code === OPEN_OBJECT);
    else if (code === CLOSE_OBJECT || code === CLOSE_ARRAY) this.frames.pop();
    else if (code === COMMA) this.comma();
  }

  private open(isObject: boolean): void {
    this.frames.push(isObject ? { names: new Set(), expectsName: true } : { expectsName: false });
    if (this.depth <= this.maxDepth) return;
    throw malformed('TOO_DEEP', `The data is nested deeper than ${this.maxDepth} levels.`, this.index);
  }

  private comma(): void {
    const frame = this.frames.at(-1);
    if (frame?.names) frame.expectsName = true;
    if (this.frames.length === 1 && this.outer === 1) this.index++;
  }

  private string(): void {
    const begin = this.at;
    this.at = endOfString(this.text, begin);
    const frame = this.frames.at(-1);
    const isName = frame?.expectsName === true;
    const token = this.text.slice(begin, this.at);
    if (!isName && !token.includes('\\')) return;
    const text = unquoted(token);
    if (text === undefined) return;
    if (isName) this.name(text, frame);
    else assertText(text, 'A text', this.index);
  }

  private name(name: string, frame: Frame): void {
    frame.expectsName = false;
    assertPropertyName(name, this.depth === 1, this.index);
    if (frame.names!.has(name)) {
      const message = `The property ${describe(name)} is given twice in one object: nobody can say which is meant.`;
      throw malformed('REPEATED_PROPERTY', message, this.index);
    }
    frame.names!.add(name);
  }

  private number(): void {
    NUMBER.lastIndex = this.at;
    const match = NUMBER.exec(this.text);
    if (!match) return void this.at++;
    const [token, fraction, exponent] = match;
    this.at += token.length;
    const isWhole = fraction === undefined && exponent === undefined;
    if (isWhole ? Number.isSafeInteger(Number(token)) : Number.isFinite(Number(token))) return;
    const expected = isWhole
      ? 'whole numbers from -9007199254740991 to 9007199254740991'
      : 'numbers below 1.8e308';
    const message = `The number ${shortened(token)} does not fit: expected ${expected}. Send it as a string.`;
    throw malformed('NUMBER_TOO_LARGE', message, this.index);
  }

  private get depth(): number {
    return this.frames.length - this.outer;
  }
}

/** Behind the closing quote; the end of the text where there is none. */
function endOfString(text: string, begin: number): number {
  for (let end = text.indexOf('"', begin + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text[end - 1 - backslashes] === '\\') backslashes++;
    if (backslashes % 2 === 0) return end + 1;
  }
  return text.length;
}

/** Undefined where it is no JSON string. */
function unquoted(token: string): string | undefined {
  try {
    return JSON.parse(token) as string;
  } catch {
    return undefined;
  }
}

const shortened = (token: string): string => (token.length > 30 ? `${token.slice(0, 30)}…` : token);
