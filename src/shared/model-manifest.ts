import { z } from 'zod'

/** A plain file name inside the model's folder: no separators, no parent, nothing hidden. */
const fileName = z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9._-]*$/, 'must be a plain file name inside the model folder')
const sha256 = z.string().regex(/^[0-9a-f]{64}$/)
/** `cosine` is the mean similarity of all rows, `worst` the lowest similarity of a row; 1 means equal. */
const towerError = z
  .object({ clips: z.int().positive(), rows: z.int().positive(), cosine: z.number().min(-1).max(1), worst: z.number().min(-1).max(1) })
  .strict()
const triple = z.tuple([z.number(), z.number(), z.number()])
const positiveTriple = z.tuple([z.number().positive(), z.number().positive(), z.number().positive()])
/** More than any model has, and small enough to limit what is allocated for it, because manifests come from untrusted sources. */
const width = z.int().positive().max(65_536)
const side = z.int().positive().max(8192)
const pixels = z.int().max(2 ** 28)
const leastPixels = z
  .int()
  .min(0)
  .max(2 ** 24)
/** Pixels of several frames together. */
const sumOfPixels = z.int().max(2 ** 36)

export const visionPrecisions = ['f32', 'f16', 'int8', 'int4'] as const
export const languagePrecisions = ['f32', 'f16', 'q8_0', 'q6_k', 'q5_k_m', 'q4_k_m'] as const
export type VisionPrecision = (typeof visionPrecisions)[number]
export type LanguagePrecision = (typeof languagePrecisions)[number]

/** Version of the manifest's format. Manifests of other versions are rejected. */
export const MANIFEST_VERSION = 1
export const MANIFEST_FILE = 'tarsier-model.json'

/** Maximum length of a chat template in characters. The longest published ones, with tools and reasoning, have about 30,000. */
export const MAX_TEMPLATE = 256 * 1024
/** Prompt for a description. */
export const describeSchema = z.string().min(1).max(10_000)

const modelFile = { file: fileName, sha256, bytes: z.int().positive() }
const visionFile = {
  ...modelFile,
  precision: z.enum(visionPrecisions),
  /** File with external weights, if the graph would exceed protobuf's limit of 2 GiB. */
  data: z.object(modelFile).strict().optional(),
  /** Similarity of its rows to those of the same tower in f32, for frames of the example clips; measured during the import. */
  error: towerError.optional(),
  /** Width of its output rows; equals `language.width`. */
  width,
  patchSize: z.int().positive().max(256),
  /** Patches along each side of a visual token. */
  mergeSize: z.int().positive().max(16),
}

/**
 * `repeats`: whether `uniform` repeats frames of clips that have fewer frames than requested. Defaults to `byDefault`. `maxFrames`: the most frames of a
 * clip that the model was trained for. Without it, only the context and the memory limit them. `multipleOf` and `perSecond`: a count of several frames is a
 * multiple of the one, and per second of the clip at most the other. `roundedStep`: `uniform` rounds the distance of two frames before it multiplies it.
 */
const samplerOf = (byDefault: boolean) =>
  z
    .object({
      kind: z.enum(['uniform', 'middle']),
      frames: z.int().positive(),
      maxFrames: z.int().positive().optional(),
      repeats: z.boolean().default(byDefault),
      multipleOf: z.int().positive().max(16).optional(),
      perSecond: z.number().positive().optional(),
      roundedStep: z.boolean().optional(),
    })
    .strict()
    .refine(({ frames, maxFrames }) => maxFrames === undefined || frames <= maxFrames, {
      path: ['frames'],
      message: 'is greater than maxFrames',
    })

const prompt = z
  .object({
    /** The checkpoint's chat template (Jinja), or Tarsier's if it has none. */
    template: z.string().max(MAX_TEMPLATE, `is longer than the maximum of ${MAX_TEMPLATE} characters`),
    /** Placeholder for a clip in the rendered template, such as `<|vision_start|><|video_pad|><|vision_end|>`. The pad is replaced by the frames' embeddings. */
    videoPad: z.string().min(1).max(256),
    describe: describeSchema,
    /** Whether a SentencePiece tokenizer adds its space only before the first text of the prompt, not after every control token and clip. Defaults to false. */
    spaceOnce: z.boolean().optional(),
    /** Whether that space is omitted before a text that begins with a space. Defaults to false. */
    spaceUnlessGiven: z.boolean().optional(),
  })
  .strict()

