import { InvalidArgumentError, Option } from 'commander'
import { z } from 'zod'
import { optionInfo } from '../shared/option-info.ts'

/** Overrides of the option's schema by a command. */
interface Differences {
  /** Description for this command. */
  readonly description?: string
  /** Help text for the behaviour without the option. */
  readonly whenAbsent?: string
  /** Value that commander uses if the option is absent; shown in its help. */
  readonly default?: unknown
}

/**
 * Creates a commander option with help and validation from the option's schema (`src/shared/options.ts`): description, allowed values and default.
 * Numbers are in plain decimal notation; lists of numbers are comma-separated; an option for a list of texts may be repeated.
 */
export function optionFrom(schema: z.ZodType, flags: string, differences: Differences = {}): Option {
  const { description, choices, allowed, range, whenAbsent } = optionInfo(schema)
  const absent = differences.whenAbsent ?? (differences.default === undefined ? whenAbsent : null)
  const parts = [fragment(differences.description ?? description), ...(range === '' ? [] : [range])]
  const option = new Option(flags, `${parts.join('; ')}${absent === null ? '' : ` (default: ${absent})`}`)
  if (choices) option.choices(choices)
  else option.argParser((text: string, previous: unknown) => parse(schema, allowed, text, previous))
  return differences.default === undefined ? option : option.default(differences.default)
}

/** Parses one value of an option. Throws commander's `InvalidArgumentError`, which lists the allowed values. */
export function parseOption<T>(schema: z.ZodType<T>, text: string): T {
  return parse(schema, optionInfo(schema).allowed, text, undefined) as T
}

function parse(schema: z.ZodType, allowed: string, text: string, previous: unknown): unknown {
  const result = schema.safeParse(valueFrom(schema, text, previous))
  if (!result.success) throw new InvalidArgumentError(`It must be ${allowed}.`)
  return result.data
}

function valueFrom(schema: z.ZodType, text: string, previous: unknown): unknown {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodOptional) return valueFrom(schema.unwrap() as z.ZodType, text, previous)
  if (schema instanceof z.ZodNumber) return toNumber(text)
  if (!(schema instanceof z.ZodArray)) return text
  if (schema.element instanceof z.ZodNumber) return text.split(',').map(toNumber)
  return [...(Array.isArray(previous) ? previous : []), text]
}

/** Parses plain decimal notation only: no hexadecimal, and no empty string, which would count as 0. */
function toNumber(text: string): number {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text.trim()) ? Number(text) : Number.NaN
}

/** Formats sentences as the beginning of a help line: no capital, no full stop at the end. */
function fragment(sentences: string): string {
  return `${sentences.charAt(0).toLowerCase()}${sentences.slice(1).replace(/\.$/, '')}`
}
