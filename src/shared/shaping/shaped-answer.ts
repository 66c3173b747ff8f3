import type { Answer, EngineEvent } from '../engine-events.ts'
import { type CaptionShape, isRewriting, type RewritingShape, type ShapedCaption } from './caption-shape.ts'
import { shapeCaption } from './shape-caption.ts'

/** Rewrites an answer and holds the result against its clip; returns it after yielding the progress. */
export interface Rewriter {
  /** Throws what makes rewriting impossible, before any work is done. */
  expectUsable(shape: RewritingShape): Promise<void>
  rewrite(answer: Pick<Answer, 'text'>, shape: RewritingShape): AsyncGenerator<EngineEvent, ShapedCaption>
}

/** Returns an answer with its text in a shape beside it; without one for null. The shape does not rewrite. */
export function shapedAnswer<Shaped extends Pick<Answer, 'text' | 'finish' | 'shaped'>>(
  { shaped: _, ...answer }: Shaped,
  shape: CaptionShape | null,
): Omit<Shaped, 'shaped'> & { readonly shaped?: ShapedCaption } {
  return shape === null ? answer : { ...answer, shaped: shapeCaption(answer.text, shape, { cutOff: isCutOff(answer.finish) }) }
}

/** Passes the events of an answer on, the last one with the text in a shape, and tells the notices about that. */
export async function* shapedEvents(
  events: AsyncIterable<EngineEvent>,
  shape: CaptionShape | null,
  rewriter: Rewriter,
): AsyncGenerator<EngineEvent, void> {
  if (isRewriting(shape)) await rewriter.expectUsable(shape)
  let own: Answer | null = null
  // The engine does nothing else before the events of an answer have ended.
  for await (const event of events) {
    if (event.kind === 'done') own = event.answer
    else yield event
  }
  if (own === null) return
  const answer = isRewriting(shape) ? { ...own, shaped: yield* rewriter.rewrite(own, shape) } : shapedAnswer(own, shape)
  for (const text of answer.shaped?.notices ?? []) yield { kind: 'notice', text }
  yield { kind: 'done', answer }
}

/** The text of an answer that is passed on: the shaped one if a shape was wanted. */
export function captionOf(text: string, shaped: ShapedCaption | undefined): string {
  return shaped?.text ?? text
}

/** @param finish as the engine or a server reports it */
export function isCutOff(finish: string): boolean {
  return finish === 'length' || finish === 'repetition' || finish === 'aborted'
}
