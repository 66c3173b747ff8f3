/** A file of the GPU pack on this machine. */
export interface GpuPackPart {
  /** What it computes on the GPU. */
  readonly use: 'language' | 'vision'
  readonly name: string
  readonly version: string
  /** Size of the download, in bytes. */
  readonly bytes: number
  /** Size on the disk, in bytes. */
  readonly unpacked: number
  /** Checksum of the download: type and value in base64, as npm writes it. */
  readonly integrity: string
  /** `included`: this installation has it without the pack. */
  readonly state: 'installed' | 'included' | 'missing'
}

/** The CUDA parts of llama.cpp and ONNX Runtime, which are installed on request. */
export interface GpuPackStatus {
  /** Whether an NVIDIA GPU and its driver were found. */
  readonly card: boolean
  /** Empty if there is no pack for this system. */
  readonly parts: readonly GpuPackPart[]
  readonly folder: string
  /** Why the pack cannot be used on this machine, in sentences; null if nothing speaks against it. */
  readonly problem: string | null
}

/** Bytes that are still to be downloaded, and that they take on the disk. */
export function missingBytes({ parts }: Pick<GpuPackStatus, 'parts'>): { readonly download: number; readonly disk: number } {
  const missing = parts.filter(({ state }) => state === 'missing')
  return {
    download: missing.reduce((sum, { bytes }) => sum + bytes, 0),
    disk: missing.reduce((sum, { unpacked }) => sum + unpacked, 0),
  }
}
