import type { ModelManifest, Preset, VisionPrecision } from '../../shared/model-manifest.ts'
import type { WrittenPrecision } from '../formats/gguf/gguf-format.ts'
import type { GgufContent } from '../formats/gguf/gguf-writer.ts'
import type { GraphFiles } from '../formats/onnx/onnx-graph.ts'

export interface TowerWriteOptions {
  /** Storage precision of the weights. Computation always uses 32 bits. */
  readonly precision: VisionPrecision
  /** Whether the files are flushed to disk, which temporary ones do not need. Defaults to true. */
  readonly durable?: boolean
  /** An existing folder, which must not contain the files yet. */
  readonly directory: string
  /** The graph's file name without a path; weights that do not fit into it are written to `fileName` + `.data`. */
  readonly fileName: string
  readonly signal: AbortSignal
  /** Receives values from 0 to 1. */
  readonly onProgress?: (value: number) => void
}

type FileMetadata = 'file' | 'precision' | 'sha256' | 'bytes' | 'data' | 'error'
/** `Omit` for each member of a union. */
type OmitEach<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never

/** A language model to be written from a checkpoint's tensors. */
export interface WrittenLanguage {
  content(precision: WrittenPrecision, signal: AbortSignal): GgufContent
}

/** An existing GGUF file of a language model, used unchanged; its header is already validated. */
export interface GivenLanguage {
  readonly given: { readonly path: string; readonly bytes: number; readonly precision: ModelManifest['language']['precision'] }
}

/** Everything that an import has to write, as a model family derives it from the source; validated as far as possible before writing. */
export interface ModelParts {
  /** The manifest without its files. */
  readonly manifest: OmitEach<ModelManifest, 'language' | 'vision'>
  readonly language: { readonly metadata: Omit<ModelManifest['language'], FileMetadata> } & (WrittenLanguage | GivenLanguage)
  readonly tower: {
    readonly metadata: OmitEach<ModelManifest['vision'], FileMetadata>
    /** Approximate size of the files in bytes. */
    bytes(precision: VisionPrecision): number
    write(options: TowerWriteOptions): Promise<GraphFiles>
  }
}

/** Properties of a model that the user specifies. */
export interface ModelOptions {
  readonly name: string
  /** One sentence, displayed with the model's name. Defaults to none. */
  readonly summary?: string
  /** Defaults to the licence in the checkpoint's model card. */
  readonly licence?: string
  /** Default number of frames per clip. Defaults to the family's number. */
  readonly frames?: number
  /** Prompt for the description of a clip. Defaults to the family's. */
  readonly describe?: string
  /** Maximum number of pixels of a frame of a clip. Defaults to the family's; families whose frames have one size ignore it. */
  readonly frameMaxPixels?: number
  /** Maximum number of tokens of an answer. Defaults to the family's number. */
  readonly maxTokens?: number
  /** Maximum number of frames per clip. Defaults to none. */
  readonly maxFrames?: number
  /** See the manifest's `recognizesOnly`. Left out by default. */
  readonly recognizesOnly?: string
  /** See the manifest's `textTasks`. Left out by default. */
  readonly textTasks?: boolean
  /** Ready questions that suit the model. Left out by default. */
  readonly prompts?: readonly Preset[]
  /** Chat template (Jinja) that replaces the source's own, which may then be missing. */
  readonly template?: string | undefined
}
