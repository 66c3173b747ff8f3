import type { z } from 'zod'

/** Maximum length of a list of issues. */
const MAX_LIST = 400

/** The part of a zod error that is read here. */
type Issues = readonly (z.core.$ZodIssue & { readonly errors?: readonly (readonly z.core.$ZodIssue[])[] })[]

/** What is wrong with a value that does not match its schema. */
export interface SchemaIssue {
  /** Path of the wrong field with dots, such as `messages.0.role`; null for the whole value. */
  readonly field: string | null
  /** What is wrong with it, without a full stop. */
  readonly message: string
  /** Both, as `field: message`, or only the message for the whole value. Without a full stop. */
  readonly text: string
}

/** Returns the first issue of a failed parse. If no member of a union matches, the issue of the closest member explains more than the union's own. */
export function firstIssue({ issues }: Pick<z.ZodError, 'issues'>): SchemaIssue {
  const [issue] = issues
  return issue ? issueOf(closest(issue)) : { field: null, message: 'it is invalid', text: 'it is invalid' }
}

/** Returns the texts of all issues of a failed parse, separated by semicolons, up to {@link MAX_LIST} characters. */
export function allIssues({ issues }: Pick<z.ZodError, 'issues'>): string {
  return issues
    .map((issue) => issueOf(closest(issue)).text)
    .join('; ')
    .slice(0, MAX_LIST)
}

interface Place {
  readonly path: readonly PropertyKey[]
  readonly message: string
}

function issueOf({ path, message }: Place): SchemaIssue {
  const field = path.length > 0 ? path.join('.') : null
  return { field, message, text: field === null ? message : `${field}: ${message}` }
}

/** Returns the issue itself, or for a union the one with the longest path in its members, if that is inside the value. */
function closest(issue: Issues[number]): Place {
  const inner = (issue.errors ?? []).flat().map(closest)
  const nearest = inner.reduce<Place | null>((best, one) => (best && best.path.length >= one.path.length ? best : one), null)
  return nearest && nearest.path.length > 0 ? { path: [...issue.path, ...nearest.path], message: nearest.message } : issue
}
