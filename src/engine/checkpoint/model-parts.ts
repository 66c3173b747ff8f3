import type { ModelManifest, VisionPrecision } from '../../shared/model-manifest.ts'
import type { WrittenPrecision } from '../formats/gguf/gguf-format.ts'
import type { GgufContent } from '../formats/gguf/gguf-writer.ts'
import type { GraphFiles } from '../formats/onnx/onnx-graph.ts'

export interface TowerWriteOptions {
  /** How weights are stored. Arithmetic is in 32 bits either way. */
  readonly precision: VisionPrecision
  /** Of f32: only what 16 bits could hold is stored, so that it computes what f16 does, without being made 32 bits in memory. Defaults to false. */
  readonly rounded?: boolean
  /** An existing folder; the files must not exist in it. */
  readonly directory: string
  /** The graph's plain file name; weights that do not fit inside go to `fileName` + `.data`. */
  readonly fileName: string
  readonly signal: AbortSignal
  /** From 0 to 1. */
  readonly onProgress?: (value: number) => void
}

type FileFacts = 'file' | 'precision' | 'sha256' | 'bytes' | 'data' | 'error'
/** `Omit` of each member of a union. */
type OmitEach<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never

/** A language model that is written from a checkpoint's tensors. */
export interface WrittenLanguage {
  content(precision: WrittenPrecision, signal: AbortSignal): GgufContent
}

/** A language model's GGUF that is taken as it is, its head checked already. */
export interface GivenLanguage {
  readonly given: { readonly path: string; readonly bytes: number; readonly precision: ModelManifest['language']['precision'] }
}

/** What one family of models makes of its source: all that an import has to write, checked as far as it can be before anything is. */
export interface ModelParts {
  /** The manifest but for its files. */
  readonly manifest: OmitEach<ModelManifest, 'language' | 'vision'>
  readonly language: { readonly facts: Omit<ModelManifest['language'], FileFacts> } & (WrittenLanguage | GivenLanguage)
  readonly tower: {
    readonly facts: OmitEach<ModelManifest['vision'], FileFacts>
    /** About how large the files will be. */
    bytes(precision: VisionPrecision): number
    write(options: TowerWriteOptions): Promise<GraphFiles>
  }
}

/** What the user says of a model beside its weights. */
export interface ModelWishes {
  readonly name: string
  /** One sentence shown wherever the model is named. Defaults to none. */
  readonly summary?: string
  /** Defaults to what the checkpoint's card says. */
  readonly licence?: string
  /** Frames a clip gives unless the user says otherwise. Defaults to the family's own number. */
  readonly frames?: number
  /** Chat template (Jinja) instead of the source's own, which may be missing then. */
  readonly template?: string | undefined
}
