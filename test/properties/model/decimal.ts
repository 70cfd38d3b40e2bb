/** Decimal numbers as a ledger keeps them: what `increment` promises to compute with. */

/** The exact value `digits * 10 ** exponent`, without trailing zeros in `digits`. */
export class Decimal {
  constructor(
    readonly digits: bigint,
    readonly exponent: number,
  ) {}

  /** The nearest double. */
  toNumber(): number {
    return Number(`${this.digits}e${this.exponent}`)
  }
}

const largest = BigInt(Number.MAX_VALUE)

function normal(digits: bigint, exponent: number): Decimal {
  if (digits === 0n) return new Decimal(0n, 0)
  let [kept, power] = [digits, exponent]
  while (kept % 10n === 0n) {
    kept /= 10n
    power += 1
  }
  return new Decimal(kept, power)
}

function decimalOf(value: number | Decimal): Decimal {
  if (value instanceof Decimal) return value
  const [mantissa = '0', exponent = '0'] = String(value).split('e')
  const [whole = '0', fraction = ''] = mantissa.split('.')
  return normal(BigInt(whole + fraction), Number(exponent) - fraction.length)
}

function fitsADouble({ digits, exponent }: Decimal): boolean {
  const size = digits < 0n ? -digits : digits
  return exponent >= 0
    ? size * 10n ** BigInt(exponent) <= largest
    : size <= largest * 10n ** BigInt(-exponent)
}

/**
 * The exact sum: a number where a number says it exactly, else a {@link Decimal}; `undefined` where
 * no finite double is near.
 */
export function sum(a: number | Decimal, b: number): number | Decimal | undefined {
  const [left, right] = [decimalOf(a), decimalOf(b)]
  const exponent = Math.min(left.exponent, right.exponent)
  const scaled = ({ digits, exponent: own }: Decimal) => digits * 10n ** BigInt(own - exponent)
  const exact = normal(scaled(left) + scaled(right), exponent)
  if (!fitsADouble(exact)) return undefined
  const near = decimalOf(exact.toNumber())
  return near.digits === exact.digits && near.exponent === exact.exponent ? exact.toNumber() : exact
}
