/**
 * Exact sums of numbers as they are written: 0.1 and 0.2 are 0.3, as they are for the server.
 *
 * @module
 */

/** `digits` × 10^-`scale`. */
export interface Decimal {
  readonly digits: bigint
  readonly scale: number
}

/** Further from zero than this, sums are made one by one, since one of them may be out of range. */
export const maxSharedAmount = 1e290

/** A base from which no number of shared amounts leaves the range of a double. */
export const maxSharedBase = '1e300'

const none: Decimal = { digits: 0n, scale: 0 }

/** Reads what `String(number)`, or Postgres for a numeric, writes. */
export function decimal(text: string): Decimal {
  const [mantissa = '', exponent = '0'] = text.split('e')
  const [whole = '', fraction = ''] = mantissa.split('.')
  return { digits: BigInt(whole + fraction), scale: fraction.length - Number(exponent) }
}

/** A text that Postgres reads as this numeric, and `Number` as the nearest double. */
export function decimalText({ digits, scale }: Decimal): string {
  return `${digits}e${-scale}`
}

function add(a: Decimal, b: Decimal, sign: 1n | -1n = 1n): Decimal {
  const scale = Math.max(a.scale, b.scale)
  const at = ({ digits, scale: own }: Decimal) => digits * 10n ** BigInt(scale - own)
  return { digits: at(a) + sign * at(b), scale }
}

/** All of them together. */
export function total(amounts: readonly Decimal[]): Decimal {
  return amounts.reduce((sum, amount) => add(sum, amount), none)
}

/** What each of the amounts in turn had led to, when the last of them led to `final`. */
export function runningTotals(final: Decimal, amounts: readonly Decimal[]): number[] {
  const values: number[] = []
  let value = final
  for (let at = amounts.length - 1; at >= 0; at--) {
    values[at] = Number(decimalText(value))
    value = add(value, amounts[at] ?? none, -1n)
  }
  return values
}
