import { assertNever } from '../errors.ts'
import type { CaptionShape, ShapedCaption, ShapeRule } from './caption-shape.ts'
import { between, countWords, isEnded, onOneLine, sentencesOf, withoutListMark } from './sentences.ts'
import { openingRemover, termFinder } from './terms.ts'

/** What stands between tags in a model's answer. */
const TAG_ENDS = /[,;\n\r\u0085\u2028\u2029，、；،؛]/u

/** A sentence or a tag, with what stands before the next one. */
interface Part {
  readonly text: string
  readonly gap: string
}

interface Kept {
  readonly parts: readonly Part[]
  readonly unmet: readonly ShapeRule[]
  readonly notices: readonly string[]
}

/**
 * Shapes a model's answer. It depends on the arguments alone. Sentences are removed or left as they are, never cut. A rule that would leave no text is
 * not kept: `notices` says so, a sentence for each rule in `unmet`.
 * @param cutOff whether the answer ended before the model had finished it, so that its last sentence may be incomplete
 */
export function shapeCaption(answer: string, shape: CaptionShape, { cutOff }: { readonly cutOff: boolean }): ShapedCaption {
  return shapedParts(answer, shape, cutOff).caption
}

/** Shapes an answer as {@link shapeCaption} does. `parts` are the sentences or tags of the caption, without the prefix. */
export function shapedParts(
  answer: string,
  shape: CaptionShape,
  cutOff: boolean,
): { readonly caption: ShapedCaption; readonly parts: readonly string[] } {
  const { name, form, language } = shape
  const all = partsOf(answer, shape)
  const whole: Kept = cutOff ? withoutUnfinished(all, shape) : { parts: all, unmet: [], notices: [] }
  const opened = withoutOpenings(whole.parts, shape)
  const allowed = withoutBanned(form === 'tags' ? unique(opened) : opened, shape)
  const fitting = withinLimits(allowed.parts, shape)
  const text = joined(fitting.parts, shape)
  const words = countWords(text, language)
  const length = longEnough(words, shape)
  const steps = [whole, allowed, fitting, length]
  const caption = {
    shape: name,
    text,
    words,
    leftOut: all.length - fitting.parts.length,
    unmet: steps.flatMap(({ unmet }) => unmet),
    notices: steps.flatMap(({ notices }) => notices),
  }
  return { caption, parts: fitting.parts.map((part) => part.text) }
}

function partsOf(answer: string, { form, language, oneLine }: CaptionShape): Part[] {
  switch (form) {
    case 'text':
      return sentencesOf(answer.trim(), language)
        .map(({ text, gap }) => ({ text: oneLine ? onOneLine(withoutListMark(text)) : text, gap }))
        .filter(({ text }) => hasWords(text))
    case 'tags':
      return answer
        .split(TAG_ENDS)
        .map((tag) => onOneLine(withoutListMark(tag)).replace(/^["“]|(?:["”]|\p{Sentence_Terminal})+$/gu, ''))
        .filter(hasWords)
        .map((text) => ({ text, gap: ', ' }))
    default:
      return assertNever(form, 'form')
  }
}

/** The first of each tag, regardless of case. */
function unique(tags: readonly Part[]): Part[] {
  const found = new Set<string>()
  return tags.filter(({ text }) => {
    const name = text.normalize('NFC').toLowerCase()
    return !found.has(name) && found.add(name)
  })
}

/** Leaves out the last sentence or tag of an answer that was cut off, unless it is the only one. */
function withoutUnfinished(parts: readonly Part[], { form }: CaptionShape): Kept {
  const last = parts.at(-1)
  if (!last || (form === 'text' && isEnded(last.text))) return { parts, unmet: [], notices: [] }
  if (parts.length > 1) return { parts: parts.slice(0, -1), unmet: [], notices: [] }
  return {
    parts,
    unmet: ['wholeSentences'],
    notices: ['The answer ended before its first sentence did, so the caption is incomplete. Allow longer answers.'],
  }
}

function withoutOpenings(parts: readonly Part[], { form, language, bannedOpenings }: CaptionShape): Part[] {
  const withoutOpening = openingRemover(bannedOpenings)
  return parts.flatMap(({ text, gap }) => {
    const rest = withoutOpening(text)
    if (rest === null) return [{ text, gap }]
    if (!hasWords(rest)) return []
    return [{ text: form === 'tags' ? rest : capitalized(rest, language), gap }]
  })
}

/** A text whose first letter is a capital one. */
export function capitalized(text: string, language: string): string {
  return text.replace(/^([^\p{L}\p{N}]*)(\p{L})/u, (_, before: string, letter: string) => before + letter.toLocaleUpperCase(language))
}

function withoutBanned(parts: readonly Part[], { form, bannedWords }: CaptionShape): Kept {
  const bannedIn = termFinder(bannedWords)
  const allowed = parts.filter(({ text }) => bannedIn(text) === null)
  if (allowed.length > 0 || parts.length === 0) return { parts: allowed, unmet: [], notices: [] }
  const found = [...new Set(parts.map(({ text }) => `"${bannedIn(text)}"`))].join(', ')
  const what = form === 'tags' ? 'tag' : 'sentence'
  return { parts, unmet: ['bannedWords'], notices: [`Every ${what} has a banned word (${found}), so all are kept.`] }
}

function withinLimits(parts: readonly Part[], shape: CaptionShape): Kept {
  const { form, language, maxSentences, maxTags, maxWords } = shape
  const few = parts.slice(0, (form === 'tags' ? maxTags : maxSentences) ?? parts.length)
  if (maxWords === undefined || few.length === 0) return { parts: few, unmet: [], notices: [] }
  const wordsOf = (count: number) => countWords(joined(few.slice(0, count), shape), language)
  let count = 0
  for (let words = countWords(shape.prefix, language); count < few.length; count += 1) {
    words += countWords(few[count]?.text ?? '', language)
    if (words > maxWords) break
  }
  // Words of scripts without spaces depend on the text around them.
  count = Math.max(1, count)
  while (count > 1 && wordsOf(count) > maxWords) count -= 1
  const words = wordsOf(count)
  if (words <= maxWords) return { parts: few.slice(0, count), unmet: [], notices: [] }
  const what = form === 'tags' ? 'tag' : 'sentence'
  return {
    parts: few.slice(0, 1),
    unmet: ['maxWords'],
    notices: [
      `The first ${what} alone makes ${words} words, more than the ${maxWords} that the shape allows. It is kept, because no ${what} is cut.`,
    ],
  }
}

function longEnough(words: number, { minWords = 0 }: CaptionShape): Omit<Kept, 'parts'> {
  if (words === 0 || words >= minWords) return { unmet: [], notices: [] }
  return { unmet: ['minWords'], notices: [`The caption has ${words} words, fewer than the ${minWords} that the shape asks for.`] }
}

/** Joins the parts behind the prefix; an empty text for no parts. */
function joined(parts: readonly Part[], { form, oneLine, prefix }: CaptionShape): string {
  const caption = parts.map(({ text, gap }, i) => `${text}${i === parts.length - 1 ? '' : gap}`).join('')
  if (caption === '') return ''
  const before = prefix.trimEnd()
  const comma = form === 'tags' && before !== '' && !TAG_ENDS.test(before.slice(-1)) ? ',' : ''
  const whole = before === '' ? caption : `${before}${comma}${between(before + comma, caption) || prefix.slice(before.length)}${caption}`
  return oneLine ? onOneLine(whole) : whole
}

function hasWords(text: string): boolean {
  return /[\p{L}\p{N}]/u.test(text)
}
