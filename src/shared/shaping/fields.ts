export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue }

/** A value in fields that has no further fields, with its place: "subject", or "actions.0" in a list. */
export interface Leaf {
  readonly field: string
  readonly value: string | number | boolean | null
}

/** All values in fields, in their order. */
export function leavesOf(value: JsonValue, field = ''): Leaf[] {
  if (typeof value !== 'object' || value === null) return [{ field, value }]
  return Object.entries(value).flatMap(([key, inner]) => leavesOf(inner, field === '' ? key : `${field}.${key}`))
}
