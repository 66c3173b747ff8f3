import { z } from 'zod'
import { phrase } from './phrase.ts'
import { grouped } from './size-text.ts'

/** What the schema of an option says about it, for help texts, settings and documentation. */
export interface OptionInfo {
  /** Name for people, such as `Answer length`. */
  readonly title: string
  /** What it means, in whole sentences. */
  readonly description: string
  /** Which values are allowed, to follow "It must be": `a whole number of tokens from 1 to 32768`. */
  readonly allowed: string
  /** Unit of a number, plural, such as `tokens`; null for none. */
  readonly unit: string | null
  /** The range alone, with its unit: `1 to 32,768 tokens`; empty for what is no number, or has no bounds. */
  readonly range: string
  /** What holds where it is not given; null where the schema does not say. */
  readonly whenAbsent: string | null
  readonly choices: readonly string[] | null
  /** Smallest number; for one that has to be above 0, null. */
  readonly min: number | null
  readonly max: number | null
}

/** The part of a JSON schema that options use; `unit`, `allowed` and `whenAbsent` come from `meta`. */
interface OptionJson {
  readonly type?: string
  readonly title?: string
  readonly description?: string
  readonly unit?: string
  readonly allowed?: string
  readonly whenAbsent?: string
  readonly default?: unknown
  readonly enum?: readonly string[]
  readonly minimum?: number
  readonly exclusiveMinimum?: number
  readonly maximum?: number
  readonly items?: OptionJson
  readonly minItems?: number
  readonly maxItems?: number
}

/**
 * Reads an option's meaning, range, unit and default from its schema. `meta` gives `title`, `description`, `unit` (plural, such as `tokens`)
 * `allowed` (where a JSON schema cannot say which values are allowed), and `whenAbsent` (what holds where the option is not given, if that is not the
 * schema's own default).
 */
export function optionInfo(schema: z.ZodType): OptionInfo {
  const json = z.toJSONSchema(schema, { io: 'input' }) as OptionJson
  const { min, max } = boundsOf(json)
  return {
    title: json.title ?? '',
    description: json.description ?? '',
    allowed: json.allowed ?? allowedText(json),
    unit: json.unit ?? null,
    range: isNumber(json) ? rangeText(json) : '',
    whenAbsent: json.whenAbsent ?? (json.default === undefined ? null : valueText(json.default)),
    choices: json.enum ?? null,
    min,
    max,
  }
}

function isNumber({ type }: OptionJson): boolean {
  return type === 'integer' || type === 'number'
}

/** JSON schemas of whole numbers name the largest safe integers as bounds, which are none to people. */
function boundsOf({ minimum, maximum }: OptionJson): { readonly min: number | null; readonly max: number | null } {
  const bounded = (value: number | undefined) => (value === undefined || Math.abs(value) >= Number.MAX_SAFE_INTEGER ? null : value)
  return { min: bounded(minimum), max: bounded(maximum) }
}

function allowedText(json: OptionJson): string {
  if (json.enum) return phrase`one of ${json.enum.join(', ')}`
  switch (json.type) {
    case 'integer':
      return phrase`a whole number${limits(json, json.unit)}`
    case 'number':
      return phrase`a number${limits(json, json.unit)}`
    case 'boolean':
      return phrase`on or off`
    case 'array': {
      const items = json.items ?? {}
      const [min, max] = [json.minItems ?? 0, json.maxItems ?? phrase`any number of`]
      return isNumber(items) ? phrase`${min} to ${max} numbers${limits(items, json.unit)}` : phrase`${min} to ${max} texts`
    }
    default:
      return phrase`some text`
  }
}

/** Unit and bounds of a number, to follow "a number"; empty for none. */
function limits(json: OptionJson, unit: string | undefined): string {
  const { min, max } = boundsOf(json)
  const above = json.exclusiveMinimum
  if (unit === undefined) {
    if (above !== undefined) return max === null ? phrase` above ${above}` : phrase` above ${above} and up to ${max}`
    if (min !== null && max !== null) return phrase` from ${min} to ${max}`
    if (min !== null) return phrase`, ${min} or more`
    return max === null ? '' : phrase`, ${max} at most`
  }
  if (above !== undefined) return max === null ? phrase` of ${unit} above ${above}` : phrase` of ${unit} above ${above} and up to ${max}`
  if (min !== null && max !== null) return phrase` of ${unit} from ${min} to ${max}`
  if (min !== null) return phrase` of ${unit}, ${min} or more`
  return max === null ? phrase` of ${unit}` : phrase` of ${unit}, ${max} at most`
}

function rangeText(json: OptionJson): string {
  const { min, max } = boundsOf(json)
  const unit = json.unit === undefined ? '' : ` ${json.unit}`
  if (json.exclusiveMinimum !== undefined) return `above ${json.exclusiveMinimum}${max === null ? '' : `, up to ${max}`}${unit}`
  if (min !== null && max !== null) return `${grouped(min)} to ${grouped(max)}${unit}`
  return min === null ? '' : `${min}${unit} or more`
}

function valueText(value: unknown): string {
  if (Array.isArray(value) && value.length === 0) return 'none'
  return typeof value === 'boolean' ? (value ? 'on' : 'off') : String(value)
}
