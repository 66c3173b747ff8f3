import { z } from 'zod'
import { familyNames } from './model-manifest.ts'

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

export const catalogueEntrySchema = z
  .object({
    /** Short names for the repository. */
    name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/),
    repository: z.string().regex(/^[A-Za-z0-9._-]+\/[A-Za-z0-9._-]+$/),
    family: z.enum(familyNames),
    /** One sentence on its strengths. */
    summary: z.string().min(1),
    /** `note` states uncertainties about the licence. */
    licence: z.object({ name: z.string().min(1), note: z.string().optional() }).strict(),
    download: z.object({ bytes: count, approximate: z.boolean() }).strict(),
    language: languageShape,
    vision: visionShape,
    frames: frameShape,
  })
  .strict()

export const catalogueSchema = z.array(catalogueEntrySchema).min(1)

export type CatalogueEntry = z.infer<typeof catalogueEntrySchema>