/** Prompt for the description of an image. Defaults to `prompt.describe`. */
const describePicture = describeSchema

/** A ready question with a short name. */
export const presetSchema = z.object({ name: z.string().trim().min(1).max(100), text: z.string().trim().min(1).max(100_000) }).strict()
export type Preset = z.infer<typeof presetSchema>

const common = {
  formatVersion: z.literal(MANIFEST_VERSION),
  name: z.string().min(1).max(128),
  /** One sentence that is shown with the name of the model, such as the limits of the demo model. */
  summary: z.string().default(''),
  /** What the model recognizes if that is not any video, such as "drawn moving shapes". Shown with its answers. */
  recognizesOnly: z.string().trim().min(1).max(100).optional(),
  /** Whether it works on texts without a clip, such as summarizing them. Defaults to true; the demo model cannot. */
  textTasks: z.boolean().optional(),
  /** Ready questions that suit the model. Without them, the page offers general ones. */
  prompts: z.array(presetSchema).min(1).max(50).optional(),
  licence: z.string().default('unknown'),
  /** `adapter`: name of the folder of a LoRA adapter that was merged into the weights. */
  source: z.object({ repository: z.string(), revision: z.string().nullable(), adapter: z.string().optional() }).strict(),
  language: z
    .object({
      ...modelFile,
      /** `other`: a GGUF file that was imported unchanged, in a precision that the importer does not write. */
      precision: z.enum([...languagePrecisions, 'other']),
      /** Width of its input embeddings. */
      width,
      /** Maximum number of tokens in training. */
      context: z.int().positive(),
    })
    .strict(),
  /** Maximum number of tokens in a conversation: the value that the model's authors use (16384 for Tarsier2). */
  maxSequence: z.int().positive(),
  generation: z.object({ maxTokens: z.int().positive(), temperature: z.number().min(0), topP: z.number().gt(0).max(1) }).strict(),
}

/** What the towers of all families have in common whose frames may have any size. */
const patchTower = {
  ...visionFile,
  /** Frames of a patch in time: a frame that is repeated, or different ones that the tower sees together. */
  temporalPatchSize: z.int().positive().max(16),
  /** Size of one attention head. The rotary tables of the graph have half this width. */
  headSize: z.int().positive().multipleOf(4).max(1024),
} as const

/** What these families do to pictures. */
const pictureInput = {
  mean: triple,
  std: positiveTriple,
  /** Limits of the image processor. For Tarsier2 also those of the frames of a clip. */
  minPixels: leastPixels,
  maxPixels: pixels.positive(),
} as const

const isOrdered = ({ minPixels, maxPixels }: { readonly minPixels: number; readonly maxPixels: number }) => minPixels <= maxPixels
const notOrdered = { path: ['minPixels'], message: 'is greater than maxPixels' }

/** Tarsier2 and Qwen2-VL: frames of any size, divided into patches. Numbers of pixels refer to one frame unless stated otherwise. */
const tarsier2Schema = z
  .object({
    ...common,
    family: z.literal('tarsier2'),
    sampler: samplerOf(false),
    prompt: prompt.extend({ describePicture: describePicture.optional() }),
    vision: z.object(patchTower).strict(),
    preprocessing: z
      .object({
        ...pictureInput,
        /** Limit of the first resize (460800 in Tarsier2's configuration). */
        frameMaxPixels: pixels.positive(),
        /** Pixels of all frames of a clip, including duplicates (128*384*384 for Tarsier2). */
        clipMaxPixels: sumOfPixels.positive(),
      })
      .strict()
      .refine(isOrdered, notOrdered),
  })
  .strict()

/** What the towers of Qwen2.5-VL and Qwen3-VL have in common. */
const sliceTower = {
  ...patchTower,
  heads: z.int().positive().max(1024),
  feedForward: width,
} as const

