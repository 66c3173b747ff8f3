/** Element types of safetensors that checkpoints of ours hold. */
export type CheckpointDtype = 'F32' | 'F16' | 'BF16'

export interface TensorInfo {
  readonly name: string
  readonly dtype: CheckpointDtype
  readonly shape: readonly number[]
  readonly bytes: number
}

/** The tensors of a checkpoint folder, over one file or many shards. Lengths were checked against the files when it was opened. */
export interface TensorSource extends AsyncDisposable {
  readonly names: readonly string[]
  has(name: string): boolean
  /** Throws `model-damaged` when there is no such tensor. */
  info(name: string): TensorInfo
  /** The stored bytes, little-endian; for tensors small enough to hold. */
  bytes(name: string): Promise<Uint8Array>
  /**
   * The stored bytes in pieces of at most `pieceBytes` (a multiple of 4), for tensors that are not. A piece keeps its contents until the
   * second one after it is asked for: the memory is used again.
   */
  stream(name: string, pieceBytes?: number): AsyncIterable<Uint8Array>
  /** As 32-bit floats. */
  floats(name: string): Promise<Float32Array>
}
