import { z } from 'zod'

/** A plain file name inside the model's folder: no separators, no parent, nothing hidden. */
const fileName = z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9._-]*$/, 'must be a plain file name inside the model folder')
const sha256 = z.string().regex(/^[0-9a-f]{64}$/)
/** `cosine` is the mean over all rows, `worst` that of the row that came out worst; 1 is equal. */
const towerError = z
  .object({ clips: z.int().positive(), rows: z.int().positive(), cosine: z.number().min(-1).max(1), worst: z.number().min(-1).max(1) })
  .strict()
const triple = z.tuple([z.number(), z.number(), z.number()])
const positiveTriple = z.tuple([z.number().positive(), z.number().positive(), z.number().positive()])
/** Beyond what any model has, and small enough that nothing which is sized by it takes much: a manifest may come from anybody. */
const width = z.int().positive().max(65_536)
const side = z.int().positive().max(8192)
const pixels = z.int().max(2 ** 28)

export const visionPrecisions = ['f32', 'f16', 'int8', 'int4'] as const
export const languagePrecisions = ['f32', 'f16', 'q8_0', 'q6_k', 'q5_k_m', 'q4_k_m'] as const
export type VisionPrecision = (typeof visionPrecisions)[number]
export type LanguagePrecision = (typeof languagePrecisions)[number]

/** The manifest's own version; a reader refuses what it does not know. */
export const MANIFEST_VERSION = 1
export const MANIFEST_FILE = 'tarsier-model.json'

/** Longest chat template, in characters. The longest that are published, with tools and thinking in them, have some 30,000. */
export const MAX_TEMPLATE = 256 * 1024
const MAX_DESCRIBE = 10_000

const modelFile = { file: fileName, sha256, bytes: z.int().positive() }
const visionFile = {
  ...modelFile,
  precision: z.enum(visionPrecisions),
  /** External weights beside the graph, when the graph alone would pass protobuf's 2 GiB. */
  data: z.object(modelFile).strict().optional(),
  /** How close its rows are to those of the same tower in f32, over frames of the example clips; measured at the import. */
  error: towerError.optional(),
  /** Width of the rows it gives; equals `language.width`. */
  width,
  patchSize: z.int().positive().max(256),
  /** Patches along each side of a visual token. */
  mergeSize: z.int().positive().max(16),
}

/** `repeats` tells whether clips with fewer frames than `uniform` takes give some of them more than once; `byDefault` where that is not said. */
const samplerOf = (byDefault: boolean) =>
  z.object({ kind: z.enum(['uniform', 'middle']), frames: z.int().positive(), repeats: z.boolean().default(byDefault) }).strict()

const prompt = z
  .object({
    /** The checkpoint's own chat template (Jinja), or Tarsier's where it has none. */
    template: z.string().max(MAX_TEMPLATE, `is longer than the maximum of ${MAX_TEMPLATE} characters`),
    /** What stands for a clip in the rendered template, e.g. `<|vision_start|><|video_pad|><|vision_end|>`: the pad is replaced by the frames' embeddings. */
    videoPad: z.string().min(1).max(256),
    describe: z.string().min(1).max(MAX_DESCRIBE),
    /** Whether a SentencePiece tokenizer puts its space before the prompt's first text only, not after every control token and clip. Defaults to false. */
    spaceOnce: z.boolean().optional(),
    /** Whether that space is left out before a text that begins with one. Defaults to false. */
    spaceUnlessGiven: z.boolean().optional(),
  })
  .strict()

/** `prompt.describe` for a still picture; where it is absent, the same. */
const describePicture = z.string().min(1).max(MAX_DESCRIBE)

const common = {
  formatVersion: z.literal(MANIFEST_VERSION),
  name: z.string().min(1).max(128),
  /** One plain sentence shown wherever the model is named; the demo model says here that it knows only moving shapes. */
  summary: z.string().default(''),
  licence: z.string().default('unknown'),
  /** `adapter` is the name of the folder of one that was merged into the weights. */
  source: z.object({ repository: z.string(), revision: z.string().nullable(), adapter: z.string().optional() }).strict(),
  language: z
    .object({
      ...modelFile,
      /** `other` is that of a GGUF that was brought in as it is, and that we would not write. */
      precision: z.enum([...languagePrecisions, 'other']),
      /** Width of the embeddings it takes. */
      width,
      /** Tokens it was trained to hold. */
      context: z.int().positive(),
    })
    .strict(),
  /** Greatest sequence the model's makers use (16384 in Tarsier2's); a conversation holds no more. */
  maxSequence: z.int().positive(),
  generation: z.object({ maxTokens: z.int().positive(), temperature: z.number().min(0), topP: z.number().gt(0).max(1) }).strict(),
}

/** Tarsier2, Qwen2-VL itself: frames of any size, cut into patches. Pixels are those of a single frame unless said otherwise. */
const tarsier2Schema = z
  .object({
    ...common,
    family: z.literal('tarsier2'),
    sampler: samplerOf(false),
    prompt: prompt.extend({ describePicture: describePicture.optional() }),
    vision: z
      .object({
        ...visionFile,
        temporalPatchSize: z.int().positive().max(16),
        /** Size of one attention head: the rotary tables given to the graph are half this wide. */
        headSize: z.int().positive().multipleOf(4).max(1024),
      })
      .strict(),
    preprocessing: z
      .object({
        mean: triple,
        std: positiveTriple,
        /** The checkpoint's image processor: smart_resize limits. */
        minPixels: z
          .int()
          .min(0)
          .max(2 ** 24),
        maxPixels: pixels.positive(),
        /** The first resize's own limit (460800 in Tarsier2's configuration). */
        frameMaxPixels: pixels.positive(),
        /** Pixels over all frames of a clip, duplicates counted (128*384*384 in Tarsier2's). */
        clipMaxPixels: z
          .int()
          .positive()
          .max(2 ** 36),
      })
      .strict()
      .refine(({ minPixels, maxPixels }) => minPixels <= maxPixels, { path: ['minPixels'], message: 'is greater than maxPixels' }),
  })
  .strict()

/** Tarsier of version 1, and LLaVA that it was made of: frames of one square size. */
const tarsierSchema = z
  .object({
    ...common,
    family: z.literal('tarsier'),
    sampler: samplerOf(true),
    prompt: prompt.extend({ describePicture: describePicture.default('Describe the image in detail.') }),
    vision: z
      .object({
        ...visionFile,
        /** Side of the pictures it takes. */
        imageSize: side,
        /** Which rows it gives beside those of the visual tokens: the class token's first, one after every row of tokens, one after the frame. */
        classToken: z.boolean(),
        rowSeparators: z.boolean(),
        frameSeparator: z.boolean(),
      })
      .strict(),
    preprocessing: z
      .object({
        mean: triple,
        std: positiveTriple,
        /**
         * How a frame becomes square: stretched to a square of its longer side, padded to it with the mean colour, or not at all before
         * the image processor crops it.
         */
        square: z.enum(['stretch', 'pad', 'crop']),
        /** The image processor's: pixels of the shorter side after its resize; the middle is cropped to `imageSize`. */
        shortestSide: side,
      })
      .strict(),
  })
  .strict()

/** `tarsier-model.json`: everything preprocessing and prompting need, so that no code asks which model it is beyond its family's tower. */
export const modelManifestSchema = z.discriminatedUnion('family', [tarsier2Schema, tarsierSchema])
export type ModelManifest = z.infer<typeof modelManifestSchema>
export type Tarsier2Manifest = z.infer<typeof tarsier2Schema>
export type TarsierManifest = z.infer<typeof tarsierSchema>
