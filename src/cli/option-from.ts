import { InvalidArgumentError, Option } from 'commander'
import { z } from 'zod'
import { optionFacts } from '../shared/option-facts.ts'

/** What a command says differently from the option's schema. */
interface Differences {
  /** What the option means to this command. */
  readonly description?: string
  /** What holds where the option is not given. */
  readonly whenAbsent?: string
  /** The value that commander gives where the option is not given; shown in its help. */
  readonly default?: unknown
}

/**
 * A commander option with its help and its check made from the option's schema (`src/shared/options.ts`): what it means, which values are allowed,
 * and what holds without it. Numbers are read in plain decimal notation; lists of numbers have commas between them; an option that takes a list of
 * texts is given several times.
 */
export function optionFrom(schema: z.ZodType, flags: string, differences: Differences = {}): Option {
  const { description, choices, allowed, range, whenAbsent } = optionFacts(schema)
  const absent = differences.whenAbsent ?? (differences.default === undefined ? whenAbsent : null)
  const parts = [fragment(differences.description ?? description), ...(range === '' ? [] : [range])]
  const option = new Option(flags, `${parts.join('; ')}${absent === null ? '' : ` (default: ${absent})`}`)
  if (choices) option.choices(choices)
  else option.argParser((text: string, previous: unknown) => parse(schema, allowed, text, previous))
  return differences.default === undefined ? option : option.default(differences.default)
}

/** Reads one value of an option. Throws commander's `InvalidArgumentError`, which says what is allowed. */
export function parseOption<T>(schema: z.ZodType<T>, text: string): T {
  return parse(schema, optionFacts(schema).allowed, text, undefined) as T
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

/** Only plain decimal notation: no hexadecimal, no empty string that would count as 0. */
function toNumber(text: string): number {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text.trim()) ? Number(text) : Number.NaN
}

/** Sentences as the beginning of a line of help: no capital, no full stop at the end. */
function fragment(sentences: string): string {
  return `${sentences.charAt(0).toLowerCase()}${sentences.slice(1).replace(/\.$/, '')}`
}