/** Qwen2.5-VL: frames of any size, two of which the tower sees together, with positions by their time. Numbers of pixels refer to one frame unless stated otherwise. */
const qwen25VlSchema = z
  .object({
    ...common,
    family: z.literal('qwen2.5-vl'),
    sampler: samplerOf(false),
    prompt: prompt.extend({ describePicture: describePicture.optional() }),
    vision: z
      .object({
        ...sliceTower,
        /** Patches along each side of a window of attention. */
        window: side,
        /** Positions in time per second of a clip. */
        positionsPerSecond: z.number().positive().max(1000),
      })
      .strict(),
    preprocessing: z
      .object({
        ...pictureInput,
        /** Limits of a frame of a clip with several. */
        frameMinPixels: leastPixels,
        frameMaxPixels: pixels.positive(),
        /** Pixels of all slices of a clip, each counted once. */
        clipMaxPixels: sumOfPixels.positive(),
      })
      .strict()
      .refine(isOrdered, notOrdered),
  })
  .strict()

/** Qwen3-VL: as Qwen2.5-VL, but the prompt tells the time of each slice, and rows have further embeddings for the first layers of the language model. */
const qwen3VlSchema = z
  .object({
    ...common,
    family: z.literal('qwen3-vl'),
    sampler: samplerOf(false),
    prompt: prompt.extend({ describePicture: describePicture.optional() }),
    vision: z
      .object({
        ...sliceTower,
        /** Learned positions along each side, which are stretched over the patches of a frame. */
        positionsSide: side,
      })
      .strict(),
    preprocessing: z
      .object({
        ...pictureInput,
        /** Limit of a frame of a clip. Defaults to none besides that of the clip. */
        frameMaxPixels: pixels.positive().optional(),
        /** Limits of all frames of a clip together. */
        clipMinPixels: sumOfPixels.min(0),
        clipMaxPixels: sumOfPixels.positive(),
      })
      .strict()
      .refine(isOrdered, notOrdered)
      .refine(({ clipMinPixels, clipMaxPixels }) => clipMinPixels <= clipMaxPixels, {
        path: ['clipMinPixels'],
        message: 'is greater than clipMaxPixels',
      }),
  })
  .strict()

/** Tarsier version 1, and LLaVA, on which it is based: frames of one square size. */
const tarsierSchema = z
  .object({
    ...common,
    family: z.literal('tarsier'),
    sampler: samplerOf(true),
    prompt: prompt.extend({ describePicture: describePicture.default('Describe the image in detail.') }),
    vision: z
      .object({
        ...visionFile,
        /** Side of its input images in pixels. */
        imageSize: side,
        /** Additional output rows: that of the class token at the start, a separator after every row of tokens, and one after the frame. */
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
         * How a frame becomes square: stretched to a square of its longer side, padded to this square with the mean colour, or cropped by the image
         * processor.
         */
        square: z.enum(['stretch', 'pad', 'crop']),
        /** Pixels of the shorter side after the image processor's resize. The centre is then cropped to `imageSize`. */
        shortestSide: side,
      })
      .strict(),
  })
  .strict()

/** `tarsier-model.json`: everything that preprocessing and prompts depend on, so that no code depends on a particular model. */
export const modelManifestSchema = z.discriminatedUnion('family', [tarsier2Schema, qwen25VlSchema, qwen3VlSchema, tarsierSchema])
export type ModelManifest = z.infer<typeof modelManifestSchema>
/** Name of a family of models in manifests and the catalogue. */
export type FamilyName = ModelManifest['family']
export const familyNames: readonly FamilyName[] = modelManifestSchema.options.flatMap(({ shape }) => [...shape.family.values])
export type Tarsier2Manifest = z.infer<typeof tarsier2Schema>
export type Qwen25VlManifest = z.infer<typeof qwen25VlSchema>
export type Qwen3VlManifest = z.infer<typeof qwen3VlSchema>
export type TarsierManifest = z.infer<typeof tarsierSchema>
