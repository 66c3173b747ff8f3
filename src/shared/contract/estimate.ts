import { type } from '@orpc/contract'
import { z } from 'zod'
import type { Estimate } from '../estimate.ts'
import { askSettingsSchema } from './asking.ts'
import { idSchema, procedure } from './base.ts'

export const estimateContract = {
  /**
   * The cost of asking about a clip with these settings; of a first question, or of the next one in a chat. Until the model is loaded, text is
   * counted by its length, and where a GPU may hold a part of the model its memory is not known.
   */
  cost: procedure
    .input(
      z.object({
        handle: idSchema,
        chat: idSchema.optional(),
        text: z.string().max(100_000).optional(),
        settings: askSettingsSchema.default({}),
      }),
    )
    .output(type<Estimate>()),
}
