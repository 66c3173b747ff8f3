import type { ModelManifest } from '../../shared/model-manifest.ts'
import type { GgufPairFiles } from '../checkpoint/gguf-pair-files.ts'
import type { WrittenMmproj } from '../checkpoint/mmproj-content.ts'
import type { ModelOptions, ModelParts } from '../checkpoint/model-parts.ts'
import type { GraphWeights } from '../formats/onnx/graph-weights.ts'
import type { TensorSource } from '../formats/tensor-source.ts'
import type { TowerForm } from '../vision/tower-form.ts'

/** Interface between the engine and a family of models. All other family-specific code stays in the family's folder. */
export interface ModelFamily<Manifest extends ModelManifest = ModelManifest> {
  /** How the tower processes frames: sizes, preprocessing, tokens and additional inputs of the graph. */
  towerForm(manifest: Manifest): TowerForm
  costs(manifest: Manifest): FamilyCosts
  /** Pixel budget of all frames of a clip together; null if the family has no such limit. */
  clipPixels(manifest: Manifest): number | null
  /** The kinds of config.json that it accepts, for error messages. */
  readonly accepted: string
  /** Whether a config.json belongs to this family. */
  isConfig(config: unknown): boolean
  /** Reads a checkpoint folder. `config` is its config.json. Throws `model-unsupported`, `model-damaged`, `model-mismatch`. */
  readParts(directory: string, config: unknown, source: TensorSource, options: ModelOptions): Promise<ModelParts>
  /** Its pairs of llama.cpp files. */
  readonly pair: FamilyPair<Manifest>
  /** The form in which other programs load its checkpoints; null if they load them as they are. */
  readonly published: PublishedForm | null
}

/** A form of checkpoints that other programs load. */
export interface PublishedForm {
  /** Name of the form, such as `qwen2-vl`. */
  readonly name: string
  /** Reads what the form contains from a checkpoint folder. Throws `model-unsupported` for other families, and `model-damaged`. */
  read(directory: string, source: TensorSource): Promise<PublishedCheckpoint>
}

export interface PublishedCheckpoint {
  readonly tensors: readonly PublishedTensor[]
  /** Contents of JSON files, by file name. */
  readonly files: Readonly<Record<string, unknown>>
  /** Chat template in Jinja. */
  readonly template: string
}

/** A tensor of a checkpoint with its published name. */
export interface PublishedTensor {
  readonly from: string
  readonly name: string
}

/** Values for the memory estimate that are not in the manifest. */
export interface FamilyCosts {
  readonly tower: { readonly width: number; readonly heads: number; readonly feedForward: number }
  /** Whether frames can be shrunk. */
  readonly shrinks: boolean
}

/** How a pair of llama.cpp files is read and written: the language model's GGUF and its mmproj. */
export interface FamilyPair<Manifest extends ModelManifest = ModelManifest> {
  /** llama.cpp's name of the projector between tower and language model. */
  readonly projector: string
  /** The accepted models, for error messages. */
  readonly accepted: string
  /** Whether a language model of this architecture is supported. */
  takes(architecture: string): boolean
  /** Throws `model-unsupported`, `model-mismatch`, `model-damaged`. */
  read(files: GgufPairFiles, options: ModelOptions): Pick<ModelParts, 'manifest' | 'tower'>
  /** Describes an installed model's tower as an mmproj file, from the weights of its graph. Throws `model-unsupported`, `model-damaged`. */
  write(manifest: Manifest, weights: GraphWeights): WrittenMmproj
}
