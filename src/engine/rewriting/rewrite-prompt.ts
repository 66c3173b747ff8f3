import { assertNever } from '../../shared/errors.ts'
import type { RewritingShape } from '../../shared/shaping/caption-shape.ts'
import { countWords } from '../../shared/shaping/sentences.ts'

/** What a text model is asked to do with a description. */
export function rewritePrompt(text: string, shape: RewritingShape): string {
  const { instructions } = shape.rewrite
  const task = [taskOf(text, shape), ...(instructions === undefined ? [] : [instructions])].join(' ')
  return `${task}\n\nThe description:\n${text.trim()}`
}

function taskOf(text: string, { rewrite, maxWords, language }: RewritingShape): string {
  switch (rewrite.kind) {
    case 'shorter': {
      const words = rewrite.words ?? maxWords ?? Math.max(1, Math.ceil(countWords(text, language) / 2))
      return `Shorten this description of a video to at most ${words} words. Keep who or what is shown and what happens, and add nothing that the description does not say. Use whole sentences in the language of the description, and write nothing but the shortened description.`
    }
    case 'language':
      return `Translate this description of a video into ${languageName(language)}. Translate all of it, and add nothing. Write nothing but the translation.`
    case 'fields':
      return `Fill in a form from this description of a video. Use only what the description says; where it says nothing about a field, leave the text empty. Write one JSON object that follows this JSON schema, and nothing else: ${JSON.stringify(rewrite.schema)}`
    default:
      return assertNever(rewrite, 'rewriting')
  }
}

/** English name of a language, with its tag: "German (de)". */
function languageName(tag: string): string {
  const name = new Intl.DisplayNames('en', { type: 'language' }).of(tag)
  return name === undefined || name === tag ? tag : `${name} (${tag})`
}
