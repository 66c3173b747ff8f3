/** Digits of a number that a model may write; more than a double holds would be of no use. */
const DIGITS = 16
const LARGEST_INTEGER = 10n ** BigInt(DIGITS) - 1n
const WHOLE = `("0" | [1-9] [0-9]{0,${DIGITS - 1}})`

export const INTEGER = `"-"? ${WHOLE}`
export const NUMBER = `"-"? ${WHOLE} ("." [0-9]{1,${DIGITS}})? ([eE] [-+]? [0-9]{1,3})?`

/** A bound of a number; `open` leaves the bound itself out. */
export interface Bound {
  readonly value: number
  readonly open: boolean
}

/** A decimal written out: digits before and after the point, no zeros at its end. */
interface Decimal {
  readonly whole: bigint
  readonly fraction: string
}

/** Whole numbers within bounds. Null where there are none, `undefined` where a bound is too large to be counted exactly. */
export function integersWithin(low: Bound | null, high: Bound | null): string | null | undefined {
  if (!countable(low) || !countable(high)) return undefined
  const from = low ? wholeAbove(low) : -LARGEST_INTEGER
  const to = high ? wholeBelow(high) : LARGEST_INTEGER
  if (from > to) return null
  return wholes(from, to)
}

/** Decimals within bounds, without an exponent. Null where there are none, `undefined` where a bound cannot be written out. */
export function numbersWithin(low: Bound | null, high: Bound | null): string | null | undefined {
  if (!countable(low) || !countable(high)) return undefined
  const parts: string[] = []
  // Below zero: the sign, and then what is as far on the other side.
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

/** A bound that is written without an exponent and without loss. */
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

/** Strings of digits between two of the same length. */
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

/** What may come after the whole number so that it is at least `.digits`. */
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

/** What may come after the whole number so that it is at most `.digits`; not to be asked where that is nothing and the bound is open. */
function fractionTo(digits: string, open: boolean): string {
  return digits === '' ? `("." "0"{1,${DIGITS}})?` : `("." (${digitsTo(digits, open)}))?`
}

/** At least one digit; fewer than there are in the bound are less than it. */
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

/** Digits after the point between two such strings, the first less than the second: neither ends in a zero. */
function between(low: string, lowOpen: boolean, high: string, highOpen: boolean): string {
  const [a, b] = [Number(low[0] ?? '0'), Number(high[0] ?? '0')]
  const [restOfLow, restOfHigh] = [low.slice(1), high.slice(1)]
  if (a === b && high.length > 1) return `"${a}" (${between(restOfLow, lowOpen, restOfHigh, highOpen)})`
  const parts = [`"${a}" (${digitsFrom(restOfLow, lowOpen)})`]
  if (b - a > 1) parts.push(`${digit(a + 1, b - 1)} [0-9]{0,${DIGITS}}`)
  if (restOfHigh !== '') parts.push(`"${b}" (${digitsTo(restOfHigh, highOpen)})?`)
  else if (!highOpen) parts.push(`"${b}" "0"{0,${DIGITS}}`)
  return parts.join(' | ')
}

function digit(from: number, to: number): string {
  return from === to ? `"${from}"` : `[${from}-${to}]`
}
