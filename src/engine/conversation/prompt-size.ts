import type { PromptSegment } from '../language/types.ts'
import type { PromptPart } from './prefix-cache.ts'

/** The tokens of a prompt without its clips. */
export function tokensOf(parts: readonly (PromptPart | PromptSegment)[]): number[] {
  return parts.flatMap((part) => (part.kind === 'tokens' ? part.tokens : []))
}

/** Cells that a prompt needs: rows of clips, and tokens beside and within them. */
export function sizeOf(wanted: readonly PromptPart[]): { readonly visual: number; readonly text: number } {
  let visual = 0
  let text = 0
  for (const part of wanted) {
    if (part.kind === 'clip') {
      visual += part.clip.rows
      text += part.clip.cells - part.clip.rows
    } else text += part.tokens.length
  }
  return { visual, text }
}
