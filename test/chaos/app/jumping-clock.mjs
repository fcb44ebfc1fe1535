// Preloaded into a process whose host's clock jumps by hours and weeks, forth and back, several times a second.
const RealDate = globalThis.Date;
const HOUR = 3_600_000;
const SHIFTS = [0, 5 * HOUR, -7 * HOUR, 40 * 24 * HOUR, -3 * 24 * HOUR, 1500];
let jumps = 0;

const shifted = () => RealDate.now() + SHIFTS[jumps % SHIFTS.length];

class JumpingDate extends RealDate {
  constructor(...values) {
    if (values.length === 0) super(shifted());
    else super(...values);
  }

  static now() {
    return shifted();
  }
}

Object.defineProperty(JumpingDate, 'name', { value: 'Date' });
Object.assign(globalThis, { Date: JumpingDate });

setInterval(() => jumps++, 300).unref();
