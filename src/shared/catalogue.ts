import { z } from 'zod'

const count = z.int().positive()

/** What sizes and memory are computed from; see src/engine/estimate/catalogue-memory.ts. */
const languageShape = z
  .object({
    layers: count,
    width: count,
    feedForward: count,
    heads: count,
    keyValueHeads: count,
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
    patchSize: count,
    /** Input width and output width of every linear layer between the last block and the language model. */
    projector: z.array(z.tuple([count, count])).min(1),
  })
  .strict()

/** How many visual tokens a frame becomes. */
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
    /** What it may be called instead of its repository. */
    name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/),
    repository: z.string().regex(/^[A-Za-z0-9._-]+\/[A-Za-z0-9._-]+$/),
    family: z.enum(['tarsier2', 'tarsier']),
    /** One sentence on what it is good for. */
    summary: z.string().min(1),
    /** `note` says what is not certain about it. */
    licence: z.object({ name: z.string().min(1), note: z.string().optional() }).strict(),
    download: z.object({ bytes: count, approximate: z.boolean() }).strict(),
    language: languageShape,
    vision: visionShape,
    frames: frameShape,
  })
  .strict()

export const catalogueSchema = z.array(catalogueEntrySchema).min(1)

export type CatalogueEntry = z.infer<typeof catalogueEntrySchema>
