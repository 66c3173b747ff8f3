import { basename } from 'node:path'
import koffi from 'koffi'
import { getLlama, type Llama, LlamaLogLevel } from 'node-llama-cpp'

const types = { f32: 0, f16: 1, q8_0: 8 } as const

/** ggml's own conversions, from the library that node-llama-cpp ships. */
export class GgmlBase {
  readonly #llama: Llama
  readonly #quantizeChunk: ReturnType<ReturnType<typeof koffi.load>['func']>

  private constructor(llama: Llama, path: string) {
    this.#llama = llama
    this.#quantizeChunk = koffi
      .load(path)
      .func(
        'size_t ggml_quantize_chunk(int type, const float *src, _Out_ uint8_t *dst, int64_t start, int64_t rows, int64_t columns, const float *imatrix)',
      )
  }

  static async open(): Promise<GgmlBase> {
    const llama = await getLlama({ gpu: false, build: 'never', skipDownload: true, progressLogs: false, logLevel: LlamaLogLevel.error })
    const { sharedObjects } = process.report.getReport() as unknown as { sharedObjects: string[] }
    const path = sharedObjects.find((candidate) => /^(lib)?ggml-base\./.test(basename(candidate)))
    if (path === undefined) throw new Error('libggml-base is not among the mapped libraries')
    return new GgmlBase(llama, path)
  }

  /** Converts numbers, a whole number of blocks, to another type. */
  quantize(values: Float32Array, type: keyof typeof types): Buffer {
    if (type === 'f32') return Buffer.from(values.buffer, values.byteOffset, values.byteLength)
    const bytes = Buffer.alloc(type === 'f16' ? values.length * 2 : (values.length / 32) * 34)
    const written: unknown = this.#quantizeChunk(types[type], values, bytes, 0, 1, values.length, null)
    if (Number(written) !== bytes.byteLength) throw new Error(`ggml wrote ${String(written)} bytes instead of ${bytes.byteLength}`)
    return bytes
  }

  async close(): Promise<void> {
    await this.#llama.dispose()
  }
}
