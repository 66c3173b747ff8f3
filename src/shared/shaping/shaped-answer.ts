import type { Answer, EngineEvent } from '../engine-events.ts'
import type { CaptionShape, ShapedCaption } from './caption-shape.ts'
import { shapeCaption } from './shape-caption.ts'

/** Returns an answer with its text in a shape beside it; without one for null. */
export function shapedAnswer<Shaped extends Pick<Answer, 'text' | 'finish' | 'shaped'>>(
  { shaped: _, ...answer }: Shaped,
  shape: CaptionShape | null,
): Omit<Shaped, 'shaped'> & { readonly shaped?: ShapedCaption } {
  return shape === null ? answer : { ...answer, shaped: shapeCaption(answer.text, shape, { cutOff: isCutOff(answer.finish) }) }
}

/** Passes the events of an answer on, the last one with the text in a shape, and tells the notices about that. */
export async function* shapedEvents(events: AsyncIterable<EngineEvent>, shape: CaptionShape | null): AsyncGenerator<EngineEvent, void> {
  for await (const event of events) {
    if (event.kind !== 'done') {
      yield event
      continue
    }
    const answer = shapedAnswer(event.answer, shape)
    for (const text of answer.shaped?.notices ?? []) yield { kind: 'notice', text }
    yield { kind: 'done', answer }
  }
}

/** The text of an answer that is passed on: the shaped one if a shape was wanted. */
export function captionOf(text: string, shaped: ShapedCaption | undefined): string {
  return shaped?.text ?? text
}

/** @param finish as the engine or a server reports it */
export function isCutOff(finish: string): boolean {
  return finish === 'length' || finish === 'repetition' || finish === 'aborted'
}
