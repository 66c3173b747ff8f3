import { noRewriter } from '../../engine/rewriting/rewriter.ts'
import { type CaptionShape, isRewriting } from '../../shared/shaping/caption-shape.ts'
import { shapeCaption } from '../../shared/shaping/shape-caption.ts'
import { isCutOff } from '../../shared/shaping/shaped-answer.ts'
import type { ModelUnderTest } from './model-under-test.ts'

/** A model on servers whose answers have their text in a shape beside them. The shape is among its settings. Throws `usage` for one that rewrites. */
export async function shapedModel(model: ModelUnderTest, shape: CaptionShape | null): Promise<ModelUnderTest> {
  if (shape === null) return model
  if (isRewriting(shape)) await noRewriter.expectUsable(shape)
  return {
    settings: { ...model.settings, shape },
    async answer(sample, files, signal) {
      const answered = await model.answer(sample, files, signal)
      return { ...answered, shaped: shapeCaption(answered.text, shape, { cutOff: isCutOff(answered.finish) }) }
    },
    [Symbol.asyncDispose]: () => model[Symbol.asyncDispose](),
  }
}
