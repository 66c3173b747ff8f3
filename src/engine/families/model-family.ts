import type { ModelManifest } from '../../shared/model-manifest.ts'
import type { GgufPairFiles } from '../checkpoint/gguf-pair-files.ts'
import type { ModelParts, ModelWishes } from '../checkpoint/model-parts.ts'
import type { TensorSource } from '../formats/tensor-source.ts'
import type { TowerForm } from '../vision/tower-form.ts'

/** What the engine asks of a family of models. Everything else about it stays in the family's own folder. */
export interface ModelFamily<Manifest extends ModelManifest = ModelManifest> {
  /** How its tower sees frames: their size, preparation, tokens, and the graph's further inputs. */
  towerForm(manifest: Manifest): TowerForm
  costs(manifest: Manifest): FamilyCosts
  /** Pixels that all frames of a clip may have together; null where each has a size of its own. */
  clipPixels(manifest: Manifest): number | null
  /** Whether a checkpoint's config.json is one of this family. */
  isConfig(config: unknown): boolean
  /**
   * Reads a checkpoint folder. `config` is its config.json.
   * Throws `model-unsupported`, `model-damaged`, `model-mismatch`.
   */
  readParts(directory: string, config: unknown, source: TensorSource, wishes: ModelWishes): Promise<ModelParts>
  readonly pair: FamilyPair
}

/** What the memory of a run is computed from that the manifest does not say. */
export interface FamilyCosts {
  readonly tower: { readonly width: number; readonly heads: number; readonly feedForward: number }
  /** Whether frames can be brought to fewer pixels. */
  readonly shrinks: boolean
}

/** How llama.cpp's two files of such a model are taken: the language model's GGUF and its mmproj. */
export interface FamilyPair {
  /** llama.cpp's name of what stands between tower and language model. */
  readonly projector: string
  /** What is accepted, for errors. */
  readonly accepted: string
  /** Whether it goes with a language model of this architecture. */
  takes(architecture: string): boolean
  /** Throws `model-unsupported`, `model-mismatch`, `model-damaged`. */
  read(files: GgufPairFiles, wishes: ModelWishes): Pick<ModelParts, 'manifest' | 'tower'>
}
