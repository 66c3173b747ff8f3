import { z } from 'zod'
import { describeSchema, familyNames, presetSchema } from './model-manifest.ts'

const count = z.int().positive()

/** Shapes from which sizes and memory are computed; see src/engine/estimate/catalogue-memory.ts. */
const languageShape = z
  .object({
    layers: count,
    width: count,
    feedForward: count,
    heads: count,
    keyValueHeads: count,
    /** Size of a head if it is not `width / heads`. */
    headSize: count.optional(),
    vocabulary: count,
    /** Whether the output layer is the embedding table. */
    tied: z.boolean(),
    /** Whether queries, keys and values have biases. */
    biases: z.boolean(),
  })
  .strict()

const visionShape = z
  .object({
    layers: count,
    width: count,
    heads: count,
    feedForward: count,
    /** Whether feed-forward layers have three matrices instead of two. Defaults to false. */
    gated: z.boolean().optional(),
    patchSize: count,
    /** Embeddings in a row besides that of the token, for the first layers of the language model. Defaults to none. */
    deepstack: count.optional(),
    /** Input width and output width of every linear layer between the last block and the language model. */
    projector: z.array(z.tuple([count, count])).min(1),
  })
  .strict()

/** Visual tokens per frame. */
const frameShape = z.discriminatedUnion('kind', [
  /** As many as its pixels are, which shrink where a clip has many frames. Pixels count each frame `copies` times in the clip's budget. */
  z
    .object({
      kind: z.literal('budget'),
      frameMaxPixels: count,
      clipMaxPixels: count,
      copies: count,
      pixelsPerToken: count,
      patchesPerToken: count,
    })
    .strict(),
  z.object({ kind: z.literal('square'), tokens: count, patches: count }).strict(),
])

/** What a model's authors use it with, where that differs from its family; an import puts it into the manifest. */
const defaultsShape = z
  .object({
    /** Prompt for the description of a clip. */
    describe: describeSchema.exactOptional(),
    /** Ready questions. */
    prompts: z.array(presetSchema).min(1).max(50).exactOptional(),
    /** Frames of a clip. */
    frames: count.exactOptional(),
    /** Maximum number of pixels of a frame of a clip. */
    frameMaxPixels: count.exactOptional(),
    /** Maximum number of tokens of an answer. */
    maxTokens: count.exactOptional(),
  })
  .strict()

export const catalogueEntrySchema = z
  .object({
    /** Short names for the repository. */
    name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/),
    repository: z.string().regex(/^[A-Za-z0-9._-]+\/[A-Za-z0-9._-]+$/),
    family: z.enum(familyNames),
    /** One sentence on its strengths. */
    summary: z.string().min(1),
    /** `note` states conditions and uncertainties. `nonCommercial`: no commercial use is allowed, which users have to confirm before a download. */
    licence: z
      .object({ name: z.string().min(1), note: z.string().optional(), nonCommercial: z.literal(true).optional() })
      .strict()
      .refine(({ note, nonCommercial }) => nonCommercial === undefined || note !== undefined, {
        path: ['note'],
        message: 'must say what is allowed',
      }),
    download: z.object({ bytes: count, approximate: z.boolean() }).strict(),
    language: languageShape,
    vision: visionShape,
    frames: frameShape,
    defaults: defaultsShape.optional(),
  })
  .strict()

export const catalogueSchema = z.array(catalogueEntrySchema).min(1)

export type CatalogueEntry = z.infer<typeof catalogueEntrySchema>

/** What users have to know about a checkpoint's licence before they download it. */
export function licenceText({ licence: { name, note } }: Pick<CatalogueEntry, 'licence'>): string {
  return note === undefined ? name : `${name}. ${note}`
}
