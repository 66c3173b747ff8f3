/** Maximum number of digits; more than the precision of a double would be useless. */
const DIGITS = 16
const LARGEST_INTEGER = 10n ** BigInt(DIGITS) - 1n
const WHOLE = `("0" | [1-9] [0-9]{0,${DIGITS - 1}})`

export const INTEGER = `"-"? ${WHOLE}`
export const NUMBER = `"-"? ${WHOLE} ("." [0-9]{1,${DIGITS}})? ([eE] [-+]? [0-9]{1,3})?`

/** A bound of a number; `open` excludes the bound itself. */
export interface Bound {
  readonly value: number
  readonly open: boolean
}

/** A decimal number: digits before and after the point, without trailing zeros. */
interface Decimal {
  readonly whole: bigint
  readonly fraction: string
}

/** Integers within bounds. Null if there are none, `undefined` if a bound is too large for exact arithmetic. */
export function integersWithin(low: Bound | null, high: Bound | null): string | null | undefined {
  if (!countable(low) || !countable(high)) return undefined
  const from = low ? wholeAbove(low) : -LARGEST_INTEGER
  const to = high ? wholeBelow(high) : LARGEST_INTEGER
  if (from > to) return null
  return wholes(from, to)
}

/** Decimals within bounds, without an exponent. Null if there are none, `undefined` if a bound cannot be written in decimal notation. */
export function numbersWithin(low: Bound | null, high: Bound | null): string | null | undefined {
  if (!countable(low) || !countable(high)) return undefined
  const parts: string[] = []
  // Negative numbers: the sign, followed by the mirrored range.
  if (!low || low.value < 0) {
    const near = high && high.value < 0 ? { value: -high.value, open: high.open } : { value: 0, open: true }
    const positive = decimalsWithin(near, low ? { value: -low.value, open: low.open } : null)
    if (positive !== null) parts.push(`"-" (${positive})`)
  }
  if (!high || high.value > 0 || (high.value === 0 && !high.open)) {
    const positive = decimalsWithin(low && low.value >= 0 ? low : { value: 0, open: false }, high)
    if (positive !== null) parts.push(positive)
  }
  return parts.length === 0 ? null : `(${parts.join(' | ')})`
}

/** Whether a bound can be written exactly and without an exponent. */
function countable(bound: Bound | null): boolean {
  return bound === null || (Math.abs(bound.value) < 1e15 && !String(bound.value).includes('e'))
}

function wholeAbove({ value, open }: Bound): bigint {
  return BigInt(Math.ceil(value)) + (open && Number.isInteger(value) ? 1n : 0n)
}

function wholeBelow({ value, open }: Bound): bigint {
  return BigInt(Math.floor(value)) - (open && Number.isInteger(value) ? 1n : 0n)
}

function wholes(from: bigint, to: bigint): string {
  const parts: string[] = []
  if (from < 0n) parts.push(`"-" (${notNegative(to < 0n ? -to : 1n, -from)})`)
  if (to >= 0n) parts.push(notNegative(from > 0n ? from : 0n, to))
  return `(${parts.join(' | ')})`
}

function notNegative(from: bigint, to: bigint): string {
  const parts: string[] = []
  for (let length = String(from).length; length <= String(to).length; length += 1) {
    const least = length === 1 ? 0n : 10n ** BigInt(length - 1)
    const most = 10n ** BigInt(length) - 1n
    parts.push(sameLength(String(from > least ? from : least), String(to < most ? to : most)))
  }
  return parts.join(' | ')
}

/** Digit strings between two of the same length. */
function sameLength(from: string, to: string): string {
  if (from === to) return `"${from}"`
  const [a, b] = [Number(from[0]), Number(to[0])]
  const [restOfFrom, restOfTo] = [from.slice(1), to.slice(1)]
  if (restOfFrom === '') return digit(a, b)
  if (/^0*$/.test(restOfFrom) && /^9*$/.test(restOfTo)) return `${digit(a, b)} [0-9]{${restOfFrom.length}}`
  if (a === b) return `"${a}" (${sameLength(restOfFrom, restOfTo)})`
  const parts = [`"${a}" (${sameLength(restOfFrom, '9'.repeat(restOfFrom.length))})`]
  if (b - a > 1) parts.push(`${digit(a + 1, b - 1)} [0-9]{${restOfFrom.length}}`)
  parts.push(`"${b}" (${sameLength('0'.repeat(restOfTo.length), restOfTo)})`)
  return parts.join(' | ')
}

