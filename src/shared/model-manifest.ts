import { z } from 'zod'

/** A plain file name inside the model's folder: no separators, no parent, nothing hidden. */
const fileName = z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9._-]*$/, 'must be a plain file name inside the model folder')
const sha256 = z.string().regex(/^[0-9a-f]{64}$/)
/** `cosine` is the mean over all rows, `worst` that of the row that came out worst; 1 is equal. */
const towerError = z
  .object({ clips: z.int().positive(), rows: z.int().positive(), cosine: z.number().min(-1).max(1), worst: z.number().min(-1).max(1) })
  .strict()
const triple = z.tuple([z.number(), z.number(), z.number()])

export const visionPrecisions = ['f32', 'f16', 'int8', 'int4'] as const
export const languagePrecisions = ['f32', 'f16', 'q8_0', 'q6_k', 'q5_k_m', 'q4_k_m'] as const
export type VisionPrecision = (typeof visionPrecisions)[number]
export type LanguagePrecision = (typeof languagePrecisions)[number]

/** The manifest's own version; a reader refuses what it does not know. */
export const MANIFEST_VERSION = 1
export const MANIFEST_FILE = 'tarsier-model.json'

/**
 * `tarsier-model.json`: everything preprocessing and prompting need, so that no code asks which model it is.
 * Pixels counts are of a single frame unless said otherwise.
 */
export const modelManifestSchema = z
  .object({
    formatVersion: z.literal(MANIFEST_VERSION),
    family: z.enum(['tarsier2']),
    name: z.string().min(1).max(128),
    /** One plain sentence shown wherever the model is named; the demo model says here that it knows only moving shapes. */
    summary: z.string().default(''),
    licence: z.string().default('unknown'),
    source: z.object({ repository: z.string(), revision: z.string().nullable() }).strict(),
    language: z
      .object({
        file: fileName,
        precision: z.enum(languagePrecisions),
        sha256,
        bytes: z.int().positive(),
        /** Width of the embeddings it takes. */
        width: z.int().positive(),
        /** Tokens it was trained to hold. */
        context: z.int().positive(),
      })
      .strict(),
    vision: z
      .object({
        file: fileName,
        precision: z.enum(visionPrecisions),
        sha256,
        bytes: z.int().positive(),
        /** External weights beside the graph, when the graph alone would pass protobuf's 2 GiB. */
        data: z.object({ file: fileName, sha256, bytes: z.int().positive() }).strict().optional(),
        /** How close its rows are to those of the same tower in f32, over frames of the example clips; measured at the import. */
        error: towerError.optional(),
        /** Width of the rows it gives; equals `language.width`. */
        width: z.int().positive(),
        patchSize: z.int().positive(),
        mergeSize: z.int().positive(),
        temporalPatchSize: z.int().positive(),
        /** Size of one attention head: the rotary tables given to the graph are half this wide. */
        headSize: z.int().positive(),
      })
      .strict(),
    preprocessing: z
      .object({
        mean: triple,
        std: triple,
        /** The checkpoint's image processor: smart_resize limits. */
        minPixels: z.int().min(0),
        maxPixels: z.int().positive(),
        /** The first resize's own limit (460800 in Tarsier2's configuration). */
        frameMaxPixels: z.int().positive(),
        /** Pixels over all frames of a clip, duplicates counted (128*384*384 in Tarsier2's). */
        clipMaxPixels: z.int().positive(),
      })
      .strict(),
    sampler: z.object({ kind: z.enum(['uniform', 'middle']), frames: z.int().positive() }).strict(),
    prompt: z
      .object({
        /** The checkpoint's own chat template (Jinja). */
        template: z.string(),
        /** What stands for a clip in the rendered template, e.g. `<|vision_start|><|video_pad|><|vision_end|>`: the pad is replaced by the frames' embeddings. */
        videoPad: z.string().min(1),
        describe: z.string().min(1),
      })
      .strict(),
    /** Greatest sequence the model's makers use (16384 in Tarsier2's). */
    maxSequence: z.int().positive(),
    generation: z.object({ maxTokens: z.int().positive(), temperature: z.number().min(0), topP: z.number().gt(0).max(1) }).strict(),
  })
  .strict()
export type ModelManifest = z.infer<typeof modelManifestSchema>
