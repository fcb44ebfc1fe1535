/** @param {readonly number[]} values */
export function median(values) {
  return quantile(values, 0.5);
}

/** Linear between the two nearest values. */
export function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  const place = (sorted.length - 1) * share;
  const below = Math.floor(place);
  const above = Math.ceil(place);
  return sorted[below] + (sorted[above] - sorted[below]) * (place - below);
}

export function summary(values) {
  return { min: Math.min(...values), median: median(values), max: Math.max(...values) };
}

/** Rounded to what the spread of such measurements leaves of it. */
export function readable(value) {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return value.toLocaleString('en-GB', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
