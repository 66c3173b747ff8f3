import { Fragment, type ReactNode } from 'react'
import { type TextValue, textParts } from '../../../shared/text.ts'

interface RichTextProps {
  /** The English text, in ICU message syntax. Has to be a literal, as for `t`. */
  readonly message: string
  /** What the message names in braces: texts, numbers or elements. */
  readonly values: Readonly<Record<string, TextValue | Exclude<ReactNode, Iterable<ReactNode>>>>
}

/** A translated text with elements in it. */
export function RichText({ message, values }: RichTextProps) {
  const parts: readonly ReactNode[] = textParts<ReactNode>(message, values)
  // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a text do not move.
  return parts.map((part, index) => <Fragment key={index}>{part}</Fragment>)
}