/** @param low not negative */
function decimalsWithin(low: Bound, high: Bound | null): string | null {
  if (high && (high.value < low.value || (high.value === low.value && (high.open || low.open)))) return null
  const least = decimal(low.value)
  const most = high ? decimal(high.value) : null
  if (most && most.whole === least.whole) {
    return `"${least.whole}" ${fractionBetween(least.fraction, low.open, most.fraction, high?.open === true)}`
  }
  const parts = [`"${least.whole}" ${fractionFrom(least.fraction, low.open)}`]
  const last = most ? most.whole - 1n : LARGEST_INTEGER
  if (last > least.whole) parts.push(`(${notNegative(least.whole + 1n, last)}) ("." [0-9]{1,${DIGITS}})?`)
  if (most && (most.fraction !== '' || high?.open !== true)) parts.push(`"${most.whole}" ${fractionTo(most.fraction, high?.open === true)}`)
  return parts.join(' | ')
}

function decimal(value: number): Decimal {
  const [whole = '0', fraction = ''] = String(value).split('.')
  return { whole: BigInt(whole), fraction }
}

/** Fraction after the integer part, so that it is at least `.digits`. */
function fractionFrom(digits: string, open: boolean): string {
  if (digits === '' && !open) return `("." [0-9]{1,${DIGITS}})?`
  return `"." (${digitsFrom(digits, open)})`
}

function digitsFrom(digits: string, open: boolean): string {
  if (digits === '') return open ? `"0"{0,${DIGITS}} [1-9] [0-9]{0,${DIGITS}}` : `[0-9]{0,${DIGITS}}`
  const first = Number(digits[0])
  const parts = [`"${first}" (${digitsFrom(digits.slice(1), open)})`]
  if (first < 9) parts.push(`${digit(first + 1, 9)} [0-9]{0,${DIGITS}}`)
  return parts.join(' | ')
}

/** Fraction after the integer part, so that it is at most `.digits`; must not be called with an empty fraction and an open bound. */
function fractionTo(digits: string, open: boolean): string {
  return digits === '' ? `("." "0"{1,${DIGITS}})?` : `("." (${digitsTo(digits, open)}))?`
}

/** At least one digit; a proper prefix of the bound is less than the bound. */
function digitsTo(digits: string, open: boolean): string {
  const first = Number(digits[0])
  const rest = digits.slice(1)
  const parts: string[] = []
  if (first > 0) parts.push(`${digit(0, first - 1)} [0-9]{0,${DIGITS}}`)
  if (rest !== '') parts.push(`"${first}" (${digitsTo(rest, open)})?`)
  else if (!open) parts.push(`"${first}" "0"{0,${DIGITS}}`)
  return parts.join(' | ')
}

function fractionBetween(low: string, lowOpen: boolean, high: string, highOpen: boolean): string {
  if (low === high) return low === '' ? `("." "0"{1,${DIGITS}})?` : `".${low}" "0"{0,${DIGITS}}`
  if (low === '' && !lowOpen) return `("." (${digitsTo(high, highOpen)}))?`
  return `"." (${between(low, lowOpen, high, highOpen)})`
}

/** Digits after the point between two such strings, where the first is less than the second and neither ends in a zero. */
function between(low: string, lowOpen: boolean, high: string, highOpen: boolean): string {
  const [a, b] = [Number(low[0] ?? '0'), Number(high[0] ?? '0')]
  const [restOfLow, restOfHigh] = [low.slice(1), high.slice(1)]
  if (a === b && high.length > 1) {
    // The lower bound ends here: without further digits the number is the bound itself.
    if (restOfLow === '' && !lowOpen) return `"${a}" (${digitsTo(restOfHigh, highOpen)})?`
    return `"${a}" (${between(restOfLow, lowOpen, restOfHigh, highOpen)})`
  }
  const parts = [`"${a}" (${digitsFrom(restOfLow, lowOpen)})`]
  if (b - a > 1) parts.push(`${digit(a + 1, b - 1)} [0-9]{0,${DIGITS}}`)
  if (restOfHigh !== '') parts.push(`"${b}" (${digitsTo(restOfHigh, highOpen)})?`)
  else if (!highOpen) parts.push(`"${b}" "0"{0,${DIGITS}}`)
  return parts.join(' | ')
}

function digit(from: number, to: number): string {
  return from === to ? `"${from}"` : `[${from}-${to}]`
}
