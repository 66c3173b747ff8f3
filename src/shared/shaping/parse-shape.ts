import { TarsierError } from '../errors.ts'
import { firstIssue } from '../schema-issue.ts'
import { type CaptionShape, captionShapeSchema } from './caption-shape.ts'

/** Parses the text of a shape file. Throws `usage`; the message begins with `source`, such as the file's name. */
export function parseShape(text: string, source: string): CaptionShape {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new TarsierError('usage', `${source} is not JSON: ${(cause as Error).message}. docs/captions.md has examples of shapes.`, {
      cause,
    })
  }
  return checkShape(value, source)
}

/** Validates a shape. Throws `usage`, naming the first invalid field. */
export function checkShape(value: unknown, source: string): CaptionShape {
  const parsed = captionShapeSchema.safeParse(value)
  if (parsed.success) return parsed.data
  const { text } = firstIssue(parsed.error)
  throw new TarsierError('usage', `${source} is not a shape of captions: ${text}. docs/captions.md lists the fields.`, {
    cause: parsed.error,
  })
}
