/** Supported element types of safetensors checkpoints. */
export type CheckpointDtype = 'F32' | 'F16' | 'BF16'

export interface TensorInfo {
  readonly name: string
  readonly dtype: CheckpointDtype
  readonly shape: readonly number[]
  readonly bytes: number
}

/** Tensors of a checkpoint folder, in one file or several shards. Their lengths were checked against the files on opening. */
export interface TensorSource extends AsyncDisposable {
  readonly names: readonly string[]
  has(name: string): boolean
  /** Throws `model-damaged` if the tensor does not exist. */
  info(name: string): TensorInfo
  /** The stored bytes, little-endian; for tensors that fit in memory. */
  bytes(name: string): Promise<Uint8Array>
  /**
   * The stored bytes in chunks of at most `pieceBytes` (a multiple of 4), for large tensors. Buffers are reused: a chunk is valid until the
   * second one after it is requested.
   */
  stream(name: string, pieceBytes?: number): AsyncIterable<Uint8Array>
  /** Converted to 32-bit floats. */
  floats(name: string): Promise<Float32Array>
}
